import { exceeded } from '../budget.ts';
import type { RunOptions } from '../run-event.ts';
import type { RunState } from '../run-state.ts';

/** What bounds a run. @throws Error before it was started */
export function limits(state: RunState): RunOptions {
  if (!state.options) throw new Error('run not started');
  return state.options;
}

/** That models have spent what they may, in words; null also where a person has refused more and a brain works that needs none. */
export function overBudget(state: RunState): string | null {
  if (state.capped) return null;
  const limit = exceeded(limits(state).budget, state.spent);
  return limit && `the budget of this run is spent: ${limit}`;
}

/** @param at milliseconds since the epoch */
export function overTime(state: RunState, at: number): boolean {
  return state.options !== null && at - state.startedAt >= state.options.wallClockMs;
}

/** Why a run that was asked to stop does. */
export function stopText(state: RunState): string {
  if (state.stop === 'budget') return overBudget(state) ?? 'the budget of this run is spent';
  return state.stop === 'cancel' ? 'cancelled by the user' : 'the time limit of this run was reached';
}
