import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { CallGraph, CallGraphEdge, CallGraphNode } from '../../domain/signals.ts';
import { oneLine } from '../../text/plain-text.ts';

const LONGEST_NAME = 120;

/** A node by the object that it is, else by the name that telemetry uses. */
export function graphNode(name: string, object: ObjectRef | null): CallGraphNode {
  const shown = oneLine(name, LONGEST_NAME) || 'without a name';
  return object
    ? { id: refLabel(object), name: object.name, object }
    : { id: shown.toLowerCase(), name: shown, object };
}

/** Collects nodes and edges; each stands once. */
export class GraphBuilder<T> {
  readonly #nodes = new Map<string, CallGraphNode>();
  readonly #edges = new Map<string, { from: string; to: string; kind: CallGraphEdge['kind']; made: T }>();

  addNode(node: CallGraphNode): CallGraphNode {
    const before = this.#nodes.get(node.id);
    if (!before) this.#nodes.set(node.id, node);
    return before ?? node;
  }

  /** What is kept of an edge; null for one that leads to where it comes from. */
  edge(from: CallGraphNode, to: CallGraphNode, kind: CallGraphEdge['kind'], make: () => T): T | null {
    if (from.id === to.id) return null;
    const key = `${from.id}>${to.id}>${kind}`;
    let edge = this.#edges.get(key);
    if (!edge) {
      this.addNode(from);
      this.addNode(to);
      this.#edges.set(key, (edge = { from: from.id, to: to.id, kind, made: make() }));
    }
    return edge.made;
  }

  /** In a fixed order, whatever that of what was added. */
  build(finish: (made: T) => Omit<CallGraphEdge, 'from' | 'to' | 'kind'>): CallGraph {
    return {
      nodes: [...this.#nodes.values()].sort(byId),
      edges: [...this.#edges.entries()]
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([, { from, to, kind, made }]) => ({ from, to, kind, ...finish(made) })),
    };
  }
}

function byId(a: CallGraphNode, b: CallGraphNode): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
