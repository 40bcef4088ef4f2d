import type { KubeObject } from '../../domain/kube-object.ts';
import type { Untyped } from '../pod-template.ts';
import { tolerates } from '../node-fit.ts';

export interface Taint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}

export const CORDON_TAINT = 'node.kubernetes.io/unschedulable';

export function taintsOf(node: KubeObject): Taint[] {
  const taints: Taint[] = Array.isArray(node.spec?.taints) ? node.spec.taints : [];
  return taints.filter((taint) => typeof taint?.key === 'string');
}

/** Taints that keep a pod off a node, those of a cordon apart. */
export function keepingOff(node: KubeObject, podSpec: Untyped): Taint[] {
  const tolerations: Untyped[] = Array.isArray(podSpec?.tolerations) ? podSpec.tolerations : [];
  return taintsOf(node).filter(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      taint.key !== CORDON_TAINT &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Cordoned, and the pod does not tolerate that as pods of DaemonSets do. */
export function isCordonedFor(node: KubeObject, podSpec: Untyped): boolean {
  const tolerations: Untyped[] = Array.isArray(podSpec?.tolerations) ? podSpec.tolerations : [];
  const cordon = { key: CORDON_TAINT, effect: 'NoSchedule' };
  return node.spec?.unschedulable === true && !tolerations.some((toleration) => tolerates(toleration, cordon));
}

/**
 * Taints by which the cluster itself, or who runs its nodes, says something about a node that stays true when the taint
 * is taken away: conditions, control planes, nodes on their way out, simulated ones (kubernetes.io "Well-Known Labels,
 * Annotations and Taints").
 */
const STANDING =
  /^(?:node\.kubernetes\.io|node-role\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io|node\.cluster\.x-k8s\.io|karpenter\.sh|.*kwok.*|ToBeDeletedByClusterAutoscaler|DeletionCandidateOfClusterAutoscaler|.*virtual-kubelet.*|CriticalAddonsOnly)(?:\/|$)/;

export function isStanding(taint: Taint): boolean {
  return STANDING.test(taint.key);
}

export function taintText({ key, value, effect }: Taint): string {
  return `${key}${value ? `=${value}` : ''}:${effect}`;
}
