import { randomBytes } from 'node:crypto';

/** Services that one trace passes, and its spans: a server's and a client's for each call. */
const PASSED = 10;
const SPANS = 2 * PASSED;
const NANOS = 1_000_000n;

export interface TraceLoad {
  services: readonly string[];
  /** Of the whole fleet. */
  spansPerMinute: number;
}

/**
 * Traces of a service in a time as Jaeger's API v3 gives them: as many as pass it at that load, at most `limit`.
 * @param from milliseconds since the epoch, as `to`
 */
export function tracesOf(
  { services, spansPerMinute }: TraceLoad,
  service: string,
  from: number,
  to: number,
  limit: number,
): string {
  const place = services.indexOf(service);
  const perMinute = ((spansPerMinute / SPANS) * PASSED) / services.length;
  const count = place < 0 ? 0 : Math.min(limit, Math.round((perMinute * (to - from)) / 60_000));
  const resources: object[] = [];
  for (let trace = 0; trace < count; trace++) {
    const traceId = randomBytes(16).toString('hex');
    const startsAt = from + ((to - from) * (trace + 0.5)) / count;
    let parentSpanId = '';
    for (let step = 0; step < PASSED; step++) {
      const name = services[(place + step) % services.length]!;
      const left = (PASSED - step) * 4;
      const span = (kind: number, at: number, ms: number) => {
        const spanId = randomBytes(8).toString('hex');
        const start = BigInt(Math.round(at)) * NANOS;
        const made = {
          ...{ traceId, spanId, parentSpanId, name: 'GET /items', kind, status: {} },
          startTimeUnixNano: String(start),
          endTimeUnixNano: String(start + BigInt(Math.round(ms)) * NANOS),
          attributes: [
            { key: 'http.request.method', value: { stringValue: 'GET' } },
            { key: 'http.route', value: { stringValue: '/items' } },
            { key: 'http.response.status_code', value: { intValue: '200' } },
          ],
        };
        parentSpanId = spanId;
        return made;
      };
      const spans = [span(2, startsAt + step * 2, left), span(3, startsAt + step * 2 + 1, left - 2)];
      const attributes = [{ key: 'service.name', value: { stringValue: name } }];
      resources.push({ resource: { attributes }, scopeSpans: [{ scope: { name: 'made' }, spans }] });
    }
  }
  return JSON.stringify({ result: { resourceSpans: resources } });
}
