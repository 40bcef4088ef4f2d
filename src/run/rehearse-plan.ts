import { blastRadiusOf } from '../kube/blast-radius.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import type { Plan } from '../domain/plan.ts';
import { gatewayStep, planText, stepArgv, unsupportedStep } from '../domain/plan.ts';
import type { MachineEvent } from '../domain/run-event.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { StepRehearsal } from '../domain/transaction.ts';
import { outsideOf } from '../domain/transaction.ts';
import type { IncidentRunPorts } from './run-ports.ts';

type Rehearsed = Omit<Extract<MachineEvent, { type: 'rehearsed' }>, 'at'>;

/**
 * Rehearses a plan whose every command passes confinement; else nothing is sent, and what is refused is told.
 * @param unconvertible why nothing safe could take the place of a command, by its argument vector
 * @param snapshot in which it is told how far the plan reaches
 */
export async function rehearsePlan(
  ports: Pick<IncidentRunPorts, 'confine' | 'transactions' | 'hash'>,
  plan: Plan,
  unconvertible: ReadonlyMap<string[], string>,
  snapshot: ClusterSnapshot,
  signal: AbortSignal,
): Promise<Rehearsed> {
  const steps = refusals(ports, plan, unconvertible) ?? (await rehearsal(ports, plan, signal)).map(inScope(snapshot));
  const writes = steps.flatMap((step) => step.writes);
  return {
    type: 'rehearsed',
    steps,
    hash: ports.hash(JSON.stringify([planText(plan.steps, plan.files), steps])),
    radius: blastRadiusOf(new ClusterView(snapshot), writes),
  };
}

/** What a manifest says counts as what a command's words say: agents write in the target's namespace only. */
function inScope({ namespaces }: ClusterSnapshot): (step: StepRehearsal) => StepRehearsal {
  return (step) => {
    const outside = outsideOf(step.writes, namespaces);
    return step.ok && outside ? { ...step, ok: false, partial: false, problem: outside } : step;
  };
}

/** Null when nothing is refused. */
function refusals(
  { confine }: Pick<IncidentRunPorts, 'confine'>,
  { steps, files }: Plan,
  unconvertible: ReadonlyMap<string[], string>,
): StepRehearsal[] | null {
  const problems = steps.map((step) =>
    step.type === 'kubectl' ? (unconvertible.get(step.argv) ?? confine(step.argv, files)) : unsupportedStep(step),
  );
  if (problems.every((problem) => !problem)) return null;
  return steps.map((step, index) => {
    const problem = problems[index] ?? '';
    return { argv: stepArgv(step), ok: !problem, problem, writes: [], partial: false };
  });
}

function rehearsal(
  { transactions }: Pick<IncidentRunPorts, 'transactions'>,
  { steps, files }: Plan,
  signal: AbortSignal,
): Promise<StepRehearsal[]> {
  return transactions.rehearse({ steps: steps.flatMap((step) => gatewayStep(step) ?? []), files }, signal);
}
