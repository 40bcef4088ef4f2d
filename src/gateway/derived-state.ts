import type { KubeObject } from '../domain/kube-object.ts';
import type { ApiSession } from './api-session.ts';

export const WORKLOAD_KINDS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
]);

/** ReplicaSets and pods below a workload, without status and managed fields. */
export async function derivedObjects(api: ApiSession, root: KubeObject, signal?: AbortSignal): Promise<KubeObject[]> {
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

/** The controller has seen the latest specification and no old pods are left. */
export function isConverged(object: KubeObject, readyBefore: number | null): boolean {
  const status = object.status ?? {};
  if (!WORKLOAD_KINDS.has(object.kind) || object.kind === 'Job') return true;
  if (Number(status.observedGeneration ?? 0) < Number(object.metadata.generation ?? 0)) return false;
  if (object.kind === 'Deployment' && Number(status.replicas ?? 0) !== Number(object.spec?.replicas ?? 1)) return false;
  return readyBefore === null || (readyReplicas(object) ?? 0) >= readyBefore;
}
