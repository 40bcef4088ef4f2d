import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { desiredReplicas } from './pods.ts';
import { controllerOf } from './ownership.ts';

/** A workload whose number of pods more than one autoscaler sets. */
export interface Contended {
  target: KubeObject;
  /** At least two, oldest first. */
  scalers: KubeObject[];
}

const SCALED_OBJECT = 'ScaledObject.keda.sh';
/** KEDA stops for either, and takes its own autoscaler away (keda.sh: Pausing autoscaling). */
const PAUSED = ['autoscaling.keda.sh/paused', 'autoscaling.keda.sh/paused-replicas'];

/**
 * Workloads that several autoscalers scale. One that KEDA made for a ScaledObject is that one's, and a ReplicaSet of a
 * Deployment stands for the Deployment. What is at 0 is scaled by none.
 */
export function contendedTargets(view: ClusterView): Contended[] {
  const found = new Map<KubeObject, KubeObject[]>();
  const scaled = view.all(SCALED_OBJECT).filter((object) => !isPaused(object));
  const scalers = view.all('HorizontalPodAutoscaler').filter((scaler) => !scaled.some((one) => madeFor(one, scaler)));
  for (const scaler of [...scalers, ...scaled]) {
    const target = scaler.metadata.deletionTimestamp ? undefined : targetOf(view, scaler);
    if (target && desiredReplicas(target) !== 0) found.set(target, [...(found.get(target) ?? []), scaler]);
  }
  return [...found]
    .filter(([, all]) => all.length > 1)
    .map(([target, all]) => ({ target, scalers: all.sort((a, b) => madeAt(a) - madeAt(b)) }));
}

/** Autoscalers beside which another one scales the same workload: the bounds of neither are what is wrong then. */
export function rivalScalers(view: ClusterView): ReadonlySet<KubeObject> {
  return new Set(contendedTargets(view).flatMap(({ scalers }) => scalers));
}

/** How many pods an autoscaler lets its target have. */
export function boundsOf({ kind, spec }: KubeObject): [number, number] {
  return kind === 'ScaledObject'
    ? [Number(spec?.minReplicaCount ?? 0), Number(spec?.maxReplicaCount ?? 100)]
    : [Number(spec?.minReplicas ?? 1), Number(spec?.maxReplicas ?? 0)];
}

export function madeAt({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? '');
}

function targetOf(view: ClusterView, scaler: KubeObject): KubeObject | undefined {
  const { name = '', kind = scaler.kind === 'ScaledObject' ? 'Deployment' : '' } = scaler.spec?.scaleTargetRef ?? {};
  const target = view.find(kind, scaler.metadata.namespace, name);
  if (target?.kind !== 'ReplicaSet') return target;
  const owner = controllerOf(target);
  return (owner && view.find(owner.kind, target.metadata.namespace, owner.name)) ?? target;
}

function isPaused({ metadata }: KubeObject): boolean {
  return PAUSED.some((key) => (metadata.annotations?.[key] ?? 'false') !== 'false');
}

function madeFor(scaled: KubeObject, { metadata }: KubeObject): boolean {
  return (
    metadata.namespace === scaled.metadata.namespace &&
    (metadata.labels?.['scaledobject.keda.sh/name'] === scaled.metadata.name ||
      scaled.status?.hpaName === metadata.name ||
      metadata.ownerReferences?.some(({ kind, name }) => kind === 'ScaledObject' && name === scaled.metadata.name) ===
        true)
  );
}
