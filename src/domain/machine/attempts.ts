import type { AttemptRecord } from '../brain.ts';
import type { Plan } from '../plan.ts';
import type { RunState } from '../run-state.ts';
import { giveUp } from './ending.ts';
import { askBudget } from './model-budget.ts';
import { limits, overBudget, stopText } from './run-limits.ts';
import type { Step } from './step.ts';
import { go } from './step.ts';
import { nextBrain } from './taking-over.ts';

/** How often in a row a plan that was tried before is answered by a reflection. */
const MAX_REPEATS = 3;

/** On to another plan, as far as the run may go on. */
export function toPlanning(state: RunState): Step {
  const { maxAttempts } = limits(state);
  if (state.stop) return giveUp(state, stopText(state));
  if (overBudget(state)) return askBudget(state);
  if (state.attempt >= maxAttempts) return giveUp(state, `no attempt left (${maxAttempts} made)`);
  return go(state, { phase: 'planning', plan: null, rehearsal: [], approvalHash: null }, { type: 'plan' });
}

/** A plan that was tried before teaches, but is not run again; a brain that insists gives way. */
export function repeated(state: RunState, plan: Plan, earlier: AttemptRecord): Step {
  const repeats = state.repeats + 1;
  if (repeats > MAX_REPEATS) {
    const reason = `the same plan was proposed ${repeats} times in a row although it had been tried`;
    return nextBrain(state) ?? giveUp(state, reason);
  }
  const reason = `attempt ${earlier.attempt} did the same and was ${earlier.outcome}: ${earlier.reason}`;
  return reflectOn({ ...state, plan, repeats }, 'repeated', reason);
}

/** The attempt at the plan in hand is over, and something is learnt from it. */
export function reflectOn(state: RunState, outcome: AttemptRecord['outcome'], reason: string): Step {
  const attempt: AttemptRecord = { attempt: state.attempt, plan: state.plan!, outcome, reason, lesson: '' };
  const change: Partial<RunState> = { phase: 'reflecting', attempts: [...state.attempts, attempt] };
  return go(state, change, { type: 'reflect', attempt });
}
