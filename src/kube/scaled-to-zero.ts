import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import type { Topology } from './topology.ts';
import { podTemplate, readyEndpoints } from './topology.ts';

/**
 * Why a workload with 0 replicas should be running, in words; null when nothing says so (scaled down on purpose,
 * kept for later). Evidence: a Service that selects it and has no endpoint left, an autoscaler that demands
 * replicas, an event that scaled it down.
 */
export function scaledToZeroEvidence(object: KubeObject, snapshot: ClusterSnapshot, topology: Topology): string | null {
  if (scalesToZeroByDesign(object, snapshot)) return null;
  const autoscaler = autoscalerOf(object, snapshot);
  if (autoscaler && (autoscaler.spec?.minReplicas ?? 1) > 0) {
    return `HorizontalPodAutoscaler ${autoscaler.metadata.name} wants at least ${autoscaler.spec?.minReplicas ?? 1}`;
  }
  const labels = podTemplate(object)?.metadata?.labels;
  const starved = topology
    .servicesSelecting(object.metadata.namespace, labels)
    .find((service) => readyEndpoints(topology.slicesOf(service)) === 0);
  if (starved) return `Service ${starved.metadata.name} selects it and has no endpoints`;
  return scaleDownEvent(object, snapshot, topology);
}

/** Event-driven autoscalers keep idle workloads at 0; waking them is their business. */
export function scalesToZeroByDesign(object: KubeObject, snapshot: ClusterSnapshot): boolean {
  const labels = { ...object.metadata.labels, ...podTemplate(object)?.metadata?.labels };
  if (Object.keys(labels).some((key) => key.startsWith('serving.knative.dev/'))) return true;
  const autoscaler = autoscalerOf(object, snapshot);
  return autoscaler?.metadata.labels?.['app.kubernetes.io/managed-by'] === 'keda-operator';
}

export function autoscalerOf(object: KubeObject, snapshot: ClusterSnapshot): KubeObject | undefined {
  return objectsOf(snapshot, 'HorizontalPodAutoscaler', object.metadata.namespace).find(
    ({ spec }) => spec?.scaleTargetRef?.kind === object.kind && spec?.scaleTargetRef?.name === object.metadata.name,
  );
}

function scaleDownEvent(object: KubeObject, snapshot: ClusterSnapshot, topology: Topology): string | null {
  const events = objectsOf(snapshot, 'Event', object.metadata.namespace).filter(
    ({ involvedObject }) => involvedObject?.kind === object.kind && involvedObject?.name === object.metadata.name,
  );
  if (object.kind === 'Deployment') {
    // A rollout also scales ReplicaSets to 0, but never the one of the present revision.
    const current = topology.currentReplicaSet(object)?.metadata.name;
    const down = events.find(({ reason, message }) => {
      const match = /^Scaled down replica set (\S+)(?: from (\d+))? to 0\b/.exec((message as string | undefined) ?? '');
      return reason === 'ScalingReplicaSet' && match !== null && match[1] === current;
    });
    return down ? 'an event says that it was scaled down' : null;
  }
  if (object.kind !== 'StatefulSet') return null;
  const first = `${object.metadata.name}-0`;
  const latest = (reason: string, verb: string) =>
    events
      .filter(
        (event) =>
          event.reason === reason && (event.message as string | undefined)?.startsWith(`${verb} Pod ${first} in`),
      )
      .map((event) => Date.parse(event.lastTimestamp ?? event.eventTime ?? ''))
      .reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const deleted = latest('SuccessfulDelete', 'delete');
  return deleted > latest('SuccessfulCreate', 'create') ? 'an event says that it was scaled down' : null;
}
