import type { KubeObject } from '../domain/kube-object.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function condition(object: KubeObject, type: string): Condition | undefined {
  const conditions: unknown = object.status?.conditions;
  return Array.isArray(conditions) ? (conditions as Condition[]).find((entry) => entry?.type === type) : undefined;
}

/** Neither ended nor on its way out. */
export function isLiving(pod: KubeObject): boolean {
  return !pod.metadata.deletionTimestamp && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
}

/** Serves requests: one that is being deleted is taken out of its Services, whatever its condition still says. */
export function isReady(pod: KubeObject): boolean {
  return isLiving(pod) && condition(pod, 'Ready')?.status === 'True';
}

/** Pods a workload is asked to run; null where the spec does not say (DaemonSet: by nodes). */
export function desiredReplicas(workload: KubeObject): number | null {
  switch (workload.kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return typeof workload.spec?.replicas === 'number' ? workload.spec.replicas : 1;
    case 'Pod':
      return 1;
    default:
      return null;
  }
}
