import type { Span } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';

/** Of one trace; the first ones are kept. */
export const MOST_SPANS_OF_TRACE = 2_000;
/** Of one answer. */
export const MOST_SPANS = 20_000;

export interface TidyTraces {
  traces: Span[][];
  cut?: string;
  note?: string;
}

/**
 * Spans as traces, in the order of their start, each span once, parents without circles. Newest trace first; at most
 * `limit` traces.
 */
export function tidyTraces(spans: readonly Span[], limit: number): TidyTraces {
  const byTrace = new Map<string, Map<string, Span>>();
  let repeated = 0;
  for (const span of spans) {
    const trace = byTrace.get(span.trace) ?? new Map<string, Span>();
    byTrace.set(span.trace, trace);
    // Zipkin's client and server share the id of a span.
    const key = `${span.id} ${span.kind} ${span.service}`;
    if (trace.has(key)) repeated++;
    else trace.set(key, span);
  }
  const all = [...byTrace.values()].map((trace) => [...trace.values()].sort((a, b) => a.startsAt - b.startsAt));
  all.sort((a, b) => b[0]!.startsAt - a[0]!.startsAt);
  const traces: Span[][] = [];
  let left = MOST_SPANS;
  let shortened = 0;
  for (const trace of all.slice(0, Math.max(0, limit))) {
    const kept = trace.slice(0, Math.min(MOST_SPANS_OF_TRACE, left));
    if (kept.length === 0) break;
    if (kept.length < trace.length) shortened++;
    left -= kept.length;
    traces.push(withoutCircles(kept));
  }
  const cuts = [
    traces.length < all.length ? `only ${traces.length} of ${counted(all.length, 'trace')} are taken` : '',
    shortened > 0 ? `${counted(shortened, 'trace')} shortened` : '',
  ].filter((text) => text !== '');
  return {
    traces,
    ...(cuts.length > 0 ? { cut: cuts.join('; ') } : {}),
    ...(repeated > 0 ? { note: `${counted(repeated, 'span')} came twice` } : {}),
  };
}

/** In each circle the span that starts first has no parent. */
function withoutCircles(spans: readonly Span[]): Span[] {
  const parents = new Map<string, string | null>();
  for (const { id, parent } of spans) if (!parents.has(id)) parents.set(id, parent);
  const safe = new Set<string>();
  for (const { id } of spans) {
    const path = new Set<string>();
    for (let at: string | null | undefined = id; at != null && !safe.has(at); at = parents.get(at)) {
      if (path.has(at)) {
        // They stand in the order of their start, so that the first that leads into its circle is cut there.
        const first = spans.find((span) => path.has(span.id) && isOn(parents, span.id, at!))!;
        parents.set(first.id, null);
        break;
      }
      path.add(at);
    }
    for (const one of path) safe.add(one);
  }
  return spans.map((span) =>
    parents.get(span.id) === null && span.parent !== null ? { ...span, parent: null } : span,
  );
}

/** Whether a span is a part of the circle that `at` is in. */
function isOn(parents: ReadonlyMap<string, string | null>, id: string, at: string): boolean {
  for (let one = parents.get(at); one != null; one = parents.get(one)) {
    if (one === id) return true;
    if (one === at) return false;
  }
  return false;
}
