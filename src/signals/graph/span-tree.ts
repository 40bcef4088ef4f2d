import type { Span } from '../../domain/telemetry.ts';

/** Spans of one trace with who called what. Parents may be missing, spans may be doubled or name each other as parents. */
export interface SpanTree {
  id: string;
  /** In the order of their start. */
  spans: Span[];
  parentOf: ReadonlyMap<Span, Span>;
  childrenOf: ReadonlyMap<Span, readonly Span[]>;
}

/** Traces of spans in any order, in the order of their ids. */
export function spanTrees(spans: readonly Span[]): SpanTree[] {
  const traces = new Map<string, Span[]>();
  for (const span of spans) {
    if (!Number.isFinite(span.startsAt) || !Number.isFinite(span.durationMs)) continue;
    const list = traces.get(span.trace);
    if (list) list.push(span);
    else traces.set(span.trace, [span]);
  }
  return [...traces].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, list]) => treeOf(id, list));
}

function treeOf(id: string, list: Span[]): SpanTree {
  const byId = new Map<string, Span>();
  for (const span of list) {
    const before = byId.get(span.id);
    byId.set(span.id, before ? oneOf(before, span) : span);
  }
  const spans = [...byId.values()].sort((a, b) => a.startsAt - b.startsAt || (a.id < b.id ? -1 : 1));
  const parentOf = new Map<Span, Span>();
  for (const span of spans) {
    const parent = span.parent === null ? undefined : byId.get(span.parent);
    if (parent) parentOf.set(span, parent);
  }
  openCircles(spans, parentOf);
  const childrenOf = new Map<Span, Span[]>();
  for (const span of spans) {
    const parent = parentOf.get(span);
    if (!parent) continue;
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(span);
    else childrenOf.set(parent, [span]);
  }
  return { id, spans, parentOf, childrenOf };
}

/** Of two with one id the same, whichever came first. */
function oneOf(a: Span, b: Span): Span {
  return JSON.stringify(a) >= JSON.stringify(b) ? a : b;
}

/** A span that would be above itself begins the trace instead. */
function openCircles(spans: readonly Span[], parentOf: Map<Span, Span>): void {
  const walkOf = new Map<Span, Span>();
  for (const start of spans) {
    for (let at: Span | undefined = start; at && !walkOf.has(at); at = parentOf.get(at)) {
      walkOf.set(at, start);
      const parent = parentOf.get(at);
      if (parent && walkOf.get(parent) === start) parentOf.delete(at);
    }
  }
}

export function endOf(span: Span): number {
  return span.startsAt + Math.max(0, span.durationMs);
}

/** Time of a span in which none of these others runs, in ms. Their clocks may differ: what lies outside does not count. */
export function uncovered(span: Span, others: readonly Span[]): number {
  const [start, end] = [span.startsAt, endOf(span)];
  const parts = others
    .map((other) => [Math.max(start, other.startsAt), Math.min(end, endOf(other))] as const)
    .filter(([from, to]) => to > from)
    .sort(([a], [b]) => a - b);
  let covered = 0;
  let reached = start;
  for (const [from, to] of parts) {
    if (to <= reached) continue;
    covered += to - Math.max(from, reached);
    reached = to;
  }
  return Math.max(0, end - start - covered);
}
