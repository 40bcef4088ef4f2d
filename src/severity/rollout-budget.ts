import type { KubeObject } from '../domain/kube-object.ts';
import { peerBudgetMs, startBudgetMs } from '../kube/pod-state.ts';
import { podTemplate } from '../kube/pod-template.ts';
import { rolloutWaves } from '../kube/rolling-update.ts';

const DEFAULT_PROGRESS_DEADLINE_S = 600;

/**
 * How long a workload's own settings let a rollout take, in ms: waves of pods, each with its start budget and
 * minReadySeconds, or as long as its pods took before; a Deployment gives up after its progress deadline anyway.
 */
export function rolloutBudgetMs(object: KubeObject, pods: readonly KubeObject[] = []): number {
  const template = podTemplate(object);
  if (!template) return 0;
  const perWave =
    Math.max(startBudgetMs(template.spec), peerBudgetMs(pods)) + (object.spec?.minReadySeconds ?? 0) * 1000;
  const budget = rolloutWaves(object) * perWave;
  if (object.kind !== 'Deployment') return budget;
  return Math.min(budget, (object.spec?.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S) * 1000);
}
