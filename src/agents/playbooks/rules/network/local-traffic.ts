import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';
import { referencesTo } from '../../../../kube/references-to-service.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { complaintAbout, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const LOCAL_TRAFFIC = 'local-traffic';
const PATH = '/spec/internalTrafficPolicy';

/**
 * Services that send each caller only to pods of its own node, with callers in trouble on nodes that have none.
 * Source: kubernetes.io, "Service Internal Traffic Policy".
 */
export async function analyzeLocalTraffic(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  if (!view.known('Pod')) return [];
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const service of view.all('Service')) {
    if (service.spec?.internalTrafficPolicy !== 'Local' || service.spec?.clusterIP === 'None') continue;
    const ready = view.podsBehind(service).filter(isReady);
    const nodes = new Set(ready.map(({ spec }) => spec?.nodeName as string));
    const cut =
      ready.length === 0
        ? []
        : callersWithout(view, service, nodes).filter((each) => troubled.has(refKey(refOf(each))));
    if (cut.length === 0) continue;
    const logs = (await Promise.all(cut.slice(0, 3).map((each) => workloadLog(context, each)))).flat();
    const lines = logs.filter(({ text }) => complaintAbout(text, service.metadata.name) !== null);
    const levels = cut.map((each) => troubled.get(refKey(refOf(each))));
    if (lines.length === 0 && levels.every((level) => level === 'maybe')) continue;
    const applied: unknown =
      lastApplied(service)?.spec && (lastApplied(service).spec.internalTrafficPolicy ?? 'Cluster');
    const ops: PatchOp[] = [
      { op: 'test', path: PATH, value: 'Local' },
      { op: 'replace', path: PATH, value: 'Cluster' },
    ];
    findings.push(
      makeFinding({
        rule: LOCAL_TRAFFIC,
        severity: lines.length > 0 || levels.includes('unhealthy') ? 'critical' : 'warning',
        object: service,
        what: 'internalTrafficPolicy',
        message: `Service ${service.metadata.name} sends callers only to pods of their own node (internalTrafficPolicy Local), and ${cut.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')} runs where there are none`,
        evidence: [
          evidence('spec', service, 'spec.internalTrafficPolicy', 'spec.internalTrafficPolicy is Local'),
          evidence('status', ready[0]!, 'spec.nodeName', `ready pods run on ${[...nodes].sort().join(', ')} only`),
          ...(applied === 'Cluster'
            ? [evidence('revision', service, 'metadata.annotations', 'it was Cluster when it was last applied')]
            : []),
          ...lines.slice(-2).map(logEvidence),
        ],
        fixes: [
          {
            changes: [jsonPatch(service, ops)],
            expects: `Service ${service.metadata.name} reaches its pods from every node`,
            confidence: applied === 'Cluster' ? 0.92 : 0.65,
          },
        ],
      }),
    );
  }
  return findings;
}

function callersWithout(view: ClusterView, service: KubeObject, nodes: Set<string>): KubeObject[] {
  const callers = [...new Set(referencesTo(view, service).map(({ from }) => from))];
  return callers.filter((caller) =>
    view
      .podsOf(caller)
      .some(
        ({ spec, metadata }) => !metadata.deletionTimestamp && spec?.nodeName && !nodes.has(spec.nodeName as string),
      ),
  );
}

export const localTrafficRule: Analyzer = {
  rule: LOCAL_TRAFFIC,
  layer: 'network',
  kinds: [...PODS, 'Event', 'Service', 'ConfigMap', 'Namespace'],
  explains:
    'Callers that get no answer because a Service sends them only to pods of their own node, where there are none.',
  unfixed: 'whoever owns the Service can say whether callers may leave their node',
  analyze: analyzeLocalTraffic,
};
