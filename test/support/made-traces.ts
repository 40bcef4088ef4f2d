import type { Span } from '../../src/domain/telemetry.ts';
import { seededRandom } from '../../src/signals/statistics/random.ts';

/** Services that call each other as a tree; `children` by the place of the parent. */
export interface ServiceTree {
  names: string[];
  children: number[][];
  /** Own time of each, in ms. */
  ownMs: number[];
  /** Part of requests that fail in each although nothing is wrong. */
  noise: number[];
}

export interface Injected {
  service: number;
  /** Part of requests through it that fail there. */
  errors?: number;
  /** Part of requests through it that are slow there, and by how much. */
  slow?: { part: number; ms: number };
}

export function serviceTree(seed: number, services: number): ServiceTree {
  const random = seededRandom(seed);
  const children: number[][] = Array.from({ length: services }, () => []);
  for (let at = 1; at < services; at++) children[Math.floor(random() * at)]!.push(at);
  return {
    names: children.map((_, at) => `service-${at}`),
    children,
    ownMs: children.map(() => 2 + random() * 30),
    noise: children.map(() => (random() < 0.2 ? random() * 0.02 : 0)),
  };
}

/**
 * Traces of requests to the first service: client and server spans, own times that vary by a log-normal law, a call of each
 * child in seven cases of eight. An error is passed on by most callers. Some spans are lost.
 */
export function madeTraces(tree: ServiceTree, seed: number, traces: number, injected?: Injected): Span[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const spans: Span[] = [];
  for (let index = 0; index < traces; index++) {
    const trace = `t${seed}-${index}`;
    let next = 0;
    const add = (parent: string | null, service: number, kind: Span['kind'], startsAt: number): Span => {
      const span: Span = {
        trace,
        id: `${trace}-${next++}`,
        parent,
        service: tree.names[service]!,
        operation: kind === 'server' ? 'GET /' : 'GET',
        kind,
        startsAt,
        durationMs: 0,
        isError: false,
        attributes: {},
      };
      if (random() > 0.01 || parent === null) spans.push(span);
      return span;
    };
    const serve = (service: number, parent: string | null, startsAt: number): Span => {
      const span = add(parent, service, 'server', startsAt);
      const hit = injected?.service === service ? injected : undefined;
      const own = tree.ownMs[service]! * Math.exp(0.4 * normal());
      const slow = hit?.slow && random() < hit.slow.part ? hit.slow.ms * Math.exp(0.3 * normal()) : 0;
      span.isError = random() < tree.noise[service]! || (hit?.errors !== undefined && random() < hit.errors);
      let at = startsAt + own / 2 + slow;
      for (const child of tree.children[service]!) {
        if (random() < 0.125) continue;
        const client = add(span.id, service, 'client', at);
        const answer = serve(child, client.id, at + 0.3);
        client.durationMs = answer.durationMs + 0.6;
        client.isError = answer.isError;
        if (answer.isError && random() < 0.9) span.isError = true;
        at += client.durationMs;
      }
      span.durationMs = at + own / 2 - startsAt;
      return span;
    };
    serve(0, null, 1_900_000_000_000 + index * 1_000);
  }
  return spans;
}
