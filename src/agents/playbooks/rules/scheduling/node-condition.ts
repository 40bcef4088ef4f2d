import type { Finding } from '../../../../domain/finding.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';

const NODE_CONDITION = 'node-condition';

const PRESSURES = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']);

/** Nodes that are not ready or report pressure. Mending a node is not a change of the cluster's objects: no fix. */
export function analyzeNodeConditions({ view }: AnalyzerContext): Finding[] {
  return view.all('Node').flatMap((node) => {
    const conditions: Untyped[] = Array.isArray(node.status?.conditions) ? node.status.conditions : [];
    const bad = conditions.filter(
      (each) =>
        (each?.type === 'Ready' && each.status !== 'True') || (PRESSURES.has(each?.type) && each?.status === 'True'),
    );
    if (bad.length === 0) return [];
    const notReady = bad.some((each) => each.type === 'Ready');
    const words = bad.map((each) => (each.type === 'Ready' ? 'is not ready' : `reports ${each.type}`)).join(' and ');
    return makeFinding({
      rule: NODE_CONDITION,
      severity: notReady ? 'critical' : 'warning',
      object: node,
      what: bad
        .map((each) => each.type)
        .sort()
        .join(','),
      message: `Node ${node.metadata.name} ${words}`,
      evidence: bad.map((each) => {
        const text = untrustedLine(`${each.type}=${each.status}: ${each.reason ?? ''} ${each.message ?? ''}`);
        return evidence('status', node, `status.conditions[${each.type}]`, text);
      }),
    });
  });
}

export const nodeConditionRule: Analyzer = {
  rule: NODE_CONDITION,
  layer: 'infrastructure',
  kinds: ['Node'],
  explains: 'Pods that are evicted, or not placed, because their node is not ready or under pressure.',
  unfixed: 'what ails a node is mended on the node or by whoever runs it',
  analyze: analyzeNodeConditions,
};
