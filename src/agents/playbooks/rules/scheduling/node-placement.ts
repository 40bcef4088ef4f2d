import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { goodRevisions } from '../../clues/former/good-revision.ts';
import { jsonPatch, rolloutUndo } from '../../engine/changes.ts';
import { fittingNodes, placementOf, untoleratedTaints } from '../../../../kube/node-fit.ts';
import type { Placement } from '../../../../kube/node-fit.ts';
import { culpritsOf } from './placement-culprits.ts';
import type { Culprit } from './placement-culprits.ts';
import {
  containersOf,
  hasMutableTemplate,
  lastApplied,
  podTemplateOf,
  templateText,
} from '../../../../kube/pod-template.ts';
import type { PodTemplate } from '../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { isWanted } from '../../clues/scale/need.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { PODS, REVISIONS, NEED } from '../../../../kube/kind-sets.ts';

const NODE_PLACEMENT = 'node-placement';

/** Workloads whose nodeSelector, required node affinity or nodeName no node fulfils. */
export function analyzeNodePlacement({ view }: AnalyzerContext): Finding[] {
  // Without any node nothing can be placed, and that is not the workload's fault.
  if (!view.known('Node') || view.all('Node').length === 0) return [];
  return view.workloads().flatMap((workload) => {
    const template = podTemplateOf(workload);
    if (!template || !mayBeJudged(view, workload)) return [];
    const nodes = view.all('Node');
    const placement = placementOf(template.spec);
    if (fittingNodes(nodes, placement).length > 0) return [];
    return placementFinding(view, workload, template, placement) ?? [];
  });
}

function mayBeJudged(view: ClusterView, workload: KubeObject): boolean {
  if (workload.metadata.deletionTimestamp) return false;
  switch (workload.kind) {
    case 'Pod':
      return isLiving(workload) && !workload.spec?.nodeName;
    case 'Job':
      return Number(workload.status?.active ?? 0) > 0;
    case 'CronJob':
      return view.podsOf(workload).some((pod) => isLiving(pod) && !pod.spec?.nodeName);
    case 'DaemonSet':
      return hadNodes(view, workload);
    default:
      return isWanted(view, workload);
  }
}

/** A DaemonSet for a kind of node that the cluster does not have is normal, unless it had nodes or someone asks it. */
function hadNodes(view: ClusterView, workload: KubeObject): boolean {
  const nodes = view.all('Node');
  if (
    earlierRevisions(view, workload).some(
      (revision) => fittingNodes(nodes, placementOf(revision.template.spec)).length > 0,
    )
  ) {
    return true;
  }
  const applied = lastApplied(workload)?.spec?.template?.spec;
  if (applied && fittingNodes(nodes, placementOf(applied)).length > 0) return true;
  const services = view.servicesSelecting(workload.metadata.namespace, podTemplateOf(workload)?.labels ?? {});
  return view.known('Pod') && services.some((service) => view.podsBehind(service).length === 0);
}

function placementFinding(
  view: ClusterView,
  workload: KubeObject,
  template: PodTemplate,
  placement: Placement,
): Finding | null {
  const nodes = view.all('Node');
  const culprits = culpritsOf(view, workload, template, placement);
  const pending = view.podsOf(workload).filter((pod) => isLiving(pod) && !pod.spec?.nodeName);
  // An autoscaler that is bringing a node makes this a matter of waiting.
  const growing = pending.some((pod) =>
    view.eventsOf(pod).some((event) => event.reason === 'TriggeredScaleUp' || event.reason === 'Nominated'),
  );
  const ready = readyPods(view, workload).length;
  const served = ready > 0 && ready >= (desiredReplicas(workload) ?? 1);
  const demands = culprits.demands.length > 0 ? culprits.demands.join(' and ') : 'this combination of demands';
  return makeFinding({
    rule: NODE_PLACEMENT,
    severity: served || growing ? 'warning' : 'critical',
    object: workload,
    what: 'placement',
    message: `No node satisfies ${demands} of ${workload.kind} ${workload.metadata.name}`,
    evidence: [
      ...culprits.evidence,
      evidence(
        'status',
        { apiVersion: 'v1', kind: 'Node', name: nodes[0]!.metadata.name },
        'metadata.labels',
        nodeList(nodes),
      ),
      ...schedulingEvents(view, pending),
      ...placedBefore(view, placement),
      ...taintEvidence(nodes, template, culprits.alternatives[0] ?? null),
    ],
    fixes: growing ? [] : fixes(view, workload, culprits.alternatives),
    unfixed: growing ? 'an autoscaler is bringing a node: waiting is enough' : whyUnfixed(workload, demands),
  });
}

function whyUnfixed(workload: KubeObject, demands: string): string {
  if (!hasMutableTemplate(workload)) {
    return `a ${workload.kind} keeps the demands with which it was made: who made it has to make it anew`;
  }
  return (
    `no former state says that ${demands} may go, and a demand may keep pods apart on purpose: ` +
    'whoever made it decides that, or whoever labels the nodes'
  );
}

/** Pods that were placed by a label which their node does not have any more: it was taken off since. */
function placedBefore(view: ClusterView, { nodeSelector }: Placement): Evidence[] {
  const found = new Map<string, Evidence>();
  for (const pod of view.all('Pod').filter(isLiving)) {
    const node = pod.spec?.nodeName ? view.find('Node', undefined, String(pod.spec.nodeName)) : undefined;
    for (const [key, value] of Object.entries(nodeSelector)) {
      if (!node || pod.spec?.nodeSelector?.[key] !== value || node.metadata.labels?.[key] === value) continue;
      const { name } = node.metadata;
      const text = `node ${name} was labelled ${key}=${value} when pod ${pod.metadata.name}, which asks for it too, was placed there: the label was taken off since`;
      found.set(`${name} ${key}`, evidence('sibling', node, 'metadata.labels', text));
    }
  }
  return [...found.values()].slice(0, 2);
}

function nodeList(nodes: KubeObject[]): string {
  const names = nodes.slice(0, 6).map((node) => node.metadata.name);
  const more = nodes.length > names.length ? ` and ${nodes.length - names.length} more` : '';
  return `looked at ${nodes.length === 1 ? 'node' : `${nodes.length} nodes:`} ${names.join(', ')}${more}`;
}

function schedulingEvents(view: ClusterView, pending: KubeObject[]): Evidence[] {
  return pending.slice(0, 3).flatMap((pod) => {
    const event = view.eventsOf(pod).find((each) => each.reason === 'FailedScheduling');
    return event ? [eventEvidence(event, pod)] : [];
  });
}

/** Nodes that would fit after the first alternative but are tainted or cordoned. */
function taintEvidence(nodes: KubeObject[], template: PodTemplate, best: Culprit | null): Evidence[] {
  if (!best) return [];
  return fittingNodes(nodes, best.placementAfter).flatMap((node) => {
    const taints = untoleratedTaints(node, template.spec);
    if (taints.length > 0)
      return [evidence('spec', node, 'spec.taints', `node has untolerated taint ${taints.join(', ')}`)];
    return node.spec?.unschedulable ? [evidence('spec', node, 'spec.unschedulable', 'node is cordoned')] : [];
  });
}

function fixes(view: ClusterView, workload: KubeObject, alternatives: Culprit[]): FixDraft[] {
  if (!hasMutableTemplate(workload)) return [];
  const now = placementText(podTemplateOf(workload)!.spec);
  const stuck = replaceStuckPods(view, workload, (pod) => placementText(pod.spec) === now && !pod.spec?.nodeName);
  const expects = `the pods of ${workload.kind} ${workload.metadata.name} are scheduled and become ready`;
  const patches = alternatives.map((alternative) => ({
    changes: [jsonPatch(workload, alternative.ops), ...stuck],
    expects,
    confidence: alternative.confidence,
  }));
  const rollbacks = goodRevisions(view, workload).map(({ revision, trust }) => ({
    changes: [rolloutUndo(workload, revision.number), ...stuck],
    expects: `${workload.kind} ${workload.metadata.name} runs its revision ${revision.number} again`,
    confidence: 0.8 * trust * (sameContainers(workload, revision.template) ? 1 : 0.8),
  }));
  return [...patches, ...rollbacks.slice(0, 2)];
}

/** Placement of a pod or template; what the API server's defaulting adds to pods is not part of it. */
function placementText(podSpec: PodTemplate['spec']): string {
  const { nodeSelector, terms } = placementOf(podSpec);
  return JSON.stringify([Object.entries(nodeSelector).sort(), terms]);
}

function sameContainers(workload: KubeObject, template: PodTemplate['spec']): boolean {
  const text = (spec: PodTemplate['spec']): string =>
    templateText({ spec: containersOf(spec).map((container) => container.spec) });
  return text(template.spec) === text(podTemplateOf(workload)!.spec);
}

export const nodePlacementRule: Analyzer = {
  rule: NODE_PLACEMENT,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, ...NEED, 'Node', 'Secret'],
  explains: 'Pods that no node takes: selectors, affinity, taints or requests of the template fit none.',
  unfixed: 'no single change of the template is known to make the pods fit a node',
  analyze: analyzeNodePlacement,
};
