import { extended } from '../../domain/budget.ts';
import type { Effect } from '../../domain/machine/step.ts';
import type { EventBody } from '../../domain/run-event.ts';
import type { RunContext } from './run-context.ts';

/** Whether a plan may run, as a person or the policy in force decides. */
export async function askApproval(
  { ports }: RunContext,
  { plan, steps, hash }: Extract<Effect, { type: 'askApproval' }>,
  signal: AbortSignal,
): Promise<EventBody> {
  const answer = await ports.askApproval({ plan, steps, hash }, signal);
  return answer.approve
    ? { type: 'approved', hash: answer.hash, by: answer.by }
    : { type: 'rejected', reason: answer.reason, ...(answer.final ? { final: true } : {}) };
}

/** Whether models may spend as much again as they could at the start. @param limit what is reached, in words */
export async function askBudget(
  { ports, state, options }: RunContext,
  limit: string,
  signal: AbortSignal,
): Promise<EventBody> {
  if (!ports.askBudget) return { type: 'budgetRefused', reason: 'nobody can be asked' };
  const agreed = await ports.askBudget(limit, signal);
  return agreed
    ? { type: 'budgetExtended', budget: extended(state().options!.budget, options.budget) }
    : { type: 'budgetRefused', reason: 'no more may be spent' };
}
