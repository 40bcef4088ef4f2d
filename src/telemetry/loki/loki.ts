import * as z from 'zod/mini';
import type { Answer, LogLine, LogQuery, LogSource } from '../../domain/telemetry.ts';
import type { LogFields } from '../logs/log-fields.ts';
import { clusterField } from '../logs/log-cluster.ts';
import { literalRe2, logFieldsOf } from '../logs/log-fields.ts';
import { limitOf, newestLines } from '../logs/log-lines.ts';
import { askPrometheus } from '../prometheus/prometheus-api.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import { told } from '../values/remarks.ts';
import { millisOfNanos, nanosOf } from '../values/time.ts';
import { boundedLabels, logText } from '../values/untrusted.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** Collectors send batches; ingesters answer for what they hold. */
const USUAL_LAG_MS = 10_000;
/** What Loki gives unless it is told otherwise (`max_entries_limit_per_query`). */
const MOST_OF_LOKI = 5_000;

const LABELS = z.optional(z.nullable(z.array(z.string())));
const STREAMS = z.object({
  resultType: z.literal('streams'),
  result: z.nullable(
    z.array(
      z.object({
        stream: z.unknown(),
        /** Nanoseconds and line; structured metadata may follow. */
        values: z.nullable(z.array(z.tuple([z.string(), z.string()], z.unknown()))),
      }),
    ),
  ),
});

/** Loki: https://grafana.com/docs/loki/latest/reference/loki-http-api/. Tested against answers of that form, not against a server. */
export class LokiLogs implements LogSource {
  readonly name: string;
  readonly lagMs = USUAL_LAG_MS;
  readonly #client: SourceClient;
  readonly #setting: ClusterSetting | undefined;
  #fields: LogFields | null = null;

  /** @param setting which of several clusters is the target's */
  constructor(client: SourceClient, setting?: ClusterSetting) {
    this.name = client.name;
    this.#client = client;
    this.#setting = setting;
  }

  search(query: LogQuery, signal: AbortSignal): Promise<Answer<LogLine[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const times = [
        ['start', nanosOf(client.toSource(query.from))],
        ['end', nanosOf(client.toSource(query.to))],
      ] as const;
      const fields = (this.#fields ??= await this.#readFields(times, both));
      if (!fields) return { state: 'ok', value: [], asOf: client.clock.now(), note: 'it has no line of that time' };
      const limit = Math.min(limitOf(query), MOST_OF_LOKI - 1);
      const pairs = [
        ['query', logQl(query, fields)],
        ...times,
        ['limit', String(limit + 1)],
        ['direction', 'backward'],
      ] as const;
      const reply = await askPrometheus(client, '/loki/api/v1/query_range', pairs, STREAMS, both);
      const lines: LogLine[] = [];
      for (const { stream, values } of reply.value.result ?? []) {
        const labels = boundedLabels(stream);
        const pod = fields.pod === null ? undefined : labels[fields.pod];
        const container = fields.container === null ? undefined : labels[fields.container];
        for (const [nanos, text] of values ?? []) {
          const at = millisOfNanos(nanos);
          if (at === null) throw new SourceProblem('not-understood', 'answers with a line that has no time');
          lines.push({
            at: client.toOurs(at),
            text: logText(text),
            ...(pod ? { pod } : {}),
            ...(container ? { container } : {}),
          });
        }
      }
      const newest = newestLines(lines, limit);
      return told(newest.lines, reply.at, [newest.cut, reply.warning], [client.clockNote()]);
    });
  }

  /** It has no page of its own. */
  link(): null {
    return null;
  }

  /** Null where nothing was written at that time. @throws SourceProblem where no label is known to name a namespace */
  async #readFields(times: readonly (readonly [string, string])[], signal: AbortSignal): Promise<LogFields | null> {
    const { value } = await askPrometheus(this.#client, '/loki/api/v1/labels', times, LABELS, signal);
    if (!value || value.length === 0) return null;
    const fields = logFieldsOf(value);
    if (!fields) throw new SourceProblem('not-understood', 'has no label that is known to name a namespace');
    const cluster = await clusterField(value, this.#setting, async (label) => {
      const path = `/loki/api/v1/label/${encodeURIComponent(label)}/values`;
      return (await askPrometheus(this.#client, path, times, LABELS, signal)).value ?? [];
    });
    return cluster ? { ...fields, cluster } : fields;
  }
}

/** https://grafana.com/docs/loki/latest/query/ @throws SourceProblem for a pod where streams name none */
function logQl({ namespace, pod, container, text }: LogQuery, fields: LogFields): string {
  const matchers = [`${fields.namespace}=${JSON.stringify(namespace)}`];
  const match = (label: string | null, value: string | undefined, what: string) => {
    if (value === undefined) return;
    if (label === null) throw new SourceProblem('not-understood', `has no label that names the ${what} of a line`);
    matchers.push(`${label}=${JSON.stringify(value)}`);
  };
  match(fields.pod, pod, 'pod');
  match(fields.container, container, 'container');
  if (fields.cluster) match(fields.cluster.field, fields.cluster.value, 'cluster');
  return `{${matchers.join(',')}}${text ? ` |~ ${JSON.stringify(`(?i)${literalRe2(text)}`)}` : ''}`;
}
