import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const SLOW_STOP = 'slow-stop';

/** Programs that are given longer than this to stop hold those up that wait for it, in ms. */
const LONG_MS = 60_000;

/**
 * Workloads that make no new pod before an old one has ended, which has long to do so: a strategy `Recreate`, the replicas
 * of a StatefulSet, the pods of a node's DaemonSet (kubernetes.io, "Pod Lifecycle", termination of pods).
 */
export function analyzeSlowStops({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    if (!waitsForEnd(workload) || workload.metadata.deletionTimestamp) return [];
    const ready = readyPods(view, workload).length;
    if (ready >= (desiredReplicas(workload) ?? 1)) return [];
    const slow = view.podsOf(workload).filter((pod) => isSlow(view, pod));
    return slow.length === 0 ? [] : [findingFor(workload, slow, ready)];
  });
}

function waitsForEnd({ kind, spec }: KubeObject): boolean {
  return (
    (kind === 'Deployment' && spec?.strategy?.type === 'Recreate') || kind === 'StatefulSet' || kind === 'DaemonSet'
  );
}

/** `deletionTimestamp` is when its time to stop is over. */
function isSlow(view: ClusterView, { metadata }: KubeObject): boolean {
  const until = Date.parse(metadata.deletionTimestamp ?? '');
  return graceOf(metadata) * 1_000 > LONG_MS && until > view.now;
}

function graceOf(metadata: KubeObject['metadata']): number {
  return Number((metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ?? 0);
}

function findingFor(workload: KubeObject, slow: readonly KubeObject[], ready: number): Finding {
  const { kind, metadata } = workload;
  const [pod] = [...slow].sort((a, b) =>
    String(b.metadata.deletionTimestamp).localeCompare(String(a.metadata.deletionTimestamp)),
  );
  const { name, deletionTimestamp } = pod!.metadata;
  const seconds = graceOf(pod!.metadata);
  const hooks = containersOf(podTemplateOf(pod!)?.spec).filter(({ spec }) => spec?.lifecycle?.preStop);
  const hook = hooks.length > 0 ? `, and container ${hooks[0]!.name} has a preStop hook` : '';
  return makeFinding({
    rule: SLOW_STOP,
    severity: ready === 0 ? 'critical' : 'warning',
    object: workload,
    what: 'stopping',
    message: `${kind} ${metadata.name} waits for pod ${name} to stop, which it has until ${deletionTimestamp} to do (${seconds} s)`,
    evidence: [
      evidence('spec', pod!, 'metadata.deletionGracePeriodSeconds', `it was given ${seconds} s to stop${hook}`),
      evidence(
        'spec',
        workload,
        kind === 'Deployment' ? 'spec.strategy' : 'spec.updateStrategy',
        'it makes no new pod before the old one has ended',
      ),
    ],
    unfixed: `its program may be at the end of its work, which nobody else can tell: it ends by ${deletionTimestamp} at the latest, and who knows that nothing is lost can delete the pod with less time`,
    beyond: true,
  });
}

export const slowStopRule: Analyzer = {
  rule: SLOW_STOP,
  layer: 'replicas',
  kinds: [...PODS],
  explains: 'Workloads that wait for an old pod to stop, which has minutes to do so.',
  unfixed: 'the program of the old pod may be at the end of its work',
  analyze: analyzeSlowStops,
};
