import type { BlastRadius } from '../../domain/blast-radius.ts';
import { blastRadiusOf } from '../../kube/blast-radius.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import type { Plan } from '../../domain/plan.ts';
import { gatewayStep, planText, stepArgv, unsupportedStep } from '../../domain/plan.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import type { EventBody, MachineEvent } from '../../domain/run-event.ts';
import type { CallGraph } from '../../domain/signals.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { StepRehearsal } from '../../domain/transaction.ts';
import { outsideOf } from '../../domain/transaction.ts';
import { callsAtRisk } from '../../signals/graph/calls-at-risk.ts';
import { graphOfSettings } from '../../signals/graph/settings-graph.ts';
import type { IncidentRunPorts } from './run-ports.ts';

type Rehearsed = EventBody<Extract<MachineEvent, { type: 'rehearsed' }>>;

/**
 * Rehearses a plan whose every command passes confinement; else nothing is sent, and what is refused is told.
 * @param unconvertible why nothing safe could take the place of a command, by its argument vector
 * @param snapshot in which it is told how far the plan reaches
 * @param graph who calls whom as telemetry tells; null where none is read: then settings tell it
 */
export async function rehearsePlan(
  ports: Pick<IncidentRunPorts, 'confine' | 'transactions' | 'hash'>,
  plan: Plan,
  unconvertible: ReadonlyMap<string[], string>,
  snapshot: ClusterSnapshot,
  graph: CallGraph | null,
  signal: AbortSignal,
): Promise<Rehearsed> {
  const steps = refusals(ports, plan, unconvertible) ?? (await rehearsal(ports, plan, signal)).map(inScope(snapshot));
  const view = new ClusterView(snapshot);
  const calls = graph ?? graphOfSettings(view);
  const parts = steps.map(({ writes }, index) => ({ writes, objects: objectsOf(plan.steps[index], writes) }));
  const whole = { writes: parts.flatMap(({ writes }) => writes), objects: parts.flatMap(({ objects }) => objects) };
  return {
    type: 'rehearsed',
    steps,
    hash: ports.hash(JSON.stringify([planText(plan.steps, plan.files), steps])),
    radius: radiusOf(view, calls, whole),
    ...(parts.length > 1 ? { stepRadii: parts.map((part) => radiusOf(view, calls, part)) } : {}),
  };
}

interface Part {
  writes: StepRehearsal['writes'];
  /** What is written, and the pod in which an action runs. */
  objects: ObjectRef[];
}

function objectsOf(step: Plan['steps'][number] | undefined, writes: StepRehearsal['writes']): ObjectRef[] {
  const written = writes.map(({ ref }) => ref);
  if (step?.type !== 'runbook') return written;
  const { namespace, pod } = step.action.at;
  return [...written, { apiVersion: 'v1', kind: 'Pod', namespace, name: pod }];
}

function radiusOf(view: ClusterView, graph: CallGraph, { writes, objects }: Part): BlastRadius {
  const radius = blastRadiusOf(view, writes);
  return objects.length === 0 ? radius : { ...radius, calls: callsAtRisk(graph, view, objects) };
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
