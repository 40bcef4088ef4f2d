import * as z from 'zod/mini';
import type { SourceKind } from '../settings/source-spec.ts';
import { named } from '../values/untrusted.ts';
import type { Pairs } from '../wire/fetcher.ts';
import type { Reply, SourceClient } from '../wire/source-client.ts';
import { isUnknownQuestion, parsed } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** What answers at an address. */
export interface Identity {
  kind: SourceKind;
  /** `Prometheus`, `Grafana Mimir`, `Jaeger`. */
  product: string;
  version: string | null;
}

interface Probe {
  path: string;
  query?: Pairs;
  /** Undefined: something else answered. */
  read(reply: Reply): { product: string; version: string | null } | undefined;
}

const TEXT = z.optional(z.string());
const BUILD = z.object({ version: z.string(), application: TEXT, revision: TEXT });
const success = <T extends z.ZodMiniType>(data: T) => z.object({ status: z.literal('success'), data });

/** Reads JSON of a form; what is of another form is something else. */
function shaped<T>(schema: z.ZodMiniType<T>, read: (value: T, reply: Reply) => [product: string, version?: string]) {
  return (reply: Reply) => {
    const result = z.safeParse(schema, parsed(reply.body));
    if (!result.success) return undefined;
    const [product, version] = read(result.data, reply);
    return { product: named(product, 60), version: version ? named(version, 40) : null };
  };
}

/** VictoriaMetrics and its kin name their host in every answer, unless somebody on the way takes that out. */
const isVictoria = ({ headers }: Reply) => headers['x-server-hostname'] !== undefined;

/** Each is asked by GET of exactly this path, which only reads; the first answer of the right form decides. */
const PROBES: Readonly<Record<Exclude<SourceKind, 'cloudwatch'>, readonly Probe[]>> = {
  prometheus: [
    {
      path: '/api/v1/status/buildinfo',
      read: shaped(success(BUILD), ({ data }, reply) => {
        // VictoriaMetrics tells Grafana a version of Prometheus, and no more.
        if (isVictoria(reply) || (data.application === undefined && data.revision === undefined))
          return ['VictoriaMetrics'];
        return [data.application ?? 'Prometheus', data.version];
      }),
    },
    {
      path: '/api/v1/query',
      query: [['query', 'vector(1)']],
      read: shaped(success(z.object({ resultType: z.literal('vector') })), (_, reply) => [
        isVictoria(reply) ? 'VictoriaMetrics' : 'Prometheus',
      ]),
    },
  ],
  alertmanager: [
    {
      path: '/api/v2/status',
      read: shaped(z.object({ versionInfo: z.object({ version: TEXT }), config: z.unknown() }), ({ versionInfo }) => [
        'Alertmanager',
        versionInfo.version,
      ]),
    },
  ],
  jaeger: [
    { path: '/api/v3/services', read: shaped(z.object({ services: z.array(z.unknown()) }), () => ['Jaeger']) },
    {
      path: '/api/services',
      read: shaped(z.object({ data: z.nullable(z.array(z.unknown())), total: z.number() }), () => ['Jaeger']),
    },
  ],
  tempo: [
    { path: '/api/status/buildinfo', read: shaped(BUILD, ({ version }) => ['Tempo', version]) },
    {
      path: '/api/echo',
      read: ({ body }) => (body.trim() === 'echo' ? { product: 'Tempo', version: null } : undefined),
    },
  ],
  loki: [
    { path: '/loki/api/v1/status/buildinfo', read: shaped(BUILD, ({ version }) => ['Loki', version]) },
    { path: '/loki/api/v1/labels', read: shaped(z.object({ status: z.literal('success') }), () => ['Loki']) },
  ],
  victorialogs: [
    {
      path: '/select/logsql/field_names',
      query: [['query', '_time:5m']],
      read: shaped(z.object({ values: z.array(z.unknown()) }), () => ['VictoriaLogs']),
    },
  ],
};

/** Paths that are asked to find out what answers, for those who allow each request. */
export function probePaths(kind: SourceKind): string[] {
  return kind === 'cloudwatch' ? [] : PROBES[kind].map(({ path }) => path);
}

/**
 * Asks what answers. A server that cannot be asked at all is not asked again in another language.
 * @throws SourceProblem when nothing of these kinds answers
 */
export async function identify(
  client: SourceClient,
  kinds: readonly SourceKind[],
  signal: AbortSignal,
): Promise<Identity> {
  let last: unknown = null;
  for (const kind of kinds) {
    if (kind === 'cloudwatch') continue;
    for (const { path, query = [], read } of PROBES[kind]) {
      try {
        const found = read(await client.ask({ path, query, signal, accept: 'application/json, text/plain' }));
        if (found) return { kind, ...found };
      } catch (error) {
        if (!isUnknownQuestion(error)) throw error;
        last = error;
      }
    }
  }
  const names = kinds.join(' or ');
  if (last instanceof SourceProblem && kinds.length === 1) throw last;
  throw new SourceProblem(
    'not-understood',
    `answers, but not as ${names} does: check its address, port and base path`,
    {
      cause: last,
    },
  );
}
