import type { TrialReport } from './report.ts';

export const STEPS = ['detect', 'diagnose', 'firstFix', 'settle', 'total', 'bare'] as const;

/** What several trials add up to. Counts of detection and causes leave scenes out in which nothing is wrong. */
export interface Figures {
  trials: number;
  /** As the entry asks for: resolved; or, where the API cannot help, restored with the cause named. */
  asWanted: number;
  resolved: number;
  /** As the fault left it, to the letter. */
  restored: number;
  improved: number;
  /** Harm was done, or a success claimed that is none. */
  wrong: number;
  faults: number;
  detected: number;
  objectsFirst: number;
  causeFirst: number;
  causeAmongThree: number;
  attempts: number;
  writes: number;
  /** Null where severity was unknown in one of them. */
  muRise: number | null;
  undoDifferences: number;
  costUsd: number;
  /** How many trials were alone and resolved: the medians are of these. */
  timed: number;
  seconds: Partial<Record<(typeof STEPS)[number], number>>;
  /** Median of the seconds to healthy against those of the true repair by hand. */
  overBare?: number;
}

/** @param reports of trials that could be held */
export function figuresOf(reports: readonly TrialReport[]): Figures {
  const faults = reports.filter(({ kind }) => kind !== 'calm');
  const timed = faults.filter(({ alone, verdict }) => alone && verdict === 'resolved');
  const seconds: Figures['seconds'] = {};
  for (const step of STEPS) {
    const middle = median(timed.flatMap((report) => report.seconds[step] ?? []));
    if (middle !== undefined) seconds[step] = middle;
  }
  const ratios = timed.flatMap(({ seconds: { total, bare } }) => (total && bare ? [total / bare] : []));
  const overBare = median(ratios);
  const rises = reports.map(({ muRise }) => muRise);
  return {
    trials: reports.length,
    asWanted: count(reports, ({ passed }) => passed),
    resolved: count(reports, ({ verdict }) => verdict === 'resolved'),
    restored: count(reports, ({ verdict }) => verdict === 'named' || verdict === 'unnamed'),
    improved: count(reports, ({ verdict }) => verdict === 'improved'),
    wrong: count(reports, ({ verdict }) => verdict === 'wrong'),
    faults: faults.length,
    detected: count(faults, ({ detected }) => detected),
    objectsFirst: count(faults, ({ place }) => place === 1),
    causeFirst: count(faults, ({ cause }) => cause === 1),
    causeAmongThree: count(faults, ({ cause }) => cause >= 1 && cause <= 3),
    attempts: sum(reports.map(({ attempts }) => attempts)),
    writes: sum(reports.map(({ writes }) => writes)),
    muRise: rises.some((rise) => rise === null) ? null : Math.max(0, ...(rises as number[])),
    undoDifferences: sum(reports.map(({ undoDifferences }) => undoDifferences.length)),
    costUsd: sum(reports.map(({ costUsd }) => costUsd)),
    timed: timed.length,
    seconds,
    ...(overBare === undefined ? {} : { overBare }),
  };
}

/** The lower middle one; undefined of none. */
export function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length / 2) - 1];
}

const count = <T>(all: readonly T[], test: (one: T) => boolean): number => all.filter(test).length;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
