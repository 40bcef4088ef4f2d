import type { Change } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { mergePatch, rolloutRestart } from '../../engine/changes.ts';

const RETRY = 'stratus-oncall/retry';

/**
 * Makes a controller that was refused try again: it waits twice as long after every refusal, up to a quarter of an hour,
 * unless its object changes. Nothing that serves is replaced. A new ReplicaSet starts with short waits; a Deployment
 * hands its annotations down to the present one.
 * @param maker the ReplicaSet, Job or workload whose controller was refused
 * @param reason what stood in its way, the same for the same obstacle
 */
export function prodController(view: ClusterView, workload: KubeObject, maker: KubeObject, reason: string): Change {
  if (workload.kind === 'Deployment' && readyPods(view, workload).length === 0) return rolloutRestart(workload);
  const object = maker.kind === 'ReplicaSet' && workload.kind === 'Deployment' ? workload : maker;
  const again = object.metadata.annotations?.[RETRY] === reason ? `${reason} again` : reason;
  return mergePatch(object, { metadata: { annotations: { [RETRY]: again } } });
}
