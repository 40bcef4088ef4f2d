import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, Proposal } from '../../domain/brain.ts';
import type { CommandPlan, CommandStep, KubectlStep, Plan } from '../../domain/plan.ts';
import { planText } from '../../domain/plan.ts';
import { sha256 } from '../../text/sha256.ts';

/** What the engineer wants to have tried, as one attempt. */
export interface OwnPlan extends CommandPlan {
  title: string;
  steps: readonly CommandStep[];
}

/**
 * Proposes the engineer's plans first, in their order and once each, then what the brain proposes. They hold no other
 * rights than any proposal: confined, rehearsed, judged, and undone unless they help.
 */
export class OwnPlansFirst implements Brain {
  readonly name: string;
  readonly #brain: Brain;
  readonly #plans: readonly Plan[];

  constructor(plans: readonly OwnPlan[], brain: Brain) {
    this.name = brain.name;
    this.#brain = brain;
    this.#plans = plans.map(planOf);
  }

  diagnose(context: BrainContext): Promise<BrainDiagnosis> {
    return this.#brain.diagnose(context);
  }

  async plan(context: BrainContext, diagnosis: BrainDiagnosis, attempts: readonly AttemptRecord[]): Promise<Proposal> {
    const tried = new Set(attempts.map(({ plan }) => plan.hash));
    const [plan, ...alternatives] = this.#plans.filter(({ hash }) => !tried.has(hash));
    return plan ? { type: 'plan', plan, alternatives } : this.#brain.plan(context, diagnosis, attempts);
  }

  reflect(context: BrainContext, attempt: AttemptRecord): Promise<string> {
    return this.#brain.reflect(context, attempt);
  }
}

/** It mends no finding that anybody could name beforehand. */
function planOf({ title, steps, files }: OwnPlan): Plan {
  const own = steps.map(({ argv }): KubectlStep => ({ type: 'kubectl', argv, why: title }));
  return {
    hash: sha256(planText(own, files)),
    title,
    findingId: '',
    steps: own,
    files,
    expects: 'what was broken is healthy',
  };
}
