import type { Finding, FindingSeverity } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { badConditions } from '../../../../kube/node-fit.ts';
import { workloadsTouchedBy } from '../../../../kube/subjects.ts';
import { refOf } from '../../../../domain/kube-object.ts';
import { untrustedLine } from '../../../../text/redact.ts';

const NODE_CONDITION = 'node-condition';
const MAX_NAMED = 4;

/** Nodes that are not ready or report pressure. Mending a node is not a change of the cluster's objects: no fix. */
export function analyzeNodeConditions({ view }: AnalyzerContext): Finding[] {
  return view.all('Node').flatMap((node) => {
    const bad = badConditions(node);
    if (bad.length === 0) return [];
    const notReady = bad.some((each) => each.type === 'Ready');
    const words = bad.map((each) => (each.type === 'Ready' ? 'is not ready' : `reports ${each.type}`)).join(' and ');
    const concerned = [...new Set(workloadsTouchedBy(view, refOf(node)))];
    return makeFinding({
      rule: NODE_CONDITION,
      severity: severityOf(view, concerned, notReady),
      object: node,
      what: bad
        .map((each) => each.type)
        .sort()
        .join(','),
      message: `Node ${node.metadata.name} ${words}`,
      evidence: [
        ...bad.map((each) => {
          const since = each.lastTransitionTime ? ` since ${each.lastTransitionTime}` : '';
          const text = untrustedLine(`${each.type}=${each.status}${since}: ${each.reason ?? ''} ${each.message ?? ''}`);
          return evidence('status', node, `status.conditions[${each.type}]`, text);
        }),
        ...concerned.slice(0, MAX_NAMED).map((each) => {
          const text = `${each.kind} ${each.metadata.name} has pods there, or pods that wait for a node like it`;
          return evidence('sibling', each, null, text);
        }),
      ],
      unfixed: bad.some(({ type, status }) => type === 'Ready' && status === 'Unknown')
        ? 'its kubelet no longer answers: whoever runs the node restarts it, or removes the node so that its pods move'
        : undefined,
    });
  });
}

/** A node that nobody here needs is its keeper's matter; pods of DaemonSets are on every node and go with it. */
function severityOf(view: ClusterView, concerned: KubeObject[], notReady: boolean): FindingSeverity {
  if (!view.known('Pod')) return 'warning';
  if (concerned.length === 0) return 'info';
  return notReady && concerned.some(({ kind }) => kind !== 'DaemonSet') ? 'critical' : 'warning';
}

export const nodeConditionRule: Analyzer = {
  rule: NODE_CONDITION,
  layer: 'infrastructure',
  kinds: [...PODS, 'Node'],
  explains: 'Pods that are evicted, or not placed, because their node is not ready or under pressure.',
  unfixed: 'what ails a node is mended on the node or by whoever runs it',
  analyze: analyzeNodeConditions,
};
