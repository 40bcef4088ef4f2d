import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { affectedBy } from '../kube/affected.ts';
import { endpointsPending } from './endpoint-convergence.ts';
import { rolloutBudgetMs } from './rollout-budget.ts';
import { autoscalersOf } from '../kube/scalers.ts';
import { classOf, waitsForConsumer } from '../kube/claims.ts';
import { workloadPending } from './workload-convergence.ts';
import { ClusterView } from '../kube/cluster-view.ts';

/** Something that is not (yet) as the specification says. */
export interface Pending {
  /** Stable while the same thing is pending for the same reason. */
  key: string;
  text: string;
  /**
   * How long this very state may last, in ms, before waiting longer brings nothing; null while it moves and only the
   * deadline ends the wait.
   */
  patienceMs: number | null;
}

export interface Convergence {
  pending: Pending[];
  /** How long the rollouts of the roots may take by their own settings, in ms. */
  budgetMs: number;
  /** Workloads that roots belong to: still roots after a root itself (a pod) is gone. */
  homes: ObjectRef[];
}

/** Retries of storage provisioners back off 15 s, 30 s, 60 s. */
const CLAIM_PATIENCE_MS = 75_000;
const MISSING_CLASS_PATIENCE_MS = 3_000;
const OBSERVE_PATIENCE_MS = 10_000;
/** The autoscaler looks every 15 s. */
const AUTOSCALER_PATIENCE_MS = 35_000;

/**
 * What has not converged among the roots of a transaction and their dependents: a pure function of a view of the
 * cluster that is at least as new as the writes.
 */
export function assessConvergence(view: ClusterSnapshot, roots: ObjectRef[]): Convergence {
  const cluster = new ClusterView(view);
  const isAffected = affectedBy(roots, view);
  const homes = homesOf(view, cluster, roots);
  const fresh = new Set([...roots, ...homes].map(refKey));
  const rootKinds = new Set(roots.map(({ kind }) => kind));
  const pending: Pending[] = [];
  let budgetMs = 0;
  const now = Date.parse(view.takenAt);
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job']) {
    for (const object of objectsOf(view, kind)) {
      const ref = refOf(object);
      const owned = object.metadata.ownerReferences?.some((owner) => owner.controller);
      if (owned || !isAffected(ref)) continue;
      const isFresh = fresh.has(refKey(ref));
      if (isFresh) budgetMs = Math.max(budgetMs, rolloutBudgetMs(object, cluster.homes.podsAt(ref)));
      pending.push(...workloadPending(object, { cluster, now, isFresh, rootKinds }));
    }
  }
  for (const service of objectsOf(view, 'Service')) {
    if (isAffected(refOf(service))) pending.push(...endpointsPending(service, cluster));
  }
  for (const claim of objectsOf(view, 'PersistentVolumeClaim')) {
    if (isAffected(refOf(claim))) pending.push(...claimPending(claim, view));
  }
  for (const root of roots) pending.push(...rootPending(root, view, cluster));
  return { pending: [...new Map(pending.map((one) => [one.key, one])).values()], budgetMs, homes };
}

/** Workloads that a root is, or is part of: their pods were made by what we wrote. */
function homesOf(view: ClusterSnapshot, cluster: ClusterView, roots: ObjectRef[]): ObjectRef[] {
  return roots
    .map((root) => objectsOf(view, root.kind, root.namespace).find(({ metadata }) => metadata.name === root.name))
    .filter((object) => object !== undefined)
    .map((object) => cluster.homes.of(object));
}

function claimPending(claim: KubeObject, view: ClusterSnapshot): Pending[] {
  const label = refLabel(refOf(claim));
  const phase = claim.status?.phase as string | undefined;
  if (claim.metadata.deletionTimestamp) {
    return [{ key: `${label} terminating`, text: `${label} is being deleted`, patienceMs: OBSERVE_PATIENCE_MS }];
  }
  if (phase === 'Bound' || (phase === 'Pending' && waitsForConsumer(claim, view))) return [];
  const unknownClass =
    view.objects.StorageClass !== undefined && !classOf(claim, view) && claim.spec?.storageClassName !== '';
  const patienceMs = phase === 'Lost' || unknownClass ? MISSING_CLASS_PATIENCE_MS : CLAIM_PATIENCE_MS;
  return [{ key: `${label} ${phase}`, text: `${label} is ${phase ?? 'not seen yet'}`, patienceMs }];
}

/**
 * Pods of a Deployment that is gone with its ReplicaSets: nothing links them to it any more but the name that the
 * controller gave to the ReplicaSet.
 */
function podsOfGone(root: ObjectRef, view: ClusterSnapshot): number {
  if (root.kind !== 'Deployment') return 0;
  return objectsOf(view, 'Pod', root.namespace).filter(({ metadata }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    return owner?.kind === 'ReplicaSet' && owner.name === `${root.name}-${metadata.labels?.['pod-template-hash']}`;
  }).length;
}

/** The written object itself, where no rule above knows more. */
function rootPending(root: ObjectRef, view: ClusterSnapshot, cluster: ClusterView): Pending[] {
  const label = refLabel(root);
  const object = objectsOf(view, root.kind, root.namespace).find(({ metadata }) => metadata.name === root.name);
  if (!object) {
    const orphans = Math.max(cluster.homes.podsAt(root).length, podsOfGone(root, view));
    if (orphans === 0 || root.kind === 'Pod') return [];
    return [
      {
        key: `${label} orphans`,
        text: `${label} is gone, ${orphans} pods are not yet`,
        patienceMs: OBSERVE_PATIENCE_MS * 4,
      },
    ];
  }
  if (root.kind === 'HorizontalPodAutoscaler') return autoscalerPending(object, view);
  const observed = object.status?.observedGeneration as number | undefined;
  if (observed === undefined || observed >= (object.metadata.generation ?? 0)) return [];
  return [
    {
      key: `${label} unobserved`,
      text: `${label}: its controller has not seen the change`,
      patienceMs: OBSERVE_PATIENCE_MS,
    },
  ];
}

function autoscalerPending(scaler: KubeObject, view: ClusterSnapshot): Pending[] {
  const { minReplicas = 1, maxReplicas = Number.POSITIVE_INFINITY, scaleTargetRef } = scaler.spec ?? {};
  const target = objectsOf(view, scaleTargetRef?.kind ?? '', scaler.metadata.namespace).find((object) =>
    autoscalersOf(object, view).includes(scaler),
  );
  const replicas = (target?.spec?.replicas ?? 0) as number;
  // A target at 0 switches the autoscaler off.
  if (!target || replicas === 0 || (replicas >= minReplicas && replicas <= maxReplicas)) return [];
  const label = refLabel(refOf(scaler));
  return [
    { key: `${label} range`, text: `${label} has not scaled its target yet`, patienceMs: AUTOSCALER_PATIENCE_MS },
  ];
}
