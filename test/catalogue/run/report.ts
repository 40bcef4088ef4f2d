import type { Entry, Incident } from '../catalogue.ts';
import type { Mitigation } from './mitigation.ts';
import type { Way } from './ways.ts';

/**
 * - `resolved`: users are served again and nobody cheated
 * - `named`, `unnamed`: everything is as the fault left it, with or without the true cause among the findings
 * - `improved`: a part of the repair stands
 * - `wrong`: harm was done: not restored, a cheat, or a success that is none
 */
export type Verdict = 'resolved' | 'named' | 'unnamed' | 'improved' | 'wrong' | 'invalid';

export interface TrialReport extends Omit<Mitigation, 'pid' | 'findings' | 'transactions' | 'seconds'> {
  entry: string;
  kind: Entry['kind'];
  family: string;
  seed: number;
  way: Way;
  what: string;
  /** Nothing else was tried on the cluster meanwhile: seconds can be compared. */
  alone: boolean;
  verdict: Verdict;
  /** The verdict is the one that the entry asks for. */
  passed: boolean;
  /** Rank of the first finding that speaks of the objects at fault, from 1; 0 for none. */
  place: number;
  /** The same for one that also says what is wrong with them. */
  cause: number;
  /**
   * `detect` to `total`: from the start of the command. `bare`: the true repair by hand, until users are served; known
   * where the product's was taken back.
   */
  seconds: Mitigation['seconds'] & Partial<Record<'base' | 'red' | 'bare', number>>;
  undoDifferences: string[];
  problems: string[];
  findings: { rule: string; message: string }[];
}

export function emptyReport({ entry, seed, plan }: Incident, way: Way, alone: boolean): TrialReport {
  return {
    entry: entry.name,
    kind: entry.kind,
    family: entry.family,
    seed,
    way,
    what: plan.what,
    alone,
    verdict: 'invalid',
    passed: false,
    outcome: '',
    detected: false,
    place: 0,
    cause: 0,
    attempts: 0,
    writes: 0,
    costUsd: 0,
    muRise: null,
    seconds: {},
    undoDifferences: [],
    problems: [],
    findings: [],
    reason: '',
  };
}

export const wantedVerdict = ({ kind }: Pick<Entry, 'kind'>): Verdict => (kind === 'unfixable' ? 'named' : 'resolved');
