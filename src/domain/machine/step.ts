import type { AttemptRecord } from '../brain.ts';
import type { Plan } from '../plan.ts';
import type { MachineEvent, MachineEventType } from '../run-event.ts';
import type { RunState } from '../run-state.ts';
import type { StepRehearsal } from '../transaction.ts';

/** What the interpreter is to do next, one at a time; it answers each with one event. */
export type Effect =
  | { type: 'detect' }
  | { type: 'diagnose' }
  | { type: 'plan' }
  | { type: 'rehearse'; plan: Plan }
  | { type: 'askApproval'; plan: Plan; steps: StepRehearsal[]; hash: string }
  | { type: 'acquireLock' }
  | { type: 'checkpoint'; plan: Plan }
  | { type: 'execute'; index: number }
  | { type: 'settle' }
  | { type: 'judge' }
  | { type: 'commit'; tx: string }
  | { type: 'undo'; tx: string }
  | { type: 'verify' }
  | { type: 'reflect'; attempt: AttemptRecord }
  /** `limit`: which limit of models is reached, in words. */
  | { type: 'askBudget'; limit: string };

/** Instructions that need no answer. */
export type Signal =
  /** Abort the effect in flight; it still answers with its event. */
  { type: 'abortInFlight' } | { type: 'releaseLock'; clean: boolean };

export interface Step {
  state: RunState;
  effect: Effect | null;
  signals: Signal[];
}

export type EventOf<T extends MachineEventType> = Extract<MachineEvent, { type: T }>;

/** From one state to the next, with the effect to run there. */
export const go = (
  state: RunState,
  change: Partial<RunState>,
  effect: Effect | null,
  signals: Signal[] = [],
): Step => ({
  state: { ...state, ...change },
  effect,
  signals,
});
