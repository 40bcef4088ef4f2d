import type { KubeObject } from '../../domain/kube-object.ts';
import { labelSelectorMatches } from '../labels.ts';
import type { LabelMap } from '../labels.ts';
import { fittingNodes, placementOf } from '../node-fit.ts';
import type { Untyped } from '../pod-template.ts';
import type { Fleet } from './fleet.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** A required rule about other pods that a node breaks. */
export interface NeighbourTrouble {
  kind: 'anti-affinity' | 'affinity' | 'spread';
  /** Pointer of the rule below the pod spec; null where another pod's rule keeps this one off. */
  pointer: string | null;
  /** The pod in the way; absent where one is missing. */
  other?: KubeObject;
  topologyKey: string;
}

/** kubernetes.io "Inter-pod affinity and anti-affinity", "Pod Topology Spread Constraints". */
export function neighbourTroubles(fleet: Fleet, pod: KubeObject, node: KubeObject): NeighbourTrouble[] {
  return [...antiAffinity(fleet, pod, node), ...affinity(fleet, pod, node), ...spread(fleet, pod, node)];
}

function termsOf(podSpec: Untyped, kind: 'podAffinity' | 'podAntiAffinity'): Untyped[] {
  const terms: unknown = podSpec?.affinity?.[kind]?.[REQUIRED];
  return Array.isArray(terms) ? terms : [];
}

function antiAffinity(fleet: Fleet, pod: KubeObject, node: KubeObject): NeighbourTrouble[] {
  const own = termsOf(pod.spec, 'podAntiAffinity').flatMap((term, index): NeighbourTrouble[] => {
    const other = fleet
      .podsWhere(term?.topologyKey, node)
      .find((each) => each !== pod && termSelects(fleet, term, pod.metadata.namespace, each));
    const pointer = `/affinity/podAntiAffinity/${REQUIRED}/${index}`;
    return other ? [{ kind: 'anti-affinity', pointer, other, topologyKey: String(term.topologyKey) }] : [];
  });
  const theirs = fleet.guarded.flatMap((other): NeighbourTrouble[] => {
    if (other === pod) return [];
    const term = termsOf(other.spec, 'podAntiAffinity').find(
      (each) =>
        fleet.sameDomain(each?.topologyKey, other.spec?.nodeName, node) &&
        termSelects(fleet, each, other.metadata.namespace, pod),
    );
    return term ? [{ kind: 'anti-affinity', pointer: null, other, topologyKey: String(term.topologyKey) }] : [];
  });
  return own.length > 0 ? own : theirs.slice(0, 1);
}

function affinity(fleet: Fleet, pod: KubeObject, node: KubeObject): NeighbourTrouble[] {
  const terms = termsOf(pod.spec, 'podAffinity');
  const { namespace } = pod.metadata;
  // The first of a group that wants to be together may go anywhere.
  const alone = terms.every((term) => !fleet.placed.some((each) => termSelects(fleet, term, namespace, each)));
  if (alone && terms.every((term) => termSelects(fleet, term, namespace, pod))) return [];
  return terms.flatMap((term, index): NeighbourTrouble[] => {
    const near = fleet.podsWhere(term?.topologyKey, node).some((each) => termSelects(fleet, term, namespace, each));
    const pointer = `/affinity/podAffinity/${REQUIRED}/${index}`;
    return near ? [] : [{ kind: 'affinity', pointer, topologyKey: String(term?.topologyKey) }];
  });
}

/** Whether a term of a pod in `home` speaks of `other`. */
export function termSelects(fleet: Fleet, term: Untyped, home: string | undefined, other: KubeObject): boolean {
  const { namespace } = other.metadata;
  const named: string[] = Array.isArray(term?.namespaces) ? term.namespaces : [];
  const anyNamed = named.length > 0 || term?.namespaceSelector !== undefined;
  const inside = anyNamed
    ? named.includes(namespace ?? '') ||
      (term?.namespaceSelector !== undefined && picks(term.namespaceSelector, fleet.labelsOfNamespace(namespace)))
    : namespace === home;
  return inside && picks(term?.labelSelector, other.metadata.labels);
}

/** Unlike a Service's, an empty selector here takes all; an absent one takes none. */
function picks(selector: Untyped, labels: LabelMap | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  const empty = !Object.keys(selector.matchLabels ?? {}).length && !(selector.matchExpressions ?? []).length;
  return empty || labelSelectorMatches(selector, labels);
}

function spread(fleet: Fleet, pod: KubeObject, node: KubeObject): NeighbourTrouble[] {
  const constraints: Untyped[] = Array.isArray(pod.spec?.topologySpreadConstraints)
    ? pod.spec.topologySpreadConstraints
    : [];
  return constraints.flatMap((constraint, index): NeighbourTrouble[] => {
    if (constraint?.whenUnsatisfiable === 'ScheduleAnyway') return [];
    const key = String(constraint?.topologyKey);
    const trouble: NeighbourTrouble = {
      kind: 'spread',
      pointer: `/topologySpreadConstraints/${index}`,
      topologyKey: key,
    };
    const domain = node.metadata.labels?.[key];
    if (domain === undefined) return [trouble];
    const matches = (each: KubeObject) =>
      each.metadata.namespace === pod.metadata.namespace && picks(constraint.labelSelector, each.metadata.labels);
    const counted =
      constraint.nodeAffinityPolicy === 'Ignore' ? fleet.nodes : fittingNodes(fleet.nodes, placementOf(pod.spec));
    const counts = new Map<string, number>();
    for (const each of counted) {
      const at = each.metadata.labels?.[key];
      if (at === undefined) continue;
      counts.set(at, (counts.get(at) ?? 0) + fleet.podsOn(each).filter(matches).length);
    }
    const least = counts.size < Number(constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values());
    const skew = (counts.get(domain) ?? 0) + (matches(pod) ? 1 : 0) - least;
    return skew > Number(constraint.maxSkew ?? 1) ? [trouble] : [];
  });
}
