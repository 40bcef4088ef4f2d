import type { KubeObject } from '../../domain/kube-object.ts';
import type { KubeApi } from '../wire/kube-api.ts';

export const WORKLOAD_KINDS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
]);

/** ReplicaSets and pods below a workload, without status and managed fields. */
export async function derivedObjects(api: KubeApi, root: KubeObject, signal?: AbortSignal): Promise<KubeObject[]> {
  const { namespace, uid } = root.metadata;
  if (!namespace || !uid || !WORKLOAD_KINDS.has(root.kind)) return [];
  const owned = (objects: KubeObject[], owners: Set<string>) =>
    objects.filter((object) =>
      object.metadata.ownerReferences?.some((owner) => owner.controller && owners.has(owner.uid)),
    );
  const sets =
    root.kind === 'Deployment'
      ? owned((await api.list(`/apis/apps/v1/namespaces/${namespace}/replicasets`, signal)).items, new Set([uid]))
      : [];
  const owners = new Set([uid, ...sets.map((set) => set.metadata.uid ?? '')]);
  const pods = owned((await api.list(`/api/v1/namespaces/${namespace}/pods`, signal)).items, owners);
  const alive = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  return [...sets, ...alive].map(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata: { name: metadata.name, namespace, uid: metadata.uid, ownerReferences: metadata.ownerReferences },
    spec,
  }));
}

/** Ready replicas as the workload's status tells; null when it has no such notion. */
export function readyReplicas(object: KubeObject): number | null {
  if (!WORKLOAD_KINDS.has(object.kind) || object.kind === 'Job') return null;
  return Number(object.kind === 'DaemonSet' ? (object.status?.numberReady ?? 0) : (object.status?.readyReplicas ?? 0));
}

/** Numbers by which a workload's progress is told. */
export type ReplicaCounts = Record<string, number>;

export function replicaCounts(object: KubeObject): ReplicaCounts | null {
  if (readyReplicas(object) === null) return null;
  const status = object.status ?? {};
  const names = [
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'numberReady',
    'updatedNumberScheduled',
  ];
  return Object.fromEntries(names.map((name) => [name, Number(status[name] ?? 0)]));
}

/**
 * The controller has seen the latest specification, and the workload is either complete and as ready as before, or
 * exactly as incomplete as it was before.
 */
export function isConverged(object: KubeObject, before: ReplicaCounts | null): boolean {
  const now = replicaCounts(object);
  if (!now) return true;
  if (Number(object.status?.observedGeneration ?? 0) < Number(object.metadata.generation ?? 0)) return false;
  if (before && Object.entries(before).every(([name, count]) => now[name] === count)) return true;
  if (object.kind === 'DaemonSet') return (now.numberReady ?? 0) >= (before?.numberReady ?? 0);
  const wanted = Number(object.spec?.replicas ?? 1);
  const rolling =
    object.kind === 'Deployment' ||
    (object.kind === 'StatefulSet' && !object.spec?.updateStrategy?.rollingUpdate?.partition);
  if (rolling && object.spec?.updateStrategy?.type !== 'OnDelete' && now.updatedReplicas !== wanted) return false;
  return now.replicas === wanted && (now.readyReplicas ?? 0) >= Math.min(before?.readyReplicas ?? 0, wanted);
}
