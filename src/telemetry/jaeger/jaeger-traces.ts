import type { Answer, Span, TraceQuery, TraceSource } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { tidyTraces } from '../traces/tidy-spans.ts';
import { told } from '../values/remarks.ts';
import { named } from '../values/untrusted.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { isUnknownQuestion } from '../wire/source-client.ts';
import type { JaegerRoutes } from './routes.ts';
import { olderRoutes } from './older-routes.ts';
import { routesV3 } from './routes-v3.ts';

/** Batches of SDK and collector, and the index of the storage. */
const USUAL_LAG_MS = 15_000;
const MOST_SERVICES = 2_000;
/** Jaeger finds traces of one service at a time. */
const MOST_ASKED = 20;
const AT_ONCE = 4;
/** Of one service, for those with an error: an answer has limits. */
const MOST_LOOKED_THROUGH = 200;

/** Jaeger: its API v3, and the routes of its page where an older one does not have that. */
export class JaegerTraces implements TraceSource {
  readonly name: string;
  readonly lagMs = USUAL_LAG_MS;
  readonly #client: SourceClient;
  /** The one that answered. */
  #routes: JaegerRoutes | null = null;

  constructor(client: SourceClient) {
    this.name = client.name;
    this.#client = client;
  }

  services(signal: AbortSignal): Promise<Answer<string[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const { value, at } = await this.#asked((routes) => routes.services(both));
      const names = [...new Set(value.map((name) => named(name)).filter((name) => name !== ''))].sort();
      const cut = names.length > MOST_SERVICES ? `only ${MOST_SERVICES} of ${names.length} services` : undefined;
      return told(names.slice(0, MOST_SERVICES), at, [cut], [client.clockNote()]);
    });
  }

  search(query: TraceQuery, signal: AbortSignal): Promise<Answer<Span[][]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const services = query.service === undefined ? await this.#everyService(both) : [query.service];
      const asked = services.slice(0, MOST_ASKED);
      const spans: Span[] = [];
      const known = new Set<string>();
      let unusable = 0;
      let at = client.clock.now();
      let full = false;
      const depth = depthOf(query, asked.length);
      for (let i = 0; i < asked.length; i += AT_ONCE) {
        const some = asked
          .slice(i, i + AT_ONCE)
          .map((service) => this.#asked((routes) => routes.search({ ...query, service, limit: depth }, both)));
        for (const found of await Promise.all(some)) {
          const here = new Set(found.value.spans.map(({ trace }) => trace));
          // A trace comes whole with each of its services.
          for (const span of found.value.spans) if (!known.has(span.trace)) spans.push(span);
          for (const trace of here) known.add(trace);
          unusable += found.value.unusable;
          at = Math.min(at, found.at);
          full ||= here.size >= depth;
        }
      }
      const { traces, cut, note } = tidyTraces(wanted(spans, query), query.limit);
      return told(
        traces,
        at,
        [
          cut,
          full ? `only the newest ${depth} traces of a service were looked through` : undefined,
          asked.length < services.length ? `only ${asked.length} of ${services.length} services were asked` : undefined,
        ],
        [note, unusable > 0 ? `${counted(unusable, 'span')} without time or id` : undefined, client.clockNote()],
      );
    });
  }

  link(trace: string): string | null {
    const { page } = this.#client.fetcher;
    return page !== null && /^[0-9a-f]{1,32}$/i.test(trace) ? `${page}/trace/${trace}` : null;
  }

  async #everyService(signal: AbortSignal): Promise<string[]> {
    const { value } = await this.#asked((routes) => routes.services(signal));
    return [...new Set(value)].sort();
  }

  /** Asks by the routes that are known to answer, else by the new ones and then the old ones. */
  async #asked<T>(ask: (routes: JaegerRoutes) => Promise<T>): Promise<T> {
    if (this.#routes) return ask(this.#routes);
    const [newer, older] = [routesV3(this.#client), olderRoutes(this.#client)];
    try {
      const found = await ask(newer);
      this.#routes = newer;
      return found;
    } catch (error) {
      if (!isUnknownQuestion(error)) throw error;
      try {
        const found = await ask(older);
        this.#routes = older;
        return found;
      } catch (second) {
        // What the newer routes said fits a server that has neither.
        throw isUnknownQuestion(second) ? error : second;
      }
    }
  }
}

/** Traces of each service that are looked through: more where most are then left out. */
function depthOf({ limit, errorsOnly }: TraceQuery, services: number): number {
  const share = Math.max(1, Math.ceil(limit / Math.max(1, Math.min(services, 4))));
  return errorsOnly ? Math.max(share, Math.min(share * 10, MOST_LOOKED_THROUGH)) : share;
}

/** API v3 has no search by attributes: traces without an error are left out here. */
function wanted(spans: readonly Span[], { errorsOnly, minDurationMs }: TraceQuery): Span[] {
  if (!errorsOnly && minDurationMs === undefined) return [...spans];
  const traces = new Set<string>();
  for (const span of spans)
    if ((!errorsOnly || span.isError) && span.durationMs >= (minDurationMs ?? 0)) traces.add(span.trace);
  return spans.filter(({ trace }) => traces.has(trace));
}
