import * as z from 'zod/mini';
import type { Span, SpanKind } from '../../domain/telemetry.ts';
import { emptyMap } from '../../json/json-map.ts';
import { asText } from '../../text/plain-text.ts';
import { boundedLabels, named } from '../values/untrusted.ts';
import { millisOfNanos } from '../values/time.ts';

const NANOS = z.union([z.string(), z.number()]);
const ATTRIBUTES = z.optional(z.nullable(z.array(z.object({ key: z.string(), value: z.optional(z.unknown()) }))));
const SPAN = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.optional(z.string()),
  name: z.optional(z.string()),
  kind: z.optional(z.union([z.number(), z.string()])),
  startTimeUnixNano: z.optional(NANOS),
  endTimeUnixNano: z.optional(NANOS),
  attributes: ATTRIBUTES,
  status: z.optional(z.nullable(z.object({ code: z.optional(z.union([z.number(), z.string()])) }))),
});
const SCOPE = z.object({ spans: z.optional(z.nullable(z.array(SPAN))) });
const RESOURCE = z.object({
  resource: z.optional(z.nullable(z.object({ attributes: ATTRIBUTES }))),
  scopeSpans: z.optional(z.nullable(z.array(SCOPE))),
  /** Before OTLP 0.19. */
  instrumentationLibrarySpans: z.optional(z.nullable(z.array(SCOPE))),
});

/** `TracesData` as JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export const RESOURCE_SPANS = z.array(RESOURCE);

const KINDS: Readonly<Record<string, SpanKind>> = {
  1: 'internal', 2: 'server', 3: 'client', 4: 'producer', 5: 'consumer',
  SPAN_KIND_INTERNAL: 'internal', SPAN_KIND_SERVER: 'server', SPAN_KIND_CLIENT: 'client', SPAN_KIND_PRODUCER: 'producer',
  SPAN_KIND_CONSUMER: 'consumer',
}; // prettier-ignore

/** Spans of OTLP; such as have no time or no id are left out. */
export function readOtlp(resources: z.infer<typeof RESOURCE_SPANS>): { spans: Span[]; unusable: number } {
  const spans: Span[] = [];
  let unusable = 0;
  for (const { resource, scopeSpans, instrumentationLibrarySpans } of resources) {
    const common = attributeMap(resource?.attributes);
    for (const { spans: listed } of scopeSpans ?? instrumentationLibrarySpans ?? []) {
      for (const one of listed ?? []) {
        const span = spanOf(one, common);
        if (span) spans.push(span);
        else unusable++;
      }
    }
  }
  return { spans, unusable };
}

function spanOf(one: z.infer<typeof SPAN>, common: Readonly<Record<string, unknown>>): Span | null {
  const startsAt = millisOfNanos(one.startTimeUnixNano);
  const endsAt = millisOfNanos(one.endTimeUnixNano);
  const trace = idOf(one.traceId, 32);
  const id = idOf(one.spanId, 16);
  if (startsAt === null || trace === null || id === null) return null;
  const code = one.status?.code;
  return {
    trace,
    id,
    parent: idOf(one.parentSpanId ?? '', 16),
    service: named(common['service.name'] ?? '') || 'unknown_service',
    operation: named(one.name),
    kind: (Object.hasOwn(KINDS, asText(one.kind)) && KINDS[asText(one.kind)]) || 'internal',
    startsAt,
    // Microseconds are what a moment since the epoch holds.
    durationMs: Math.max(0, Math.round(((endsAt ?? startsAt) - startsAt) * 1000) / 1000),
    isError: code === 2 || code === 'STATUS_CODE_ERROR',
    // The span's own first: what is too much is cut at the end.
    attributes: boundedLabels({ ...attributeMap(one.attributes), ...missing(common, one.attributes) }),
  };
}

function missing(
  common: Readonly<Record<string, unknown>>,
  own: z.infer<typeof ATTRIBUTES>,
): Readonly<Record<string, unknown>> {
  const taken = new Set((own ?? []).map(({ key }) => key));
  return Object.fromEntries(Object.entries(common).filter(([key]) => !taken.has(key)));
}

/** Hex as OTLP has it, or base64 as generic protobuf does; null for none. @param digits of the hex form */
export function idOf(text: string, digits: number): string | null {
  const hex = /^[0-9a-fA-F]{1,32}$/.test(text) && text.length <= digits ? text : fromBase64(text, digits);
  const id = hex?.toLowerCase().padStart(digits, '0') ?? '';
  return id === '' || /^0*$/.test(id) ? null : id;
}

function fromBase64(text: string, digits: number): string | null {
  if (!/^[A-Za-z0-9+/]{2,24}={0,2}$/.test(text)) return null;
  const hex = Buffer.from(text, 'base64').toString('hex');
  return hex.length === digits ? hex : null;
}

export function attributeMap(attributes: z.infer<typeof ATTRIBUTES>): Record<string, unknown> {
  const map = emptyMap<unknown>();
  for (const { key, value } of attributes ?? []) map[key] = plainValue(value);
  return map;
}

/** `AnyValue`: lists and maps are shown as JSON. */
function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { stringValue, intValue, doubleValue, boolValue } = value as Record<string, unknown>;
  const simple = stringValue ?? intValue ?? doubleValue ?? boolValue;
  return simple ?? JSON.stringify(value).slice(0, 1_000);
}
