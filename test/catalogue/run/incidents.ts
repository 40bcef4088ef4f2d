import type { Entry } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import { inLanes } from './lanes.ts';
import type { RecordedReport } from './records.ts';
import { Records } from './records.ts';
import { lineOf } from './tables.ts';
import type { TrialOptions } from './trial.ts';
import { runTrial } from './trial.ts';

export interface Selection {
  entries: readonly Entry[];
  seeds: readonly number[];
  /** How many trials at once; their seconds count in no median then. */
  sideBySide: number;
  /** Forgets what was recorded for this commit. */
  fresh?: boolean;
  /** A commit from which on what passed is not tried again. */
  since?: string;
}

/** Each report is recorded for the commit, so that a run that was stopped goes on where it was. */
export async function runIncidents(options: TrialOptions, selection: Selection): Promise<RecordedReport[]> {
  const { entries, seeds, sideBySide } = selection;
  await loadImages(options.instance);
  const records = new Records(selection);
  const reports: RecordedReport[] = [];
  await inLanes(entries, seeds, sideBySide, async ({ entry, seed }, alone) => {
    const known = records.of(entry.name, seed);
    const report = known ?? records.keep(await runTrial(options, entry, seed, alone));
    reports.push(report);
    const reused = known && known.commit !== records.commit ? ` [of ${known.commit}]` : '';
    process.stderr.write(`  ${lineOf(report)}${reused}\n`);
  });
  const place = ({ entry, seed }: RecordedReport) =>
    seeds.indexOf(seed) * entries.length + entries.findIndex(({ name }) => name === entry);
  return reports.sort((one, other) => place(one) - place(other));
}
