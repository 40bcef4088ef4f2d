import * as z from 'zod/mini';
import type { Span, SpanKind } from '../../domain/telemetry.ts';
import { millisOfDuration, momentAt } from '../values/time.ts';
import { boundedLabels, named } from '../values/untrusted.ts';
import { idOf } from '../traces/otlp.ts';
import type { SourceClient } from '../wire/source-client.ts';
import type { JaegerRoutes } from './routes.ts';

const TAGS = z.optional(z.nullable(z.array(z.object({ key: z.string(), value: z.optional(z.unknown()) }))));
const SERVICES = z.object({ data: z.nullable(z.array(z.string())) });
const SPAN = z.object({
  traceID: z.string(),
  spanID: z.string(),
  operationName: z.optional(z.string()),
  references: z.optional(
    z.nullable(z.array(z.object({ refType: z.optional(z.string()), traceID: z.string(), spanID: z.string() }))),
  ),
  parentSpanID: z.optional(z.string()),
  /** Microseconds. */
  startTime: z.number(),
  duration: z.optional(z.number()),
  tags: TAGS,
  processID: z.optional(z.string()),
});
const PROCESS = z.object({ serviceName: z.optional(z.string()), tags: TAGS });
const FOUND = z.object({
  data: z.nullable(
    z.array(
      z.object({
        spans: z.optional(z.nullable(z.array(SPAN))),
        processes: z.optional(z.nullable(z.record(z.string(), PROCESS))),
      }),
    ),
  ),
});
type Process = z.infer<typeof PROCESS>;

const KINDS: readonly SpanKind[] = ['client', 'server', 'producer', 'consumer'];

/** What Jaeger's own page asks (its documentation calls it internal): `cmd/query/app/http_handler.go`, `model/json`. */
export function olderRoutes(client: SourceClient): JaegerRoutes {
  return {
    async services(signal) {
      const { value, at } = await client.json({ path: '/api/services', signal }, SERVICES);
      return { value: value.data ?? [], at };
    },

    async search({ service, from, to, limit, errorsOnly, minDurationMs }, signal) {
      const micros = (ms: number) => String(Math.round(client.toSource(ms) * 1000));
      const { value, at } = await client.json(
        {
          path: '/api/traces',
          query: [
            ['service', service],
            ['start', micros(from)],
            ['end', micros(to)],
            ['limit', String(limit)],
            ...(minDurationMs === undefined ? [] : [['minDuration', `${minDurationMs}ms`] as const]),
            ...(errorsOnly ? [['tags', '{"error":"true"}'] as const] : []),
          ],
          signal,
        },
        FOUND,
      );
      const spans: Span[] = [];
      let unusable = 0;
      for (const { spans: listed, processes } of value.data ?? []) {
        for (const one of listed ?? []) {
          const span = spanOf(one, (one.processID && processes?.[one.processID]) || {});
          if (span) spans.push({ ...span, startsAt: client.toOurs(span.startsAt) });
          else unusable++;
        }
      }
      return { value: { spans, unusable }, at };
    },
  };
}

function spanOf(one: z.infer<typeof SPAN>, process: Process): Span | null {
  const trace = idOf(one.traceID, 32);
  const id = idOf(one.spanID, 16);
  const startsAt = momentAt(one.startTime / 1000);
  if (trace === null || id === null || startsAt === null) return null;
  const attributes = boundedLabels(
    Object.fromEntries([...(process.tags ?? []), ...(one.tags ?? [])].map(({ key, value }) => [key, value])),
  );
  const kind = KINDS.find((known) => known === attributes['span.kind']);
  return {
    trace,
    id,
    parent: idOf(parentOf(one), 16),
    service: named(process.serviceName ?? '') || 'unknown_service',
    operation: named(one.operationName),
    kind: kind ?? 'internal',
    startsAt,
    durationMs: millisOfDuration(Math.max(0, (one.duration ?? 0) / 1e6)),
    isError: attributes.error === 'true' || attributes['otel.status_code'] === 'ERROR',
    attributes,
  };
}

/** The one that it is a child of, else the first that it follows, in the same trace. */
function parentOf({ traceID, references, parentSpanID }: z.infer<typeof SPAN>): string {
  const own = (references ?? []).filter((one) => one.traceID === traceID);
  return (own.find(({ refType }) => refType === 'CHILD_OF') ?? own[0])?.spanID ?? parentSpanID ?? '';
}
