import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { usesClaim } from '../../../../kube/claims.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { isLiving } from '../../../../kube/pods.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { isDeadlock, makeWay } from '../../clues/pods/rollout-deadlock.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';

const VOLUME_HELD = 'volume-held';

/** Pods whose volume is attached to another node, and may be attached to one only, or that one other pod alone may use. */
export function analyzeHeldVolumes({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    for (const pod of view.podsOf(workload)) {
      if (!isLiving(pod)) continue;
      const isPlaced = Boolean(pod.spec?.nodeName);
      const event = view.eventsOf(pod).find(isPlaced ? isMultiAttach : isOfOnePod);
      const [holder] = event ? holdersOf(view, pod) : [];
      // Attached where no pod uses it any more: it is detached by itself within minutes.
      if (event && holder) return [findingFor(view, workload, pod, holder, event)];
    }
    return [];
  });
}

function isMultiAttach({ reason, message }: ClusterEvent): boolean {
  return reason === 'FailedAttachVolume' && /Multi-Attach error|already exclusively attached/i.test(message);
}

/** The scheduler's words for a claim with access mode ReadWriteOncePod (volume restrictions plugin). */
function isOfOnePod({ reason, message }: ClusterEvent): boolean {
  return reason === 'FailedScheduling' && /ReadWriteOncePod access mode/i.test(message);
}

/** Pods on other nodes that use a claim of this pod; where it is not placed itself, on any that only one pod may use. */
function holdersOf(view: ClusterView, pod: KubeObject): { pod: KubeObject; claim: string }[] {
  const volumes: Untyped[] = Array.isArray(pod.spec?.volumes) ? pod.spec.volumes : [];
  const placed = pod.spec?.nodeName as string | undefined;
  const claims = volumes.flatMap((volume) => {
    const name: unknown = volume?.persistentVolumeClaim?.claimName;
    if (typeof name !== 'string') return [];
    const claim = placed ? undefined : view.find('PersistentVolumeClaim', pod.metadata.namespace, name);
    const isOfOne = listOf(claim?.spec?.accessModes).includes('ReadWriteOncePod');
    return placed || isOfOne ? [name] : [];
  });
  return view
    .all('Pod', pod.metadata.namespace)
    .filter((other) => other !== pod && other.spec?.nodeName && other.spec.nodeName !== placed)
    .filter((other) => other.status?.phase !== 'Succeeded' && other.status?.phase !== 'Failed')
    .flatMap((other) => claims.filter((claim) => usesClaim(other, claim)).map((claim) => ({ pod: other, claim })));
}

function findingFor(
  view: ClusterView,
  workload: KubeObject,
  pod: KubeObject,
  { pod: holder, claim }: { pod: KubeObject; claim: string },
  event: ClusterEvent,
): Finding {
  const { name } = workload.metadata;
  const way = isLiving(holder) && isDeadlock(view, workload, pod, holder) ? makeWay(workload) : null;
  const leaving = holder.metadata.deletionTimestamp ? ', which is being deleted there but has not ended' : '';
  return makeFinding({
    rule: VOLUME_HELD,
    severity: 'critical',
    object: workload,
    what: claim,
    message: pod.spec?.nodeName
      ? `${workload.kind} ${name} cannot start on node ${pod.spec.nodeName}: claim ${claim} is attached to node ${holder.spec.nodeName} for pod ${holder.metadata.name}${leaving}`
      : `${workload.kind} ${name} cannot start pod ${pod.metadata.name}: claim ${claim} is for one pod at a time (ReadWriteOncePod), and pod ${holder.metadata.name} has it${leaving}`,
    evidence: [
      eventEvidence(event, pod),
      evidence(
        'sibling',
        holder,
        'spec.volumes',
        `pod ${holder.metadata.name} uses claim ${claim} on node ${holder.spec.nodeName}`,
      ),
      ...(way?.reasons ?? []),
    ],
    fixes: way?.fixes ?? [],
    unfixed: leaving
      ? 'the volume is let go when the pod has ended: whoever runs its node knows whether it still writes'
      : 'both pods want a volume that one node, or one pod, may use at a time: whoever owns the data decides which of them keeps it',
  });
}

export const volumeHeldRule: Analyzer = {
  rule: VOLUME_HELD,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event', 'PersistentVolumeClaim'],
  explains: 'Pods that wait for a volume which is attached to another node, or which another pod has for itself.',
  unfixed: 'whoever owns the data decides which pod keeps the volume',
  analyze: analyzeHeldVolumes,
};
