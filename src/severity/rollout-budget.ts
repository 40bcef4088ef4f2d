import type { KubeObject } from '../domain/kube-object.ts';
import { startBudgetMs } from '../kube/pod-state.ts';
import { podTemplate } from '../kube/pod-template.ts';

const DEFAULT_PROGRESS_DEADLINE_S = 600;

/**
 * How long a workload's own settings let a rollout take, in ms: waves of pods, each with its start budget and
 * minReadySeconds; a Deployment gives up after its progress deadline anyway.
 */
export function rolloutBudgetMs(object: KubeObject): number {
  const template = podTemplate(object);
  if (!template) return 0;
  const perWave = startBudgetMs(template.spec) + (object.spec?.minReadySeconds ?? 0) * 1000;
  const budget = waves(object) * perWave;
  if (object.kind !== 'Deployment') return budget;
  return Math.min(budget, (object.spec?.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S) * 1000);
}

function waves(object: KubeObject): number {
  const replicas = (object.kind === 'DaemonSet' ? object.status?.desiredNumberScheduled : object.spec?.replicas) ?? 1;
  if (replicas === 0) return 1;
  if (object.kind === 'StatefulSet') return object.spec?.podManagementPolicy === 'Parallel' ? 2 : replicas;
  if (object.kind === 'DaemonSet') {
    return Math.ceil(
      replicas / Math.max(1, share(object.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas)),
    );
  }
  if (object.kind !== 'Deployment' || object.spec?.strategy?.type === 'Recreate') return 1;
  const { maxSurge = '25%', maxUnavailable = '25%' } = object.spec?.strategy?.rollingUpdate ?? {};
  const step = share(maxSurge, replicas, Math.ceil) + share(maxUnavailable, replicas);
  return Math.ceil(replicas / Math.max(1, step));
}

/** A number or a percentage of the replicas; surge rounds up, unavailability down (apps/v1). */
function share(value: number | string, replicas: number, round: (n: number) => number = Math.floor): number {
  if (typeof value === 'number') return value;
  return round((Number.parseFloat(value) / 100) * replicas);
}
