import type { Plan } from '../../domain/plan.ts';
import { kubectlSteps } from '../../domain/plan.ts';
import { shownArgv } from '../../kubectl/secret-words.ts';
import { quoteArgv } from '../../text/shell-quote.ts';
import type { IncidentRunPorts } from './run-ports.ts';

export interface ConvertedPlan {
  plan: Plan;
  /** Commands that nothing undoable can stand in for (by identity of their argv), and why. */
  refused: Map<string[], string>;
  converted: { from: string[]; to: string[][]; reason: string }[];
}

/** Commands that take something away are replaced before anything is rehearsed or shown for approval. */
export async function convertPlan(proposed: Plan, convert: IncidentRunPorts['convert']): Promise<ConvertedPlan> {
  const result: ConvertedPlan = { plan: proposed, refused: new Map(), converted: [] };
  const steps: Plan['steps'] = [];
  for (const [index, step] of proposed.steps.entries()) {
    if (step.type !== 'kubectl') {
      steps.push(step);
      continue;
    }
    const later = kubectlSteps({ steps: proposed.steps.slice(index + 1) }).map(({ argv }) => argv);
    const conversion = await convert(step.argv, later);
    if (conversion.outcome === 'refused') result.refused.set(step.argv, conversion.reason);
    if (conversion.outcome !== 'converted') {
      steps.push(step);
      continue;
    }
    const { commands, reason } = conversion;
    result.converted.push({ from: step.argv, to: commands, reason });
    const why = `In place of '${quoteArgv(['kubectl', ...shownArgv(step.argv)])}': ${reason}. ${step.why}`;
    steps.push(...commands.map((argv) => ({ type: 'kubectl' as const, argv, why })));
  }
  return { ...result, plan: { ...proposed, steps } };
}
