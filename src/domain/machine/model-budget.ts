import type { RunState } from '../run-state.ts';
import { giveUp } from './ending.ts';
import { overBudget, stopText } from './run-limits.ts';
import type { Step } from './step.ts';
import { go } from './step.ts';
import { nextBrain } from './taking-over.ts';

/** Nothing is open: whether models may spend more is a person's decision. */
export function askBudget(state: RunState): Step {
  const limit = overBudget(state) ?? 'the budget of this run is spent';
  return go(state, { phase: 'askingBudget', plan: null }, { type: 'askBudget', limit });
}

/** Brains that cost nothing may go on where models may not. */
export function refusedBudget(state: RunState): Step {
  const next = nextBrain({ ...state, stop: null, capped: true });
  return next ?? giveUp({ ...state, stop: 'budget' }, stopText({ ...state, stop: 'budget' }));
}

/** What a brain said, or that it was interrupted because its budget is spent. */
export function thinkingEnded(state: RunState): Step {
  return state.stop === 'budget' && !state.tx ? askBudget(state) : giveUp(state, stopText(state));
}
