import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { ForecastInput } from '../forecast.ts';
import type { Effect } from './effect.ts';
import { comesBack, isLost, oneWay } from './effect.ts';
import { cannotComeBack } from './admission.ts';
import type { ClusterFacts } from './facts.ts';
import { isRemade } from './remade.ts';
import { goesWithPods } from './workload.ts';

/** A pod that is deleted or evicted. */
export async function effectsOfPodRemoval(
  { ref, force }: ForecastInput,
  pod: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  if (pod.metadata.deletionTimestamp) return [oneWay(`${refLabel(ref)} is already being deleted`)];
  if (force) return [oneWay('a forced removal (grace period 0) can leave containers running that nobody sees')];
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror']) return [oneWay('a static pod belongs to its node')];
  const { finalizers = [] } = pod.metadata;
  if (finalizers.length > 0) return [oneWay(`its finalizers (${finalizers.join(', ')}) act on deletion`)];
  const volumes = await goesWithPods(pod, ref, facts);
  return (await isRemade(pod, facts))
    ? [
        comesBack('its controller replaces it by a pod with a new name and uid', ref),
        ...(await cannotComeBack(pod, ref, pod, facts)),
        ...volumes,
      ]
    : [isLost('no controller brings it back; the state of its containers is lost', ref), ...volumes];
}
