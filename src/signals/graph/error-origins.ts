import type { CallGraphNode } from '../../domain/signals.ts';
import type { Span } from '../../domain/telemetry.ts';
import type { SpanNodes } from './span-nodes.ts';
import type { SpanTree } from './span-tree.ts';
import { endOf } from './span-tree.ts';

/** Where an error of a trace begins. */
export interface Origin {
  node: CallGraphNode;
  /** The span that shows it: of the node itself, or of who called it in vain. */
  span: Span;
}

/** Clocks of two machines agree within about that, in ms. */
const CLOCK_MS = 5;

/**
 * Deepest error spans of a trace: those below which nothing failed. What failed to call is no origin by itself: where the
 * other side did not answer, or not in time, the trouble lies there, and where it was still waiting for somebody, there.
 */
export function errorOrigins(tree: SpanTree, nodes: SpanNodes): Origin[] {
  const failing = failingAbove(tree);
  return tree.spans.filter((span) => span.isError && !failing.has(span)).map((span) => originOf(tree, span, nodes));
}

/** Spans with an error somewhere below them. */
function failingAbove(tree: SpanTree): Set<Span> {
  const found = new Set<Span>();
  for (const span of tree.spans) {
    if (!span.isError) continue;
    for (let at = tree.parentOf.get(span); at && !found.has(at); at = tree.parentOf.get(at)) found.add(at);
  }
  return found;
}

function originOf(tree: SpanTree, span: Span, nodes: SpanNodes): Origin {
  if (span.kind !== 'client' && span.kind !== 'producer') return { node: nodes.of(span), span };
  const answers = (tree.childrenOf.get(span) ?? []).filter(({ kind }) => kind === 'server');
  // No span of the other side: it did not answer, or nobody traces it.
  if (answers.length === 0) return { node: nodes.peerOf(span) ?? nodes.of(span), span };
  const late = answers.find((answer) => endOf(answer) >= endOf(span) - CLOCK_MS);
  return late ? waitingFor(tree, late, endOf(span), nodes) : { node: nodes.of(span), span };
}

/** What still ran at the moment at which the caller gave up, as deep as it goes. */
function waitingFor(tree: SpanTree, from: Span, at: number, nodes: SpanNodes): Origin {
  const runningIn = (span: Span): Span | undefined =>
    (tree.childrenOf.get(span) ?? []).findLast((child) => child.startsAt < at && endOf(child) >= at - CLOCK_MS);
  let span = from;
  for (let next = runningIn(span); next; next = runningIn(span)) span = next;
  const peer = span.kind === 'client' || span.kind === 'producer' ? nodes.peerOf(span) : null;
  return { node: peer ?? nodes.of(span), span };
}
