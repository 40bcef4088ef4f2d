import type { ClusterReader } from '../domain/ports.ts';
import type { Severity } from '../domain/severity.ts';
import type { SeverityProbe } from './incident/run-ports.ts';
import type { UndoResult } from '../domain/transaction.ts';
import type { Clock } from '../domain/clock.ts';
import { affectedBy } from '../kube/affected.ts';
import type { Transactions } from './transactions.ts';
import { changedSince } from './changed-since.ts';
import { watchAfter } from './watch/post-watch.ts';

export interface KeptWatchRequest {
  /** How long what was kept is watched, ms. */
  durationMs: number;
  tell(text: string): void;
  /** Hears of each reading; null where it says how things are, else why nothing is known. */
  looked?(unknown: string | null): void;
  /**
   * Whether the transactions are to be taken back. @param reason what got worse, in words
   * @param others whether somebody else has written since to what was kept, so that it may be their doing
   */
  askUndo(reason: string, signal: AbortSignal, others: boolean): Promise<boolean>;
}

export type KeptOutcome =
  | { outcome: 'held' }
  | { outcome: 'unknown'; reason: string }
  /** `undone`: newest first; empty where nobody wanted it. */
  | { outcome: 'regressed'; reason: string; undone: { tx: string; result: UndoResult }[] };

/** A run whose changes were kept. */
export interface KeptRun {
  /** Ids, oldest first. */
  transactions: readonly string[];
  severity: SeverityProbe;
  /** With which it ended. */
  kept: Severity;
  reader: Pick<ClusterReader, 'get'>;
}

/**
 * Watches what the transactions of a run touched, and has them taken back, newest first, where that got worse.
 * @throws Error of an undo, cancel
 */
export async function watchKept(
  { transactions: ids, severity, kept, reader }: KeptRun,
  { durationMs, tell, looked, askUndo }: KeptWatchRequest,
  transactions: Pick<Transactions, 'list' | 'read' | 'undo'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<KeptOutcome> {
  const own = (await transactions.list()).filter(({ id }) => ids.includes(id));
  if (own.length === 0) return { outcome: 'held' };
  const roots = own.flatMap((one) => one.roots);
  const wroteAt = Math.min(...own.map(({ openedAt }) => Date.parse(openedAt)));
  const read = (stop: AbortSignal) => severity.read(stop);
  const isOurs = ({ snapshot }: Awaited<ReturnType<typeof read>>) => affectedBy(roots, snapshot);
  const heard = looked ? { looked } : {};
  const result = await watchAfter({ kept, wroteAt, isOurs, read, clock, durationMs, tell, ...heard }, signal);
  if (result.outcome !== 'regressed') return result;
  const details = await Promise.all(ids.map((id) => transactions.read(id)));
  const others = await changedSince(
    details.flatMap((one) => one.details),
    (ref) => reader.get(ref),
  );
  const reason = others ? `${result.reason} (since it was kept, ${others})` : result.reason;
  if (!(await askUndo(reason, signal, others !== ''))) return { outcome: 'regressed', reason, undone: [] };
  const undone: { tx: string; result: UndoResult }[] = [];
  for (const tx of [...ids].reverse()) {
    const back = await transactions.undo(tx, signal, tell);
    undone.push({ tx, result: back });
    // What was not restored stands in the way of what came before it.
    if (back.outcome !== 'undone') break;
  }
  return { outcome: 'regressed', reason, undone };
}
