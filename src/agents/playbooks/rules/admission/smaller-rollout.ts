import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerResources } from '../../../../kube/pod-resources.ts';
import { completedResources } from '../../../../kube/pod-resources.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { leftIn, usedOf } from '../../../../kube/resource-rules.ts';
import { autoscalersOf } from '../../../../kube/scalers.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch, rolloutRestart, scaleTo } from '../../engine/changes.ts';

interface Reasoned {
  fix: FixDraft;
  evidence: Evidence;
}

/** Somebody scaled it beyond what it was applied with, and a quota has no room for that many. */
export function formerSizeFix(view: ClusterView, workload: KubeObject): Reasoned | null {
  const now = desiredReplicas(workload);
  const before: unknown = lastApplied(workload)?.spec?.replicas;
  if (now === null || typeof before !== 'number' || before < 1 || before >= now) return null;
  if (autoscalersOf(workload, view.snapshot).length > 0) return null;
  return {
    fix: {
      changes: [scaleTo(workload, before)],
      expects: `${workload.kind} ${workload.metadata.name} has the ${before} pods again that it was applied with, which the quota lets in`,
      confidence: 0.6,
    },
    evidence: evidence(
      'revision',
      workload,
      LAST_APPLIED_FIELD,
      `the configuration last applied asks for ${before} replicas, now it asks for ${now}`,
    ),
  };
}

/**
 * All replicas fit into the quota, but not the pod that a rolling update makes before it takes an old one away. Replacing
 * them one by one needs no room.
 */
export function surgeFix(
  view: ClusterView,
  workload: KubeObject,
  quota: KubeObject,
  containers: readonly ContainerResources[],
): Reasoned | null {
  const strategy = workload.spec?.strategy;
  if (workload.kind !== 'Deployment' || strategy?.type === 'Recreate') return null;
  const replicas = desiredReplicas(workload)!;
  const present = view.podsOf(workload).filter(isLiving);
  if (replicas < 1 || present.length < replicas || strategy?.rollingUpdate?.maxSurge === 0) return null;
  const left = leftIn(quota);
  const freed = (name: string) => Math.min(...present.map((pod) => usedOf(name, completedResources(pod.spec, []))));
  if (!Object.keys(left).every((name) => usedOf(name, containers) <= left[name]! + freed(name))) return null;
  const surge = String(strategy?.rollingUpdate?.maxSurge ?? '25%');
  const text = `a rolling update makes a pod beside the ${replicas} wanted (maxSurge ${surge}); without it they fit into quota ${quota.metadata.name}`;
  const oneByOne = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  return {
    fix: {
      changes: [
        jsonPatch(workload, [
          ...(strategy === undefined
            ? []
            : [{ op: 'test' as const, path: '/spec/strategy', value: strategy as unknown }]),
          { op: 'add', path: '/spec/strategy', value: oneByOne },
        ]),
        // A ReplicaSet that was refused is tried again only minutes later, a new one at once.
        rolloutRestart(workload),
      ],
      expects: `${workload.kind} ${workload.metadata.name} replaces its pods one by one within the quota`,
      // With a single replica nothing serves in between.
      confidence: replicas > 1 ? 0.7 : 0.45,
    },
    evidence: evidence('spec', workload, 'spec.strategy.rollingUpdate', text),
  };
}
