import type { RunState } from '../run-state.ts';
import { giveUp } from './ending.ts';
import type { Step } from './step.ts';
import { go } from './step.ts';

/** Another brain takes over with a diagnosis of its own; null when there is none. */
export function nextBrain(state: RunState): Step | null {
  if (state.brain + 1 >= state.brains.length || state.stop) return null;
  const change: Partial<RunState> = { phase: 'diagnosing', brain: state.brain + 1, plan: null, repeats: 0 };
  return go(state, change, { type: 'diagnose' });
}

/** One that was to take over from another and cannot is no failure of the run: what the first could do was done. */
export function brainFailed(state: RunState, reason: string): Step {
  return nextBrain(state) ?? giveUp(state, reason, state.brain > 0 ? null : reason);
}
