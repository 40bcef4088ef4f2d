import * as z from 'zod/mini';
import { readOtlp, RESOURCE_SPANS } from '../traces/otlp.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { parsed, understood } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import { statusProblem } from '../wire/status-problem.ts';
import type { JaegerRoutes } from './routes.ts';

const SERVICES = z.object({ services: z.optional(z.nullable(z.array(z.string()))) });
/** What grpc-gateway wraps `TracesData` in. */
const FOUND = z.object({ result: z.object({ resourceSpans: z.optional(RESOURCE_SPANS) }) });
const NOTHING = /no traces found|trace not found/i;

/** Jaeger's API v3 over HTTP: https://www.jaegertracing.io/docs/latest/apis/, `cmd/jaeger/internal/extension/jaegerquery`. */
export function routesV3(client: SourceClient): JaegerRoutes {
  return {
    async services(signal) {
      const { value, at } = await client.json({ path: '/api/v3/services', signal }, SERVICES);
      return { value: value.services ?? [], at };
    },

    async search({ service, from, to, limit, minDurationMs }, signal) {
      const reply = await client.ask({
        path: '/api/v3/traces',
        query: [
          ['query.service_name', service],
          ['query.start_time_min', new Date(client.toSource(from)).toISOString()],
          ['query.start_time_max', new Date(client.toSource(to)).toISOString()],
          // Without it nothing is found; up to 1.76 it bears the other name.
          ['query.search_depth', String(limit)],
          ['query.num_traces', String(limit)],
          ...(minDurationMs === undefined ? [] : [['query.duration_min', `${minDurationMs}ms`] as const]),
        ],
        signal,
        // It says so when it finds nothing.
        statuses: [404],
      });
      if (reply.status === 404) {
        if (NOTHING.test(reply.body)) return { value: { spans: [], unusable: 0 }, at: reply.at };
        const { fetcher, clock } = client;
        throw statusProblem(reply, {
          path: '/api/v3/traces',
          hasCredentials: fetcher.hasCredentials,
          conceal: (text) => fetcher.conceal(text),
          now: clock.now(),
        });
      }
      const { spans, unusable } = readOtlp(resourceSpansOf(reply.body));
      const onOurs = spans.map((span) => ({ ...span, startsAt: client.toOurs(span.startsAt) }));
      return { value: { spans: onOurs, unusable }, at: reply.at };
    },
  };
}

/** One document, or one a line where the answer is a stream. */
function resourceSpansOf(body: string): z.infer<typeof RESOURCE_SPANS> {
  const documents = /\}\s*\n\s*\{/.test(body) ? body.split('\n').filter((line) => line.trim() !== '') : [body];
  const found: z.infer<typeof RESOURCE_SPANS> = [];
  for (const document of documents) {
    const value = parsed(document);
    const { error } = (value ?? {}) as { error?: { message?: unknown } };
    if (error) throw new SourceProblem('server', 'breaks off its search: see its log');
    for (const one of understood(FOUND, value).result.resourceSpans ?? []) found.push(one);
  }
  return found;
}
