import type { KubeObject } from '../domain/kube-object.ts';
import { requirementHolds } from './labels.ts';
import type { Condition } from './pods.ts';
import type { LabelMap } from './labels.ts';
import type { Untyped } from './pod-template.ts';

/** What a pod spec demands of a node's labels and name. */
export interface Placement {
  nodeSelector: LabelMap;
  /** `requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`; null when there are none. */
  terms: Untyped[] | null;
  nodeName: string | null;
}

export function placementOf(podSpec: Untyped): Placement {
  const terms: unknown =
    podSpec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return {
    nodeSelector: podSpec?.nodeSelector ?? {},
    terms: Array.isArray(terms) ? terms : null,
    nodeName: podSpec?.nodeName || null,
  };
}

/** Nodes that fulfil a placement, whatever their taints, cordons and free capacity. */
export function fittingNodes(nodes: KubeObject[], placement: Placement): KubeObject[] {
  return nodes.filter(
    (node) =>
      (placement.nodeName === null || placement.nodeName === node.metadata.name) &&
      Object.entries(placement.nodeSelector).every(([key, value]) => node.metadata.labels?.[key] === value) &&
      (placement.terms === null || placement.terms.some((term) => termHolds(term, node))),
  );
}

/** A term without any requirement matches no node. */
export function termHolds(term: Untyped, node: KubeObject): boolean {
  const requirements = requirementsOf(term);
  return requirements.length > 0 && requirements.every((each) => nodeMeets(each, node));
}

/** One expression or field requirement of a term and where it stands in it. */
export interface TermRequirement {
  list: 'matchExpressions' | 'matchFields';
  index: number;
  requirement: Untyped;
}

export function requirementsOf(term: Untyped): TermRequirement[] {
  return (['matchExpressions', 'matchFields'] as const).flatMap((list) => {
    const requirements: Untyped[] = Array.isArray(term?.[list]) ? term[list] : [];
    return requirements.map((requirement, index) => ({ list, index, requirement }));
  });
}

export function nodeMeets({ list, requirement }: TermRequirement, node: KubeObject): boolean {
  if (list === 'matchExpressions') return requirementHolds(requirement, node.metadata.labels);
  return requirementHolds(requirement, { 'metadata.name': node.metadata.name });
}

/** Taints that keep a pod with these tolerations off a node. */
export function untoleratedTaints(node: KubeObject, podSpec: Untyped): string[] {
  const taints: Untyped[] = Array.isArray(node.spec?.taints) ? node.spec.taints : [];
  const tolerations: Untyped[] = Array.isArray(podSpec?.tolerations) ? podSpec.tolerations : [];
  return taints
    .filter((taint) => taint?.effect === 'NoSchedule' || taint?.effect === 'NoExecute')
    .filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))
    .map((taint) => `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`);
}

export function tolerates(toleration: Untyped, taint: Untyped): boolean {
  if (toleration?.effect && toleration.effect !== taint.effect) return false;
  if (!toleration?.key) return toleration?.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

/** Conditions of a node that are bad: not ready, or under pressure. */
export function badConditions(node: KubeObject): Condition[] {
  const conditions: unknown = node.status?.conditions;
  return (Array.isArray(conditions) ? (conditions as Condition[]) : []).filter(
    (each) =>
      (each?.type === 'Ready' && each.status !== 'True') || (PRESSURES.has(each?.type) && each?.status === 'True'),
  );
}

const PRESSURES = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']);

export function isIll(node: KubeObject): boolean {
  return badConditions(node).length > 0;
}
