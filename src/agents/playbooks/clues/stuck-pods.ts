import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { deleteNoWait } from '../engine/changes.ts';
import { isLiving, isReady } from '../../../kube/pods.ts';
import type { Change } from '../../../domain/change.ts';

/**
 * Commands that must follow a change of the template because the controller does not replace broken pods by itself: an
 * ordered StatefulSet waits for the broken pod to become ready first (kubernetes.io: "Forced rollback"), and with
 * strategy OnDelete nothing is ever replaced. `broken` tells which pods suffer from the fault.
 */
export function replaceStuckPods(
  view: ClusterView,
  workload: KubeObject,
  broken: (pod: KubeObject) => boolean = () => true,
): Change[] {
  if (!waitsForBrokenPods(workload)) return [];
  return view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isReady(pod) && broken(pod))
    .map(deleteNoWait);
}

export function waitsForBrokenPods(workload: KubeObject): boolean {
  if (workload.spec?.updateStrategy?.type === 'OnDelete') {
    return workload.kind === 'StatefulSet' || workload.kind === 'DaemonSet';
  }
  return workload.kind === 'StatefulSet' && workload.spec?.podManagementPolicy !== 'Parallel';
}
