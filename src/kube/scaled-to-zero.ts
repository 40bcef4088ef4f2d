import type { KubeObject } from '../domain/kube-object.ts';
import { autoscalersOf, idleByDesign } from './scalers.ts';
import type { ClusterView } from './cluster-view.ts';
import { readyEndpoints } from './endpoints.ts';
import { lastApplied, podTemplate } from './pod-template.ts';
import { usersOf } from './references-to-service.ts';

/**
 * Why a workload with 0 replicas should be running, in words; null when nothing says so (scaled down on purpose,
 * kept for later). Evidence: a Service that selects it and has no endpoint left, an autoscaler that demands
 * replicas, an event that scaled it down.
 */
export function scaledToZeroEvidence(object: KubeObject, cluster: ClusterView): string | null {
  const { snapshot } = cluster;
  if (idleByDesign(object, snapshot) || isAppliedAtZero(object, cluster)) return null;
  const [autoscaler] = autoscalersOf(object, snapshot);
  if (autoscaler && (autoscaler.spec?.minReplicas ?? 1) > 0) {
    return `HorizontalPodAutoscaler ${autoscaler.metadata.name} wants at least ${autoscaler.spec?.minReplicas ?? 1}`;
  }
  const labels = podTemplate(object)?.metadata?.labels;
  const starved = cluster
    .servicesSelecting(object.metadata.namespace, labels)
    .find((service) => readyEndpoints(cluster.slicesOf(service)) === 0);
  if (starved) return `Service ${starved.metadata.name} selects it and has no endpoints`;
  return scaleDownEvent(object, cluster);
}

/** True if the configuration last applied asks for 0 and nobody in scope asks a Service of the workload. */
export function isAppliedAtZero(object: KubeObject, cluster: ClusterView): boolean {
  if (object.spec?.replicas !== 0 || appliedReplicas(object) !== 0) return false;
  const { name, namespace } = object.metadata;
  const selecting = cluster.servicesSelecting(namespace, podTemplate(object)?.metadata?.labels);
  // A Service whose selector does not fit may still be the workload's by its name.
  const namesake = selecting.length === 0 ? cluster.find('Service', namespace, name) : undefined;
  return [...selecting, ...(namesake ? [namesake] : [])].every((service) => usersOf(cluster, service).length === 0);
}

function scaleDownEvent(object: KubeObject, cluster: ClusterView): string | null {
  const events = cluster
    .all('Event', object.metadata.namespace)
    .filter(
      ({ involvedObject }) => involvedObject?.kind === object.kind && involvedObject?.name === object.metadata.name,
    );
  if (object.kind === 'Deployment') {
    // A rollout also scales ReplicaSets to 0, but never the one of the present revision.
    const current = cluster.currentReplicaSet(object)?.metadata.name;
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

/** Replicas that the configuration last applied asks for; null where it leaves that to others, or nothing was applied. */
export function appliedReplicas(workload: KubeObject): number | null {
  const replicas: unknown = lastApplied(workload)?.spec?.replicas;
  return typeof replicas === 'number' && Number.isInteger(replicas) ? replicas : null;
}
