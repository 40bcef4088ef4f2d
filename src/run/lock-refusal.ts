import type { LockResult } from '../domain/ports.ts';
import { codeOf, StratusError } from '../domain/stratus-error.ts';

/** Another writer holds the cluster's lock (exit 7); the message names it. */
export class LockedByAnother extends StratusError {
  constructor(message: string) {
    super('locked', message);
    this.name = 'LockedByAnother';
  }
}

/** A transaction of one's own has to be finished or kept first: no other writer is in the way (exit 7). */
export class UndoUnfinished extends StratusError {
  readonly transaction: string;

  constructor(transaction: string, reason: string) {
    super('undo-unfinished', reason);
    this.name = 'UndoUnfinished';
    this.transaction = transaction;
  }
}

/** The transaction that an error says has to come first, from whichever bundle it comes; null for other errors. */
export function owedBy(error: unknown): string | null {
  return codeOf(error) === 'undo-unfinished' ? (error as UndoUnfinished).transaction : null;
}

/** The error that a refused lock is. */
export function lockRefusal({ holder, reason, owed }: Extract<LockResult, { ok: false }>): StratusError {
  return owed ? new UndoUnfinished(owed, reason) : new LockedByAnother(`${reason} (held by ${holder})`);
}
