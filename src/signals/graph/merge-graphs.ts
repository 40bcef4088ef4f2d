import type { CallGraph, CallGraphEdge, EdgeSource } from '../../domain/signals.ts';
import { GraphBuilder } from './graph-builder.ts';

/** Metrics count every call, spans are samples, settings know no numbers. */
const BEST_FIRST: readonly EdgeSource[] = ['service-graph', 'span-metrics', 'spans', 'settings'];

/** One graph of what several sources tell; each number comes from the best source that knows it. */
export function mergedGraph(graphs: readonly CallGraph[]): CallGraph {
  const builder = new GraphBuilder<CallGraphEdge[]>();
  for (const { nodes, edges } of graphs) {
    const byId = new Map(nodes.map((node) => [node.id, builder.addNode(node)]));
    for (const edge of edges) {
      const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
      if (from && to) builder.edge(from, to, edge.kind, () => [])?.push(edge);
    }
  }
  return builder.build((told) => {
    const best = [...told].sort((a, b) => rank(a) - rank(b));
    const first = (field: 'calls' | 'perSecond' | 'errorRatio' | 'p50Ms' | 'p99Ms'): number | null =>
      best.map((edge) => edge[field]).find((value) => value !== null) ?? null;
    return {
      calls: first('calls'),
      perSecond: first('perSecond'),
      errorRatio: first('errorRatio'),
      p50Ms: first('p50Ms'),
      p99Ms: first('p99Ms'),
      sources: BEST_FIRST.filter((source) => told.some(({ sources }) => sources.includes(source))),
    };
  });
}

function rank({ sources }: CallGraphEdge): number {
  return Math.min(...sources.map((source) => BEST_FIRST.indexOf(source)));
}
