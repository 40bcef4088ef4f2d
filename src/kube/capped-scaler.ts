import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterEvent, ClusterView } from './cluster-view.ts';
import { lastApplied } from './pod-template.ts';
import { desiredReplicas } from './pods.ts';
import { appliedReplicas } from './scaled-to-zero.ts';

/** The event by which an autoscaler says that its upper bound took pods away. */
export function cappedBy(view: ClusterView, scaler: KubeObject): ClusterEvent | undefined {
  return view
    .eventsOf(scaler)
    .find(({ reason, message }) => reason === 'SuccessfulRescale' && /above Spec\.MaxReplicas/i.test(message));
}

/**
 * The number of replicas that the configuration last applied, of an autoscaler or of its target, asks for at least, where
 * the autoscaler's present upper bound took pods away and keeps their number below it; else null.
 */
export function declaredAboveMaximum(view: ClusterView, scaler: KubeObject): number | null {
  const { maxReplicas, scaleTargetRef } = scaler.spec ?? {};
  const target = view.find(scaleTargetRef?.kind ?? '', scaler.metadata.namespace, scaleTargetRef?.name ?? '');
  if (!target || typeof maxReplicas !== 'number' || desiredReplicas(target) !== maxReplicas) return null;
  const applied: unknown = lastApplied(scaler)?.spec?.minReplicas;
  const declared = Math.max(typeof applied === 'number' ? applied : 0, appliedReplicas(target) ?? 0);
  return declared > maxReplicas && cappedBy(view, scaler) ? declared : null;
}
