import type { KubeObject } from '../../domain/kube-object.ts';
import { controllerOf } from '../../kube/ownership.ts';

/** Owners that make an equal pod when one is gone. */
const RECREATING = new Set(['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job']);

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

/** Volumes that vanish with a pod of this specification: `emptyDir`, and claims made for one pod only. */
export function volumesLostWith(podSpec: { volumes?: Record<string, unknown>[] } | undefined): string[] {
  return (podSpec?.volumes ?? [])
    .filter(({ emptyDir, ephemeral }) => emptyDir || ephemeral)
    .map(({ name }) => `${name}`);
}
