import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { CallGraph, CallGraphNode, CallReach, Reached } from '../../domain/signals.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { workloadsTouchedBy } from '../../kube/subjects.ts';

/**
 * Who is reached by calls from these objects and who reaches them, nearest first. An object that makes no calls itself (a
 * Service, a ConfigMap, a claim) stands for the workloads on whose health it bears.
 */
export function callReach(graph: CallGraph, view: ClusterView, objects: readonly ObjectRef[], hops: number): CallReach {
  const roots = nodesOf(graph, view, objects).map(({ id }) => id);
  return {
    upstream: reached(graph, roots, hops, neighbours(graph, 'to', 'from')),
    downstream: reached(graph, roots, hops, neighbours(graph, 'from', 'to')),
  };
}

/** Nodes that objects are, or bear on. */
export function nodesOf(graph: CallGraph, view: ClusterView, objects: readonly ObjectRef[]): CallGraphNode[] {
  const meant = new Set(
    objects.flatMap((ref) => [
      refKey(ref),
      ...workloadsTouchedBy(view, ref).map((workload) => refKey(refOf(workload))),
    ]),
  );
  return graph.nodes.filter(({ object }) => object !== null && meant.has(refKey(object)));
}

/** Ids of nodes at the other end of each node's edges. */
export function neighbours(graph: CallGraph, at: 'from' | 'to', other: 'from' | 'to'): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const list = found.get(edge[at]);
    if (list) list.push(edge[other]);
    else found.set(edge[at], [edge[other]]);
  }
  return found;
}

function reached(
  graph: CallGraph,
  roots: readonly string[],
  hops: number,
  next: ReadonlyMap<string, readonly string[]>,
): Reached[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const seen = new Set(roots);
  const found: Reached[] = [];
  let front = [...roots];
  for (let hop = 1; hop <= hops && front.length > 0; hop++) {
    const fresh: string[] = [];
    for (const from of front) {
      for (const id of next.get(from) ?? []) {
        if (seen.has(id)) continue;
        seen.add(id);
        fresh.push(id);
        const node = nodes.get(id);
        if (node) found.push({ node, hops: hop, via: hop === 1 ? null : (nodes.get(from) ?? null) });
      }
    }
    front = fresh;
  }
  return found;
}
