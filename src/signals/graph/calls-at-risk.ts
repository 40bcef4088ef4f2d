import type { CallPartner, CallsAtRisk } from '../../domain/blast-radius.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../../domain/kube-object.ts';
import type { CallGraph, CallGraphEdge, CallGraphNode, Reached } from '../../domain/signals.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { workloadsTouchedBy } from '../../kube/subjects.ts';
import { callReach, nodesOf } from './call-reach.ts';

/** Calls over which somebody is still counted as reached. */
const HOPS = 3;
/** Partners that are kept by name. */
const MOST = 20;

/**
 * Who calls what these objects bear on, and whom that calls. An object of whose callers no source tells anything, and one
 * that bears on no workload that is known, is unknown: that nobody calls it cannot be seen.
 * @param objects that a change writes, at least one
 */
export function callsAtRisk(graph: CallGraph, view: ClusterView, objects: readonly ObjectRef[]): CallsAtRisk {
  const roots = nodesOf(graph, view, objects);
  const { upstream, downstream } = callReach(graph, view, objects, HOPS);
  const isRoot = new Set(roots.map(({ id }) => id));
  const incoming = graph.edges.filter(({ from, to }) => isRoot.has(to) && !isRoot.has(from));
  const rates = incoming.flatMap(({ perSecond }) => perSecond ?? []);
  const home = roots.find(({ object }) => object)?.object?.namespace ?? objects[0]?.namespace;
  return {
    callers: partners(upstream, home),
    callerCount: upstream.length,
    callees: partners(downstream, home),
    calleeCount: downstream.length,
    perSecond: rates.length > 0 ? rates.reduce((sum, rate) => sum + rate, 0) : null,
    isPartial: rates.length < incoming.length,
    bySettings: incoming.some(isBySettings),
    unknown: unknownOf(
      view,
      objects,
      roots.filter((root) => isSeen(graph, root)),
    ),
  };
}

function isBySettings({ sources }: CallGraphEdge): boolean {
  return sources.every((source) => source === 'settings');
}

/** Somebody calls it, or telemetry knows it and saw no call. Settings that name others tell nothing of its own callers. */
function isSeen({ edges }: CallGraph, { id }: CallGraphNode): boolean {
  const own = edges.filter(({ from, to }) => from === id || to === id);
  return own.length === 0 || own.some((edge) => edge.to === id || !isBySettings(edge));
}

function partners(reached: readonly Reached[], home: string | undefined): CallPartner[] {
  return reached
    .slice(0, MOST)
    .map(({ node, via }) => ({ name: nameOf(node, home), via: via ? nameOf(via, home) : '' }));
}

/** Of a workload of the same namespace the name alone: sentences name several. */
function nameOf({ name, object }: CallGraphNode, home: string | undefined): string {
  if (!object) return name;
  return object.namespace === home && object.kind !== 'Ingress' ? name : refLabel(object);
}

function unknownOf(view: ClusterView, objects: readonly ObjectRef[], seen: readonly CallGraphNode[]): string[] {
  const known = new Set(seen.flatMap(({ object }) => (object ? [refKey(object)] : [])));
  const unknown = new Map<string, string>();
  for (const object of objects) {
    if (known.has(refKey(object))) continue;
    const touched = workloadsTouchedBy(view, object).map(refOf);
    for (const ref of touched.length > 0 ? touched : [object])
      if (!known.has(refKey(ref))) unknown.set(refKey(ref), refLabel(ref));
  }
  return [...unknown.values()];
}
