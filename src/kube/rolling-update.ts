import type { KubeObject } from '../domain/kube-object.ts';

/** Pods that a workload has when nothing is wrong. */
function wanted(workload: KubeObject): number {
  const count = workload.kind === 'DaemonSet' ? workload.status?.desiredNumberScheduled : workload.spec?.replicas;
  return Number(count ?? 1);
}

/** A number or a percentage of the replicas; surge rounds up, unavailability down (apps/v1). */
function share(value: number | string, replicas: number, round: (n: number) => number = Math.floor): number {
  if (typeof value === 'number') return value;
  return round((Number.parseFloat(value) / 100) * replicas);
}

/** Waves in which a workload's own strategy replaces its pods, at least 1. */
export function rolloutWaves(workload: KubeObject): number {
  const replicas = wanted(workload);
  if (replicas === 0) return 1;
  if (workload.kind === 'StatefulSet') return workload.spec?.podManagementPolicy === 'Parallel' ? 2 : replicas;
  if (workload.kind === 'DaemonSet') return Math.ceil(replicas / Math.max(1, rolloutUnavailable(workload)));
  if (workload.kind !== 'Deployment' || workload.spec?.strategy?.type === 'Recreate') return 1;
  const { maxSurge = '25%' } = workload.spec?.strategy?.rollingUpdate ?? {};
  const step = share(maxSurge, replicas, Math.ceil) + rolloutUnavailable(workload);
  return Math.ceil(replicas / Math.max(1, step));
}

/**
 * Most pods of a workload that its own strategy lets be out at one time while all are replaced. Nothing is replaced by
 * itself with OnDelete; a Job's pods never are (kubernetes.io: Deployment, StatefulSet and DaemonSet strategies).
 */
export function rolloutUnavailable(workload: KubeObject): number {
  const replicas = wanted(workload);
  const strategy = workload.spec?.strategy ?? workload.spec?.updateStrategy;
  if (strategy?.type === 'OnDelete') return 0;
  if (workload.kind === 'StatefulSet')
    return Math.min(replicas, share(strategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, Math.ceil));
  if (workload.kind === 'DaemonSet') {
    const { maxUnavailable = 1, maxSurge = 0 } = strategy?.rollingUpdate ?? {};
    return share(maxSurge, replicas, Math.ceil) > 0 ? 0 : share(maxUnavailable, replicas, Math.ceil);
  }
  if (workload.kind !== 'Deployment') return 0;
  if (strategy?.type === 'Recreate') return replicas;
  const { maxUnavailable = '25%', maxSurge = '25%' } = strategy?.rollingUpdate ?? {};
  const out = share(maxUnavailable, replicas);
  // The controller lets one go when both round to nothing.
  return Math.max(out, share(maxSurge, replicas, Math.ceil) === 0 ? 1 : 0);
}
