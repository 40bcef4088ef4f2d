import type { AttemptRecord } from '../brain.ts';
import type { RunState } from '../run-state.ts';
import type { Severity, SeverityItem } from '../severity.ts';
import { isUnaided, itemId, itemNames } from '../severity.ts';
import { reflectOn, toPlanning } from './attempts.ts';
import { finish, giveUp } from './ending.ts';
import type { Signal, Step } from './step.ts';

/** The transaction was kept: the run ends if all that was wrong at its start is over, else it goes on. */
export function afterCommit(s: RunState, tx: string): Step {
  const attempt: AttemptRecord = {
    attempt: s.attempt,
    plan: s.plan!,
    outcome: 'committed',
    reason: 'committed',
    lesson: '',
  };
  const { state, signals } = closed(s, {
    committed: [...s.committed, tx],
    attempts: [...s.attempts, attempt],
  });
  const next = stillThere(state).length === 0 ? nothingStillThere(state) : toPlanning(state);
  return { ...next, signals: [...signals, ...next.signals] };
}

/** The transaction was undone, and what could be read again was. */
export function afterUndo(state: RunState): Step {
  const { state: next, signals } = closed(state, {});
  // Nothing is owed, and no undo could bring them back: the lock is free, and the run says what is missing.
  if (next.losses) return { ...finish(next, 'diverged', `undone, but not all is as before: ${next.losses}`), signals };
  // Where it got well by itself nothing is left that another change could be judged by.
  const goesOn = next.plan !== null && !next.stop && !isUnaided(next.undoReason);
  const step = goesOn ? reflectOn(next, 'undone', next.undoReason) : giveUp(next, next.undoReason);
  return { ...step, signals: [...signals, ...step.signals] };
}

/** The lock is given back between transactions so that others can work while nothing is open. */
function closed(state: RunState, change: Partial<RunState>): { state: RunState; signals: Signal[] } {
  const signals: Signal[] = state.locked ? [{ type: 'releaseLock', clean: true }] : [];
  return { state: { ...state, ...change, tx: null, baseline: null, locked: false }, signals };
}

/** What was wrong at the start is over; what others brought about since is none of this run's, and no health either. */
function nothingStillThere(state: RunState): Step {
  const itemsOf = (severity: Severity | null) => (severity?.known ? severity.items : []);
  const names = itemNames(itemsOf(state.initial));
  const again =
    state.unproven.length === 0
      ? `healthy again: ${names}`
      : `mended as far as can be seen: ${names}; ${state.unproven.join('; ')}`;
  const others = itemsOf(state.current);
  if (others.length === 0) return finish(state, 'resolved', again);
  return finish(state, 'improved', `${again}; wrong now, and not at the start: ${itemNames(others)}`);
}

/** Items of the start that are still there. */
function stillThere(state: RunState): SeverityItem[] {
  if (!state.initial?.known || !state.current?.known)
    throw new Error('asked for remaining items of an unknown severity');
  const now = new Set(state.current.items.map(itemId));
  return state.initial.items.filter((item) => now.has(itemId(item)));
}
