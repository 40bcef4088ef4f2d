import type { ProductEvent, ProductRun } from '../../judge/product.ts';
import { resultOf, tailOf } from '../../judge/product.ts';
import type { NamedFinding } from '../causes.ts';
import { findingsOf } from '../causes.ts';

/** What somebody did about an incident, as far as they tell; whether it is true is judged elsewhere. */
export interface Mitigation {
  pid?: number;
  outcome: string;
  detected: boolean;
  /** First the one that is held for the cause. */
  findings: NamedFinding[];
  attempts: number;
  writes: number;
  costUsd: number;
  /** How many can be taken back. */
  transactions: number;
  /**
   * Severity at its highest, less that at the start; what an attempt does before it is taken back counts. Null where it
   * was unknown in between, or never read.
   */
  muRise: number | null;
  /** From the start of the command. */
  seconds: Partial<Record<'detect' | 'diagnose' | 'firstFix' | 'settle' | 'total', number>>;
  reason: string;
}

interface Severity {
  known?: boolean;
  items?: unknown[];
}

/** A run of the product, read from its events. */
export function readRun(run: ProductRun): Mitigation {
  const result = resultOf(run);
  const at = (found: ProductEvent | undefined) =>
    typeof found?.at === 'number' ? round((found.at - run.started) / 1000) : undefined;
  const first = (type: string) => run.events.find((event) => event.type === type);
  return {
    ...(run.pid === undefined ? {} : { pid: run.pid }),
    outcome: String(result?.outcome ?? `exit ${run.code}`),
    detected: ((first('detected')?.severity as Severity | undefined)?.items ?? []).length > 0,
    findings: findingsOf(result),
    attempts: Number(result?.attempts ?? 0),
    writes: Number(result?.writes ?? 0),
    costUsd: Number(result?.costUsd ?? 0),
    transactions: ((result?.transactions ?? []) as unknown[]).length,
    muRise: riseOf(musOf(run)),
    seconds: withoutUndefined({
      detect: at(first('detected')),
      diagnose: at(first('diagnosed')),
      firstFix: at(run.events.find((event) => event.type === 'stepDone' && Number(event.writes) > 0)),
      settle: at(run.events.findLast(({ type }) => type === 'settled')),
      total: round(run.seconds),
    }),
    reason: tailOf(run),
  };
}

/** How many items severity had whenever it was read; null where it was unknown. */
export function musOf({ events }: Pick<ProductRun, 'events'>): (number | null)[] {
  return events.flatMap(({ severity }) => {
    if (!severity) return [];
    const { known, items } = severity as Severity;
    return known && items ? [items.length] : [null];
  });
}

/** @param mus severity over time; null where it was unknown */
export function riseOf(mus: readonly (number | null)[]): number | null {
  const known = mus.flatMap((one) => (one === null ? [] : [one]));
  if (known.length === 0 || known.length < mus.length) return null;
  return Math.max(...known) - known[0]!;
}

export const round = (seconds: number): number => Math.round(seconds * 10) / 10;

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
