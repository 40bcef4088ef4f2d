import type { CallGraph, CallGraphEdge, CallGraphNode } from '../../domain/signals.ts';
import type { Span } from '../../domain/telemetry.ts';
import type { ServiceNames } from '../identity/service-names.ts';
import { quantileOf } from '../statistics/robust.ts';
import { GraphBuilder } from './graph-builder.ts';
import { destinationOf, SpanNodes } from './span-nodes.ts';
import type { SpanTree } from './span-tree.ts';
import { spanTrees } from './span-tree.ts';

interface Seen {
  durations: number[];
  failed: number;
}

type Builder = GraphBuilder<Seen>;

/**
 * Who calls whom by spans of any number of traces, in any order. A client span and the server span below it are one call, as
 * is either of them alone; a consumer gets its messages from the producer above it, else from whoever sent to the same
 * destination. Rates are not told: traces are samples.
 */
export function graphOfSpans(spans: readonly Span[], names: ServiceNames): CallGraph {
  const nodes = new SpanNodes(names);
  const builder: Builder = new GraphBuilder();
  const trees = spanTrees(spans);
  const producers = producersOf(trees, nodes);
  for (const tree of trees) {
    for (const span of tree.spans) {
      const node = builder.addNode(nodes.of(span));
      addCall(builder, tree, span, node, nodes);
      if (span.kind === 'consumer') addMessage(builder, tree, span, node, nodes, producers);
    }
  }
  return builder.build(({ durations, failed }) => {
    const sorted = durations.sort((a, b) => a - b);
    const ratio = sorted.length === 0 ? null : failed / sorted.length;
    const [p50Ms, p99Ms] = sorted.length === 0 ? [null, null] : [quantileOf(sorted, 0.5), quantileOf(sorted, 0.99)];
    return { calls: sorted.length, perSecond: null, errorRatio: ratio, p50Ms, p99Ms, sources: ['spans'] };
  });
}

function addCall(builder: Builder, tree: SpanTree, span: Span, node: CallGraphNode, nodes: SpanNodes): void {
  if (span.kind === 'client' || span.kind === 'producer') {
    const answers = (tree.childrenOf.get(span) ?? []).filter(isAnswer);
    const others = answers.map((answer) => nodes.of(answer)).filter(({ id }) => id !== node.id);
    const kind = span.kind === 'client' ? 'call' : 'message';
    // A message waits in between: what the producer's span took says nothing of the consumer.
    if (kind === 'message' && others.length > 0) return;
    const called = answers.length > 0 ? others : [nodes.peerOf(span)].filter((peer) => peer !== null);
    for (const callee of called) {
      const failed = span.isError || answers.some((answer) => answer.isError && nodes.of(answer).id === callee.id);
      count(builder, node, callee, kind, span, failed);
    }
    return;
  }
  const parent = tree.parentOf.get(span);
  // Where nobody noted the client's side of a call.
  if (span.kind === 'server' && parent && parent.kind !== 'client')
    count(builder, nodes.of(parent), node, 'call', span, span.isError);
}

function addMessage(
  builder: Builder,
  tree: SpanTree,
  span: Span,
  node: CallGraphNode,
  nodes: SpanNodes,
  producers: ReadonlyMap<string, CallGraphNode[]>,
): void {
  const parent = tree.parentOf.get(span);
  const direct = parent && nodes.of(parent).id !== node.id ? [nodes.of(parent)] : [];
  const destination = destinationOf(span);
  const senders = direct.length > 0 || destination === null ? direct : (producers.get(destination) ?? []);
  for (const sender of senders) count(builder, sender, node, 'message', span, span.isError);
}

function count(
  builder: Builder,
  from: CallGraphNode,
  to: CallGraphNode,
  kind: CallGraphEdge['kind'],
  span: Span,
  failed: boolean,
): void {
  const seen = builder.edge(from, to, kind, () => ({ durations: [], failed: 0 }));
  if (!seen) return;
  seen.durations.push(Math.max(0, span.durationMs));
  if (failed) seen.failed++;
}

function isAnswer(span: Span): boolean {
  return span.kind === 'server' || span.kind === 'consumer';
}

function producersOf(trees: readonly SpanTree[], nodes: SpanNodes): Map<string, CallGraphNode[]> {
  const producers = new Map<string, CallGraphNode[]>();
  for (const span of trees.flatMap((tree) => tree.spans)) {
    const destination = span.kind === 'producer' ? destinationOf(span) : null;
    if (destination === null) continue;
    const node = nodes.of(span);
    const list = producers.get(destination);
    if (!list) producers.set(destination, [node]);
    else if (!list.some(({ id }) => id === node.id)) list.push(node);
  }
  return producers;
}
