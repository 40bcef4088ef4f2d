import { entryNamed } from '../catalogue.ts';
import type { Recorded } from '../run/records.ts';
import type { TrialReport } from '../run/report.ts';
import type { Way } from '../run/ways.ts';
import { WAYS } from '../run/ways.ts';
import type { Bar } from './chart.ts';
import { chart } from './chart.ts';
import { PUBLISHED } from './published.ts';

export type Trial = Recorded<TrialReport>;

/** What became of the incidents in every way, as a picture. */
export function picture(trials: readonly Trial[]): string {
  const { ways, common } = commonOf(trials);
  const barsOf = (heading: string, chosen: (one: Trial) => boolean): Bar[] => {
    const shown = common.filter(chosen);
    if (shown.length === 0) return [];
    return ways.map((way, index) => ({
      label: way,
      parts: partsOf(shown.filter((one) => one.way === way)),
      ...(index === 0 ? { heading } : {}),
    }));
  };
  const theirs = PUBLISHED.slice(0, 3).map(({ who, resolved, of }, index): Bar => ({
    label: who,
    parts: [resolved, 0, 0, 0, of - resolved],
    ...(index === 0 ? { heading: 'Published on AIOpsLab itself: other applications, clusters and oracles' } : {}),
  }));
  return chart('What became of the incidents', [
    ...barsOf('AIOpsLab’s problems, rebuilt here', isDerived),
    ...barsOf('Other incidents of the catalogue', (one) => !isDerived(one)),
    ...theirs,
  ]);
}

/** Counts for the chart: as wanted, partly mended, left as it was, harmed. */
export function partsOf(reports: readonly TrialReport[]): number[] {
  const rest = reports.filter(({ passed }) => !passed);
  const improved = count(rest, ({ verdict }) => verdict === 'improved');
  const restored = count(rest, ({ verdict }) => verdict === 'named' || verdict === 'unnamed');
  return [reports.length - rest.length, improved, restored, rest.length - improved - restored];
}

/** Trials of incidents and seeds that were held in every way of which there are any. */
export function commonOf(trials: readonly Trial[]): { ways: Way[]; common: Trial[] } {
  const ways = (Object.keys(WAYS) as Way[]).filter((way) => trials.some((one) => one.way === way));
  const keyOf = ({ entry, seed }: Trial) => `${entry} ${seed}`;
  const by = ways.map((way) => new Set(trials.filter((one) => one.way === way).map(keyOf)));
  return { ways, common: trials.filter((one) => by.every((keys) => keys.has(keyOf(one)))) };
}

/** The problem of AIOpsLab that an incident rebuilds; "" for none. */
export function problemOf({ entry }: Pick<TrialReport, 'entry'>): string {
  const [fault, ...others] = entryNamed(entry).faults;
  return others.length > 0 ? '' : (/AIOpsLab ([^;]+)/.exec(fault?.likeness ?? '')?.[1] ?? '');
}

export const isDerived = (report: Pick<TrialReport, 'entry'>): boolean => problemOf(report) !== '';

const count = <T>(all: readonly T[], test: (one: T) => boolean): number => all.filter(test).length;
