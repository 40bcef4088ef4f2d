import * as z from 'zod/mini';
import type { Answer, Span, TraceQuery, TraceSource } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { idOf, readOtlp, RESOURCE_SPANS } from '../traces/otlp.ts';
import { tidyTraces } from '../traces/tidy-spans.ts';
import { told } from '../values/remarks.ts';
import { named } from '../values/untrusted.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { isUnknownQuestion } from '../wire/source-client.ts';
import { isProblem } from '../wire/source-problem.ts';

/** Traces are found when they were written to the ingesters' live store. */
const USUAL_LAG_MS = 20_000;
const MOST_SERVICES = 2_000;
const MOST_TRACES = 50;
const AT_ONCE = 4;

const VALUES = z.object({
  tagValues: z.optional(z.nullable(z.array(z.union([z.string(), z.object({ value: z.string() })])))),
});
const FOUND = z.object({ traces: z.optional(z.nullable(z.array(z.object({ traceID: z.string() })))) });
/** `/api/v2/traces` wraps the trace; the older route does not, and once called its list `batches`. */
const TRACE = z.object({
  trace: z.optional(z.object({ resourceSpans: z.optional(RESOURCE_SPANS) })),
  resourceSpans: z.optional(RESOURCE_SPANS),
  batches: z.optional(RESOURCE_SPANS),
  status: z.optional(z.unknown()),
});

/** Tempo: https://grafana.com/docs/tempo/latest/api_docs/. Tested against answers of that form, not against a server. */
export class TempoTraces implements TraceSource {
  readonly name: string;
  readonly lagMs = USUAL_LAG_MS;
  readonly #client: SourceClient;
  /** The first routes are those of Tempo 2.6 and later. */
  #older = false;

  constructor(client: SourceClient) {
    this.name = client.name;
    this.#client = client;
  }

  services(signal: AbortSignal): Promise<Answer<string[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const { value, at } = await this.#eitherRoute(
        '/api/v2/search/tag/resource.service.name/values',
        '/api/search/tag/service.name/values',
        VALUES,
        both,
      );
      const listed = (value.tagValues ?? []).map((one) => named(typeof one === 'string' ? one : one.value));
      const names = [...new Set(listed.filter((name) => name !== ''))].sort();
      const cut = names.length > MOST_SERVICES ? `only ${MOST_SERVICES} of ${names.length} services` : undefined;
      return told(names.slice(0, MOST_SERVICES), at, [cut], [client.clockNote()]);
    });
  }

  search(query: TraceQuery, signal: AbortSignal): Promise<Answer<Span[][]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const limit = Math.max(1, Math.min(query.limit, MOST_TRACES));
      const { value, at } = await client.json(
        {
          path: '/api/search',
          query: [
            ['q', traceQl(query)],
            ['start', String(Math.floor(client.toSource(query.from) / 1000))],
            ['end', String(Math.ceil(client.toSource(query.to) / 1000))],
            ['limit', String(limit)],
          ],
          signal: both,
        },
        FOUND,
      );
      const ids = [...new Set((value.traces ?? []).map(({ traceID }) => idOf(traceID, 32)))]
        .filter((id) => id !== null)
        .slice(0, limit);
      const spans: Span[] = [];
      let gone = 0;
      let unusable = 0;
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        for (const trace of await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => this.#trace(id, both)))) {
          if (!trace) gone++;
          else {
            unusable += trace.unusable;
            for (const span of trace.spans) spans.push({ ...span, startsAt: client.toOurs(span.startsAt) });
          }
        }
      }
      const { traces, cut, note } = tidyTraces(spans, limit);
      return told(
        traces,
        at,
        [
          cut,
          ids.length >= limit ? `there may be more traces than ${limit}` : undefined,
          gone > 0 ? `${counted(gone, 'trace')} found and not given` : undefined,
        ],
        [note, unusable > 0 ? `${counted(unusable, 'span')} without time or id` : undefined, client.clockNote()],
      );
    });
  }

  /** It has no page of its own. */
  link(): null {
    return null;
  }

  /** Null for one that is no longer there. */
  async #trace(id: string, signal: AbortSignal): Promise<{ spans: Span[]; unusable: number } | null> {
    try {
      const { value } = await this.#eitherRoute(`/api/v2/traces/${id}`, `/api/traces/${id}`, TRACE, signal);
      return readOtlp(value.trace?.resourceSpans ?? value.resourceSpans ?? value.batches ?? []);
    } catch (error) {
      if (isProblem(error, 'missing', 'too-large')) return null;
      throw error;
    }
  }

  async #eitherRoute<T>(newer: string, older: string, schema: z.ZodMiniType<T>, signal: AbortSignal) {
    const client = this.#client;
    if (this.#older) return client.json({ path: older, signal }, schema);
    try {
      return await client.json({ path: newer, signal }, schema);
    } catch (error) {
      if (!isUnknownQuestion(error)) throw error;
      const found = await client.json({ path: older, signal }, schema);
      this.#older = true;
      return found;
    }
  }
}

/** https://grafana.com/docs/tempo/latest/traceql/ */
function traceQl({ service, errorsOnly, minDurationMs }: TraceQuery): string {
  const conditions = [
    service === undefined ? '' : `resource.service.name = ${JSON.stringify(service)}`,
    errorsOnly ? 'status = error' : '',
    minDurationMs === undefined ? '' : `duration >= ${minDurationMs}ms`,
  ].filter((text) => text !== '');
  return `{ ${conditions.join(' && ')} }`;
}
