import { Api } from '../../judge/api.ts';
import { DEFAULT_COMMAND } from '../../judge/product.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Entry } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import { inLanes } from './lanes.ts';
import { lineOf } from './tables.ts';
import type { TrialReport } from './report.ts';
import { runTrial } from './trial.ts';

/** Incidents on a cluster that runs, with nothing recorded; progress goes to standard error. */
export async function judgeIncidents(
  instance: Instance,
  entries: readonly Entry[],
  seeds: readonly number[],
  sideBySide = 1,
): Promise<(TrialReport & { line: string })[]> {
  await loadImages(instance);
  const api = new Api(instance.kubeconfig);
  const reports: (TrialReport & { line: string })[] = [];
  try {
    await inLanes(entries, seeds, sideBySide, async ({ entry, seed }, alone) => {
      const options = { api, instance, command: DEFAULT_COMMAND, way: 'stratus' as const, undo: true, check: true };
      const report = await runTrial(options, entry, seed, alone);
      const line = lineOf(report);
      process.stderr.write(`  ${line}\n`);
      reports.push({ ...report, line });
    });
  } finally {
    api.close();
  }
  return reports;
}

/** Two incidents for each commit, drawn anew whenever the seed of the sample is raised. */
export async function judgeSample(
  instance: Instance,
  entries: readonly Entry[],
  seed: number,
): Promise<{ passed: number; failed: number; skipped: number; failures: string[] }> {
  const reports = await judgeIncidents(instance, entries, [seed]);
  const failed = reports.filter(({ passed }) => !passed);
  const failures = failed.map(({ line }) => `incident ${line}`);
  return { passed: reports.length - failed.length, failed: failed.length, skipped: 0, failures };
}
