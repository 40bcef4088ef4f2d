import type { Waterfall, WaterfallRow } from '../../domain/signals-now.ts';
import type { Span } from '../../domain/telemetry.ts';
import { oneLine } from '../../text/plain-text.ts';

const MOST_ROWS = 60;
const DEEPEST = 30;

/** The spans of one trace in the order of their calls; those whose caller is missing stand by themselves. */
export function waterfallOf(trace: string, spans: readonly Span[], link: string | null): Waterfall | null {
  const own = spans.filter((span) => span.trace === trace).sort((a, b) => a.startsAt - b.startsAt);
  const [first] = own;
  if (!first) return null;
  const ids = new Set(own.map(({ id }) => id));
  const below = new Map<string | null, Span[]>();
  for (const span of own) {
    const parent = span.parent !== null && ids.has(span.parent) && span.parent !== span.id ? span.parent : null;
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const rows: WaterfallRow[] = [];
  const seen = new Set<string>();
  const add = (span: Span, depth: number): void => {
    if (seen.has(span.id)) return;
    seen.add(span.id);
    const { service, operation, startsAt, durationMs, isError } = span;
    const startMs = startsAt - first.startsAt;
    rows.push({
      service: oneLine(service, 80),
      operation: oneLine(operation, 120),
      depth,
      startMs,
      durationMs,
      isError,
    });
    for (const child of depth < DEEPEST ? (below.get(span.id) ?? []) : []) add(child, depth + 1);
  };
  for (const root of below.get(null) ?? []) add(root, 0);
  const end = Math.max(...own.map(({ startsAt, durationMs }) => startsAt + durationMs));
  const shown = rows.slice(0, MOST_ROWS);
  return { trace, link, durationMs: end - first.startsAt, rows: shown, cut: own.length - shown.length };
}
