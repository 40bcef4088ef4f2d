import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { NEED, PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { fittingNodes, placementOf } from '../../../../kube/node-fit.ts';
import { isStanding, keepingOff, taintText } from '../../../../kube/placement/taints.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

const DAEMON_SET_NOWHERE = 'daemon-set-nowhere';

/** DaemonSets that have no pod at all because every node they ask for is tainted: nobody waits, so nothing is pending. */
export function analyzeDaemonSets({ view }: AnalyzerContext): Finding[] {
  if (!view.known('Node')) return [];
  return view.all('DaemonSet').flatMap((set) => {
    const template = podTemplateOf(set);
    if (!template || set.metadata.deletionTimestamp || Number(set.status?.desiredNumberScheduled ?? 1) > 0) return [];
    const asked = fittingNodes(view.all('Node'), placementOf(template.spec));
    // Without any node of its labels it is for machines that this cluster may not have: a matter of placement.
    if (asked.length === 0 || takers(view, template.spec).length > 0) return [];
    return [findingFor(view, set, asked)];
  });
}

/** Taints of conditions and cordons are tolerated by all pods of DaemonSets (kubernetes.io "DaemonSet"). */
function takers(view: ClusterView, podSpec: Untyped): KubeObject[] {
  return fittingNodes(view.all('Node'), placementOf(podSpec)).filter((node) => inTheWay(node, podSpec).length === 0);
}

function inTheWay(node: KubeObject, podSpec: Untyped) {
  return keepingOff(node, podSpec).filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
}

function findingFor(view: ClusterView, set: KubeObject, asked: KubeObject[]): Finding {
  const template = podTemplateOf(set)!;
  const { name, namespace } = set.metadata;
  const parts = formerParts(view, set, (pointer) =>
    /^\/(?:tolerations|nodeSelector|affinity)(?:\/|$)/.test(pointer),
  ).filter(({ podSpec }) => takers(view, podSpec).length > 0);
  const services = view.known('Pod')
    ? view.servicesSelecting(namespace, template.labels).filter((service) => view.podsBehind(service).length === 0)
    : [];
  const taints = asked.slice(0, 4).map((node): Evidence => {
    const texts = inTheWay(node, template.spec).map(taintText).join(', ');
    return evidence(
      'spec',
      node,
      'spec.taints',
      `node ${node.metadata.name} has taint ${texts}, which is not tolerated`,
    );
  });
  const standing = asked.every((node) => inTheWay(node, template.spec).every(isStanding));
  return makeFinding({
    rule: DAEMON_SET_NOWHERE,
    // One that never had a node may be meant for nodes to come.
    severity: services.length > 0 ? 'critical' : parts.length > 0 ? 'warning' : 'info',
    object: set,
    what: 'taints',
    message: `DaemonSet ${name} runs nowhere: it does not tolerate the taints of the ${asked.length} nodes that it asks for`,
    evidence: [
      ...taints,
      ...parts.slice(0, 2).map((part) => part.evidence),
      ...services.map((service) =>
        evidence('sibling', service, 'spec.selector', `Service ${service.metadata.name} selects its pods and has none`),
      ),
    ],
    fixes: parts.slice(0, 2).map(({ ops, trust }) => ({
      changes: [jsonPatch(set, ops)],
      expects: `DaemonSet ${name} has pods on its nodes again`,
      confidence: 0.9 * trust,
    })),
    unfixed: standing
      ? 'the taints say what the nodes are: whoever wrote the DaemonSet decides whether it belongs there'
      : 'whoever tainted the nodes knows what they are kept for',
  });
}

export const daemonSetNowhereRule: Analyzer = {
  rule: DAEMON_SET_NOWHERE,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, ...NEED, 'Node'],
  explains: 'DaemonSets without a single pod because all their nodes are tainted.',
  unfixed: 'whoever tainted the nodes knows what they are kept for',
  analyze: analyzeDaemonSets,
};
