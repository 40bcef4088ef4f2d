import type { Outcome } from '../run-event.ts';
import type { RunState } from '../run-state.ts';
import { limits } from './run-limits.ts';
import type { EventOf, Signal, Step } from './step.ts';
import { go } from './step.ts';

/** Ends the run; the outcome follows from what is left standing in the cluster. */
export function finish(state: RunState, outcome: Outcome, reason: string, error: string | null = null): Step {
  const signals: Signal[] = state.locked
    ? [{ type: 'releaseLock', clean: outcome !== 'diverged' && outcome !== 'stranded' }]
    : [];
  return go(state, { phase: 'done', outcome, reason, error, locked: false, plan: null }, null, signals);
}

/** No further attempt will be made and no transaction is open. */
export function giveUp(state: RunState, reason: string, error: string | null = null): Step {
  if (limits(state).allOrNothing && state.committed.length > 0 && !state.unwinding) return unwind(state, reason);
  if (state.committed.length > 0) return finish(state, 'improved', reason, error);
  if (state.stop === 'cancel') return finish(state, 'cancelled', reason, error);
  return finish(state, 'restored', reason, error);
}

/** All-or-nothing: takes back what was committed, newest first; the lock was given back after each commit. */
function unwind(state: RunState, reason: string): Step {
  const [tx, ...undoQueue] = [...state.committed].reverse();
  const change: Partial<RunState> = { tx, undoQueue, undoReason: reason, plan: null, unwinding: true };
  const next = { ...state, ...change };
  return state.locked ? startUndo(next, reason) : go(next, { phase: 'frozen' }, { type: 'acquireLock' });
}

/** Takes back what the open transaction wrote; where none is open, there is nothing more to do. */
export function startUndo(state: RunState, reason: string): Step {
  if (!state.tx) return giveUp(state, reason);
  return go(state, { phase: 'undoing', undoReason: reason }, { type: 'undo', tx: state.tx });
}

/** Nothing was begun: another writer is at work, or an own undo has to be finished first. */
export function denied(state: RunState, event: EventOf<'lockDenied'>): Step {
  const { reason, holder, owed = null } = event;
  const next = { ...state, owed };
  if (state.committed.length > 0) return giveUp(next, reason);
  return finish(next, 'locked', owed ? reason : `${reason} (held by ${holder})`);
}
