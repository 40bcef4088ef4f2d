import type { KubeObject, OwnerReference } from '../../domain/kube-object.ts';

/** Owners that make an equal pod when one is gone. */
const RECREATING = new Set(['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job']);

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** True for a pod that nobody brings back. */
export function isBare(pod: KubeObject): boolean {
  return !RECREATING.has(controllerOf(pod)?.kind ?? '');
}

/** A static pod of a kubelet, shown by its mirror. */
export function isMirror(pod: KubeObject): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

export function hasEnded(pod: KubeObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: KubeObject): boolean {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Volumes that vanish with a pod of this specification: `emptyDir`, and claims made for one pod only. */
export function volumesLostWith(podSpec: { volumes?: Record<string, unknown>[] } | undefined): string[] {
  return (podSpec?.volumes ?? [])
    .filter(({ emptyDir, ephemeral }) => emptyDir || ephemeral)
    .map(({ name }) => `${name}`);
}
