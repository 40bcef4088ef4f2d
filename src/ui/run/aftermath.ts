import { refLabel } from '../../domain/kube-object.ts';
import type { TransactionStatus, TransactionSummary, UndoResult } from '../../domain/transaction.ts';
import { isInterrupted } from '../../domain/transaction.ts';
import type { TransactionView } from '../../../webview/protocol/ending-view.ts';
import type { AttemptView } from '../../../webview/protocol/run-snapshot.ts';

/** Interrupted: open or half undone, and the process that worked on it is gone. */
export type JournalStatus = TransactionStatus | 'interrupted';

/** What the journal says of one transaction; newer than the events of the run that opened it. */
export interface JournalNote {
  status: JournalStatus;
  title: string;
  /** Names of the objects that it wrote to. */
  objects: string[];
  /** When it got its status, milliseconds since the epoch; null while it is open. */
  at: number | null;
  /** How its last undo ended; null when there was none, or while that was not looked up. */
  undo: UndoResult | null;
}

export type JournalNotes = ReadonlyMap<string, JournalNote>;

/** A transaction of the journal, with its undo where that was looked up. */
export type JournalEntry = Pick<TransactionSummary, 'id' | 'status'> &
  Partial<Pick<TransactionSummary, 'active' | 'title' | 'closedAt' | 'roots'>> & { undo?: UndoResult | null };

/** @param over whether the run that opened it has ended: what it left open then is left for good */
export function noteOf({ status, active, title, closedAt, roots, undo }: JournalEntry, over: boolean): JournalNote {
  return {
    status: over && isInterrupted({ status, active: active ?? false }) ? 'interrupted' : status,
    title: title ?? '',
    objects: (roots ?? []).map(refLabel),
    at: closedAt ? Date.parse(closedAt) : null,
    undo: undo ?? null,
  };
}

/** What became of the changes that a run left standing. `partly`: some were taken back, the others stand. */
export type Aftermath = 'stands' | 'undoing' | 'undone' | 'partly' | 'diverged' | 'interrupted';

/** @param left transactions that the run had not undone itself */
export function aftermathOf(left: readonly string[], notes: JournalNotes): Aftermath {
  // What the journal no longer knows can no longer be undone.
  const states = left.map((id) => notes.get(id)?.status ?? 'committed');
  if (states.includes('diverged')) return 'diverged';
  if (states.includes('interrupted')) return 'interrupted';
  if (states.includes('undoing')) return 'undoing';
  if (!states.includes('undone')) return 'stands';
  return states.every((state) => state === 'undone') ? 'undone' : 'partly';
}

/** What became of an attempt, by the journal: what was committed may be taken back, what was left half undone be kept. */
export function outcomeNow(outcome: AttemptView['outcome'], status: JournalStatus | undefined): AttemptView['outcome'] {
  if (outcome !== 'committed' && outcome !== 'unfinished') return outcome;
  if (status === 'undone') return 'undone';
  if (status === 'diverged' || status === 'interrupted') return 'unfinished';
  return status === 'committed' ? 'committed' : outcome;
}

/** A transaction that its own run is still at work on is shown as the run's events tell it. */
export function stateNow(state: TransactionView['state'], status: JournalStatus | undefined): TransactionView['state'] {
  return status === undefined || status === 'open' ? state : status;
}
