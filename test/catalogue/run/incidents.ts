import type { Entry } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import { inLanes } from './lanes.ts';
import type { LookReport } from './looks.ts';
import { lookers, runLook } from './looks.ts';
import type { Recorded, RecordOptions } from './records.ts';
import { LOOKS, Records, TRIALS } from './records.ts';
import type { TrialReport } from './report.ts';
import { lineOf, lookLine } from './tables.ts';
import type { TrialOptions } from './trial.ts';
import { runTrial } from './trial.ts';
import type { Way } from './ways.ts';

export interface Selection extends RecordOptions {
  entries: readonly Entry[];
  seeds: readonly number[];
  /** How many trials at once; their seconds count in no median then. */
  sideBySide: number;
}

/** Each report is recorded for the commit, so that a run that was stopped goes on where it was. */
export async function runIncidents(
  options: Omit<TrialOptions, 'way'>,
  ways: readonly Way[],
  selection: Selection,
): Promise<Recorded<TrialReport>[]> {
  const { entries, seeds, sideBySide } = selection;
  await loadImages(options.instance);
  const records = new Records(TRIALS, selection);
  const reports: Recorded<TrialReport>[] = [];
  await inLanes(entries, seeds, sideBySide, async ({ entry, seed }, alone) => {
    for (const way of ways) {
      const known = records.of({ entry: entry.name, seed, way });
      const report = known ?? records.keep(await runTrial({ ...options, way }, entry, seed, alone));
      reports.push(report);
      process.stderr.write(`  ${lineOf(report)}${reusedFrom(known, records.commit)}\n`);
    }
  });
  const place = ({ entry, seed, way }: TrialReport) =>
    (ways.indexOf(way) * seeds.length + seeds.indexOf(seed)) * entries.length +
    entries.findIndex(({ name }) => name === entry);
  return reports.sort((one, other) => place(one) - place(other));
}

/** What tools that only look say of the incidents, recorded as trials are. */
export async function runLooks(
  options: Omit<TrialOptions, 'way'>,
  selection: Selection,
): Promise<Recorded<LookReport>[]> {
  const { entries, seeds, sideBySide } = selection;
  await loadImages(options.instance);
  const tools = await lookers(options.command);
  const records = new Records(LOOKS, selection);
  const reports: Recorded<LookReport>[] = [];
  await inLanes(entries, seeds, sideBySide, async ({ entry, seed }, alone) => {
    const known = records.of({ entry: entry.name, seed });
    const report = known ?? records.keep(await runLook(options, tools, entry, seed, alone));
    reports.push(report);
    process.stderr.write(`  ${lookLine(report)}${reusedFrom(known, records.commit)}\n`);
  });
  return reports;
}

function reusedFrom(known: { commit: string } | undefined, commit: string): string {
  return known && known.commit !== commit ? ` [of ${known.commit}]` : '';
}
