import { median } from '../run/figures.ts';
import type { CalmReport, FixReport, TelemetryReport } from './report.ts';

/** What trials of faults add up to; those that could not be held are left out beforehand. */
export interface TelemetryFigures {
  trials: number;
  /** With an incident that is about the fault. */
  detected: number;
  /** Of all incidents that were opened, those about the fault. */
  opened: number;
  about: number;
  rootRight: number;
  rootLater: number;
  /** Of the first finding that was told with the incident. */
  toldFirst: number;
  /** By the findings of a diagnosis: the object at fault first, among three; its cause first. */
  traced: Places;
  untraced: Places;
  suspectFirst: number;
  suspectInThree: number;
  /** Faults that can be mended, and those that were. */
  mendable: number;
  resolved: number;
  asWanted: number;
  /** Of what was resolved: taken back to the letter. */
  undone: number;
  writes: number;
  /** Medians; `behind`: from the first alert to the incident. */
  seconds: Partial<Record<'alert' | 'incident' | 'behind' | 'mitigate' | 'healthy' | 'over', number>>;
}

export interface Places {
  first: number;
  inThree: number;
  causeFirst: number;
}

export function telemetryFigures(reports: readonly TelemetryReport[]): TelemetryFigures {
  const count = (test: (report: TelemetryReport) => boolean) => reports.filter(test).length;
  const sum = (read: (report: TelemetryReport) => number) => reports.reduce((all, one) => all + read(one), 0);
  const places = (read: (report: TelemetryReport) => TelemetryReport['diagnosis']): Places => ({
    first: count((one) => read(one).place === 1),
    inThree: count((one) => isInThree(read(one).place)),
    causeFirst: count((one) => read(one).cause === 1),
  });
  const seconds: TelemetryFigures['seconds'] = {};
  const middle = (name: keyof typeof seconds, values: number[]) => {
    const value = median(values);
    if (value !== undefined) seconds[name] = value;
  };
  for (const name of ['alert', 'incident', 'mitigate', 'healthy', 'over'] as const)
    middle(
      name,
      // How long it took to mend is asked of what was mended.
      reports
        .filter(({ verdict }) => name === 'alert' || name === 'incident' || verdict === 'resolved')
        .flatMap((one) => one.seconds[name] ?? []),
    );
  middle(
    'behind',
    reports.flatMap(({ seconds: { alert, incident } }) =>
      alert === undefined || incident === undefined ? [] : [incident - alert],
    ),
  );
  return {
    trials: reports.length,
    detected: count(({ opened }) => opened.about > 0),
    opened: sum(({ opened: { about, early, astray } }) => about + early + astray),
    about: sum(({ opened }) => opened.about),
    rootRight: count(({ rootRight }) => rootRight),
    rootLater: count(({ rootLater }) => rootLater),
    toldFirst: count(({ told }) => told.cause === 1),
    traced: places(({ diagnosis }) => diagnosis),
    untraced: places(({ withoutTraces }) => withoutTraces),
    suspectFirst: count(({ suspect }) => suspect === 1),
    suspectInThree: count(({ suspect }) => isInThree(suspect)),
    mendable: count(({ wanted }) => wanted === 'resolved'),
    resolved: count(({ wanted, verdict }) => wanted === 'resolved' && verdict === 'resolved'),
    asWanted: count(({ passed }) => passed),
    undone: count(({ verdict, undoDifferences }) => verdict === 'resolved' && undoDifferences.length === 0),
    writes: sum(({ writes }) => writes),
    seconds,
  };
}

const isInThree = (place: number): boolean => place >= 1 && place <= 3;

/** How many of one kind, and how many ended as they have to. */
export function fixFigures(reports: readonly FixReport[], entry: FixReport['entry']) {
  const mine = reports.filter((report) => report.entry === entry);
  const clearing = median(mine.flatMap(({ seconds }) => seconds.clearing ?? []));
  return { trials: mine.length, passed: mine.filter(({ passed }) => passed).length, clearing };
}

export function calmFigures(reports: readonly CalmReport[]) {
  const minutesOf = (chosen: readonly CalmReport[]) =>
    Math.round(chosen.reduce((all, { minutes }) => all + minutes, 0) * 10) / 10;
  const incidentsOf = (chosen: readonly CalmReport[]) => chosen.flatMap(({ incidents }) => incidents);
  const load = reports.filter(({ entry }) => entry === 'shop');
  const scenes = reports.filter(({ entry }) => entry !== 'shop');
  return {
    minutes: minutesOf(load),
    incidents: incidentsOf(load),
    scenes: new Set(scenes.map(({ entry }) => entry)).size,
    sceneMinutes: minutesOf(scenes),
    sceneIncidents: incidentsOf(scenes),
  };
}
