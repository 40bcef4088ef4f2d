import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refOf } from '../../../../domain/kube-object.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { eventOf } from '../../../../kube/cluster-view.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { autoscalersOf } from '../../../../kube/scalers.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { nameOf } from '../../clues/placement/placement-fixes.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { obstaclesOf, unplacedWorkloads, waitsForNode } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { awaitRollout, jsonPatch, scaleTo } from '../../engine/changes.ts';

const PREEMPTED_PODS = 'preempted-pods';
const CLASS = '/priorityClassName';

/** Workloads whose pods the scheduler evicted for pods of a higher priority, and that find no other place. */
export async function analyzePreemptions(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    if (unplaced.growing || unplaced.served || obstaclesOf(unplaced, 'full').length === 0) return [];
    const event = preemptionOf(context.view, unplaced.workload);
    const newcomer = event ? preemptorOf(unplaced, event) : null;
    return event && newcomer ? [findingFor(unplaced, event, newcomer)] : [];
  });
}

/** kubernetes.io "Pod Priority and Preemption"; the pods themselves are gone, so their names have to tell. */
function preemptionOf(view: ClusterView, workload: KubeObject): ClusterEvent | null {
  const makers = [workload, ...view.ownedBy(workload, 'ReplicaSet'), ...view.ownedBy(workload, 'Job')];
  const found = view
    .all('Event', workload.metadata.namespace)
    .filter((event) => event['reason'] === 'Preempted')
    .filter((event) => {
      const name = String(event['involvedObject']?.name ?? '');
      return workload.kind === 'Pod'
        ? name === workload.metadata.name
        : makers.some((maker) => name.startsWith(`${maker.metadata.name}-`));
    })
    .map(eventOf)
    .sort((a, b) => b.at - a.at);
  return found[0] ?? null;
}

interface Newcomer {
  pod: KubeObject;
  /** What controls it; the pod itself where that is not in the snapshot. */
  workload: KubeObject;
  text: string;
}

function preemptorOf({ fleet }: Unplaced, event: ClusterEvent): Newcomer | null {
  const related = event.object['related'] as { uid?: string; name?: string; namespace?: string } | undefined;
  const uid = related?.uid ?? /\bby (?:pod )?([0-9a-f-]{36})\b/.exec(event.message)?.[1];
  const pod = fleet.pods.find(
    ({ metadata }) =>
      (uid !== undefined && metadata.uid === uid) ||
      (related?.name !== undefined && metadata.name === related.name && metadata.namespace === related.namespace),
  );
  if (!pod) return null;
  const workload = fleet.view.workloadOf(pod);
  const { namespace, name } = workload.metadata;
  const owner = workload === pod ? controllerOf(pod) : undefined;
  const what = owner ? `${owner.kind} ${namespace}/${owner.name}` : `${workload.kind} ${namespace}/${name}`;
  return { pod, workload, text: what };
}

function findingFor(unplaced: Unplaced, event: ClusterEvent, newcomer: Newcomer): Finding {
  const { workload, pod, fleet } = unplaced;
  const { view } = fleet;
  const [theirs, ours] = [priorityOf(newcomer.pod), priorityOf(pod)];
  const restored = victimClass(unplaced, theirs);
  const demoted = restored.fixes.length > 0 ? { fixes: [], reasons: [] } : demotion(unplaced, newcomer);
  const className = String(newcomer.pod.spec?.priorityClassName ?? 'none');
  return makeFinding({
    rule: PREEMPTED_PODS,
    severity: 'critical',
    object: workload,
    what: 'preempted',
    message: `Pods of ${nameOf(unplaced)} were evicted to make room for ${newcomer.text}, whose priority ${theirs} (class ${className}) outranks theirs of ${ours}`,
    evidence: [
      eventEvidence(event, pod),
      evidence(
        'sibling',
        newcomer.pod,
        'spec.priority',
        `${newcomer.text} runs with priority ${theirs} by class ${className}`,
      ),
      arrival(newcomer),
      evidence(
        'spec',
        workload,
        'metadata.creationTimestamp',
        `${nameOf(unplaced)} is there since ${workload.metadata.creationTimestamp}`,
      ),
      ...classEvidence(view, className),
      ...restored.reasons,
      ...demoted.reasons,
    ],
    fixes: [...restored.fixes, ...demoted.fixes],
    unfixed: `${nameOf(unplaced)} and ${newcomer.text} want the same room, and nothing in the cluster tells whose work matters more: whoever runs them decides`,
  });
}

function priorityOf(pod: KubeObject): number {
  return Number(pod.spec?.priority ?? 0);
}

function arrival({ workload, text }: Newcomer): Evidence {
  const author = changedAt(workload, ['spec', 'template', 'spec', 'priorityClassName']);
  const who = author
    ? `; its class was written by ${untrustedLine(author.by, 80)} at ${new Date(author.at).toISOString()}`
    : '';
  const since = workload.metadata.creationTimestamp ?? 'an unknown time';
  return evidence('sibling', workload, 'metadata.creationTimestamp', `${text} is there since ${since}${who}`);
}

function classEvidence(view: ClusterView, name: string): Evidence[] {
  const found = view.find('PriorityClass', undefined, name);
  if (!found) return [];
  const preset = found['globalDefault'] === true ? ', given to every pod that names no class' : '';
  const words = found['description'] ? `: ${untrustedLine(found['description'], 120)}` : '';
  return [evidence('sibling', found, 'value', `PriorityClass ${name} has value ${found['value']}${preset}${words}`)];
}

/** A class that the evicted workload had, and by which it would not have been evicted. */
function victimClass({ workload, fleet }: Unplaced, theirs: number): { fixes: FixDraft[]; reasons: Evidence[] } {
  const { view } = fleet;
  const parts = formerParts(view, workload, (pointer) => pointer === CLASS).filter(({ podSpec }) => {
    const name = podSpec?.priorityClassName as string | undefined;
    return name !== undefined && Number(view.find('PriorityClass', undefined, name)?.['value'] ?? -Infinity) >= theirs;
  });
  return {
    fixes: parts.slice(0, 1).map(({ ops, trust }) => ({
      changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload, waitsForNode)],
      expects: `the pods of ${workload.kind} ${workload.metadata.name} have their former priority and are placed again`,
      confidence: 0.9 * trust,
    })),
    reasons: parts.slice(0, 1).map((part) => part.evidence),
  };
}

/**
 * Takes the newcomer's priority away, where the cluster tells who gives way: it came last, nobody asks it, and what it
 * drove out serves. It then waits for room as anybody does. A priority is copied into pods when they are made, so they
 * are made anew: only after those that wait have taken their places, for a new pod may be placed before them.
 */
function demotion(unplaced: Unplaced, { workload: other, pod }: Newcomer): { fixes: FixDraft[]; reasons: Evidence[] } {
  const nothing = { fixes: [], reasons: [] };
  const { workload, fleet } = unplaced;
  const { view } = fleet;
  const template = podTemplateOf(other);
  const replicas = desiredReplicas(other);
  const movable =
    (other.kind === 'Deployment' || other.kind === 'StatefulSet') && view.inScope(other.metadata.namespace);
  if (!movable || !template || !replicas || autoscalersOf(other, view.snapshot).length > 0) return nothing;
  const services = (object: KubeObject) =>
    view.servicesSelecting(object.metadata.namespace, podTemplateOf(object)?.labels);
  const [asked] = services(workload);
  if (!asked || services(other).length > 0) return nothing;
  const [former] = formerParts(view, other, (pointer) => pointer === CLASS);
  const later =
    Date.parse(other.metadata.creationTimestamp ?? '') > Date.parse(workload.metadata.creationTimestamp ?? '');
  const name = template.spec?.priorityClassName as string | undefined;
  if (name === undefined || (!former && !later)) return nothing;
  const path = `${template.pointer}${CLASS}`;
  const ops = former?.ops ?? [
    { op: 'test' as const, path, value: name },
    { op: 'remove' as const, path },
  ];
  const empty = [
    { op: 'test' as const, path: '/spec/replicas', value: replicas },
    { op: 'replace' as const, path: '/spec/replicas', value: 0 },
  ];
  const words = `${other.kind} ${other.metadata.name}`;
  return {
    fixes: [
      {
        changes: [jsonPatch(other, [...ops, ...empty]), awaitRollout(workload), scaleTo(other, replicas)],
        expects: `${nameOf(unplaced)} gets its places back, and ${words} runs as far as there is room beside it`,
        confidence: former ? 0.7 * former.trust : 0.55,
        yields: [refOf(other)],
      },
    ],
    reasons: [
      ...(former ? [former.evidence] : []),
      evidence(
        'sibling',
        asked,
        'spec.selector',
        `Service ${asked.metadata.name} leads to ${nameOf(unplaced)}; no Service leads to ${words}`,
      ),
      evidence('sibling', pod, null, `pod ${pod.metadata.name} of ${words} holds what the evicted pods had`),
    ],
  };
}

export const preemptedPodsRule: Analyzer = {
  rule: PREEMPTED_PODS,
  layer: 'configuration',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'PriorityClass', 'Secret'],
  explains: 'Pods that were evicted for others of a higher priority and find no other place.',
  unfixed: 'nothing in the cluster tells whose work matters more: whoever runs them decides',
  analyze: analyzePreemptions,
};
