import type { Phase, RunState, StopReason } from '../run-state.ts';
import { finish, giveUp, startUndo } from './ending.ts';
import { overBudget, overTime, stopText } from './run-limits.ts';
import type { Step } from './step.ts';
import { go } from './step.ts';

/** Phases in which a stop request has to wait: what is under way must end by itself. */
const UNINTERRUPTIBLE: readonly Phase[] = ['committing', 'undoing', 'verifying', 'aborting', 'frozen'];
/** Phases in which a brain may be at work. */
const THINKING: readonly Phase[] = ['diagnosing', 'planning', 'reflecting'];
/** Phases in which a transaction is open and writes may happen. */
const WRITING: readonly Phase[] = ['checkpointing', 'executing', 'settling', 'judging'];

/** Nothing new is begun; the effect in flight is asked to end, and what is open is undone after its answer. */
export function stop(state: RunState, reason: StopReason): Step {
  if (state.stop || state.phase === 'done' || state.phase === 'idle') return go(state, {}, null);
  if (UNINTERRUPTIBLE.includes(state.phase)) return go(state, { stop: reason }, null);
  return go(state, { stop: reason, phase: 'aborting', undoReason: stopText({ ...state, stop: reason }) }, null, [
    { type: 'abortInFlight' },
  ]);
}

/** Brains are interrupted when the budget is spent; what is being written is finished first. */
export function used(state: RunState): Step {
  return THINKING.includes(state.phase) && overBudget(state) ? stop(state, 'budget') : go(state, {}, null);
}

/** Nothing may be written any more until the lock is had again; what is open is undone then. */
export function freeze(state: RunState, reason: string): Step {
  if (!WRITING.includes(state.phase)) return go(state, {}, null);
  return go(state, { phase: 'frozen', undoReason: reason }, null, [{ type: 'abortInFlight' }]);
}

/** An effect has ended while the run was frozen: the lock is asked for once more. */
export function regain(state: RunState): Step {
  return go(state, { locked: false }, { type: 'acquireLock' });
}

/** The undo must not write without the lock. What was committed is consistent; what is open has to be recovered. */
export function withoutLock(state: RunState, reason: string): Step {
  const text = `${state.undoReason}; ${reason}`;
  return state.unwinding
    ? finish({ ...state, tx: null }, 'improved', `${text}; what was committed stays`)
    : finish(state, 'stranded', `${text}: stratus recover`);
}

/** A cap is an event like any other: an effect that ends after the deadline starts nothing new. */
export function inTime(step: Step, at: number): Step {
  const starting = step.effect && !UNINTERRUPTIBLE.includes(step.state.phase) && !step.state.stop;
  return starting && overTime(step.state, at) ? outOfTime(step) : step;
}

function outOfTime(step: Step): Step {
  const stopped = { ...step.state, stop: 'wall-clock' as const };
  const next = stopped.tx ? startUndo(stopped, stopText(stopped)) : giveUp(stopped, stopText(stopped));
  return { ...next, signals: [...step.signals, ...next.signals] };
}
