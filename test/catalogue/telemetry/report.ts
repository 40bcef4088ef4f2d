import type { Shelf } from '../run/records.ts';
import type { Verdict } from '../run/report.ts';
import type { Rank } from './ranks.ts';

/** One fault that only telemetry shows, from the quiet shop to the verdict. Seconds are since the fault was made. */
export interface TelemetryReport {
  /** Name of the fault. */
  entry: string;
  seed: number;
  verdict: Verdict;
  passed: boolean;
  /** As in {@link TelemetryScene}. */
  wanted: 'resolved' | 'named';
  /** First alert of the organisation's rules that fired; "" where none did. */
  alert: string;
  /** Sources of what belonged to the incident when it was opened: `alert`, `signal`, `object`. */
  by: string[];
  /** The incident names where it begins: when it was opened, and before the mitigation. */
  rootRight: boolean;
  rootLater: boolean;
  /** Where it was said to begin when it was opened; "" for nowhere. */
  root: string;
  /** First finding told with it. */
  told: Rank;
  /** Incidents opened until the mitigation: about the fault, before it was made, and about what it does not touch. */
  opened: { about: number; early: number; astray: number };
  strays: string[];
  /** Findings of a diagnosis with all sources, and with none of traces. */
  diagnosis: Rank;
  withoutTraces: Rank;
  /** Place of the right one among those that traces suspect; 0 for none. */
  suspect: number;
  outcome: string;
  attempts: number;
  writes: number;
  /**
   * `shows`, `alert`, `incident`: since the fault was made. `mitigate`: how long the command took. `healthy`: from its start
   * until the fault's own judge was content. `over`: from its start until the watch called the incident over.
   */
  seconds: Partial<Record<'shows' | 'alert' | 'incident' | 'mitigate' | 'healthy' | 'over' | 'undo', number>>;
  undoDifferences: string[];
  problems: string[];
  findings: { rule: string; message: string }[];
  reason: string;
}

export const NO_RANK: Rank = { place: 0, cause: 0 };

export function emptyTelemetryReport(entry: string, seed: number, wanted: TelemetryReport['wanted']): TelemetryReport {
  return {
    ...{
      entry,
      seed,
      verdict: 'invalid',
      passed: false,
      wanted,
      alert: '',
      by: [],
      rootRight: false,
      rootLater: false,
    },
    ...{ root: '', told: NO_RANK, opened: { about: 0, early: 0, astray: 0 }, strays: [], diagnosis: NO_RANK },
    ...{ withoutTraces: NO_RANK, suspect: 0, outcome: '', attempts: 0, writes: 0, seconds: {}, undoDifferences: [] },
    ...{ problems: [], findings: [], reason: '' },
  };
}

/** A good or a bad plan of an engineer's, and what became of it. */
export interface FixReport {
  entry: 'good' | 'bad';
  seed: number;
  what: string;
  lines: string[];
  fate: string;
  passed: boolean;
  /** Alerts that the bench itself saw at Prometheus while the command ran: before the plan, and only since then. */
  before: string[];
  since: string[];
  /** Of the command; and from its first write until no alert fired. */
  seconds: Partial<Record<'mitigate' | 'clearing', number>>;
  problems: string[];
  reason: string;
  /** Why it could not be held; "" when it was. */
  invalid: string;
}

/** A time in which nothing was wrong. */
export interface CalmReport {
  /** `shop`, or a scene of the catalogue. */
  entry: string;
  seed: number;
  what: string;
  minutes: number;
  /** What was opened although nothing was wrong. */
  incidents: string[];
  /** Looks that could say nothing. */
  unknown: number;
  invalid: string;
}

/** What a watch costs of its machine. */
export interface WatchCostReport {
  entry: 'watch';
  seed: number;
  what: string;
  minutes: number;
  /** Of one processor, 0..1, after the first half minute. */
  share: number;
  /** Of processor, in that half minute. */
  startSeconds: number;
  /** Megabytes at most. */
  peak: number;
  looks: number;
  /** Between the first and the last request of a look, in the middle and at most. */
  lookSeconds: { middle: number; most: number };
  /** Asked of it and received in a minute. */
  requests: number;
  megabytes: number;
  incidents: number;
  unknown: number;
}

export const TELEMETRY_ROWS: Shelf<TelemetryReport> = {
  name: 'telemetry',
  held: ({ verdict }) => verdict !== 'invalid',
  lasts: ({ passed }) => passed,
};
export const FIX_ROWS: Shelf<FixReport> = {
  name: 'telemetry-fixes',
  held: ({ invalid }) => invalid === '',
  lasts: ({ passed }) => passed,
};
export const CALM_ROWS: Shelf<CalmReport> = {
  name: 'telemetry-calm',
  held: ({ invalid }) => invalid === '',
  lasts: ({ incidents, invalid }) => invalid === '' && incidents.length === 0,
};
export const COST_ROWS: Shelf<WatchCostReport> = { name: 'watch-cost', held: () => true, lasts: () => true };
