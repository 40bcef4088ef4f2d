import type { CommandPlan } from '../domain/plan.ts';

/** One command of an engineer, in the form that the gateway executes. */
export function commandPlan(argv: string[]): CommandPlan {
  return { steps: [{ argv }], files: [] };
}
