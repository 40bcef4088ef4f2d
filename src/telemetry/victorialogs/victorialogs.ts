import * as z from 'zod/mini';
import type { Answer, LogLine, LogQuery, LogSource } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import type { LogFields } from '../logs/log-fields.ts';
import { clusterField, fieldsOfCollectors } from '../logs/log-cluster.ts';
import { literalRe2, logFieldsOf } from '../logs/log-fields.ts';
import { limitOf, newestLines } from '../logs/log-lines.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import { told } from '../values/remarks.ts';
import { timeOf } from '../values/time.ts';
import { logText, named } from '../values/untrusted.ts';
import { encodePairs } from '../wire/fetcher.ts';
import type { Reply, SourceClient } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** Collectors send batches; the store shows them within a second or two. */
const USUAL_LAG_MS = 10_000;
/** Values of a field that are asked for: whether there are several is all that counts. */
const MOST_VALUES = 20;
const FIELDS = z.object({ values: z.nullable(z.array(z.object({ value: z.string() }))) });
/** One line of the answer. Values are always text. */
const LINE = z.object({ _time: z.string(), _msg: z.optional(z.string()) });

/** VictoriaLogs: LogsQL over HTTP, https://docs.victoriametrics.com/victorialogs/querying/#http-api */
export class VictoriaLogs implements LogSource {
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
      const fields = (this.#fields ??= await this.#readFields(query, both));
      if (!fields) return { state: 'ok', value: [], asOf: client.clock.now(), note: 'it has no line of that time' };
      const limit = limitOf(query);
      const reply = await client.ask({
        path: '/select/logsql/query',
        query: [['query', logsQl(query, fields, limit + 1)], ...this.#times(query)],
        accept: 'application/stream+json, application/json',
        signal: both,
      });
      const { lines, unusable } = this.#linesOf(reply, fields);
      const newest = newestLines(lines, limit);
      return told(
        newest.lines,
        reply.at,
        [newest.cut],
        [unusable > 0 ? `${counted(unusable, 'line')} without a time` : undefined, client.clockNote()],
      );
    });
  }

  link(query: LogQuery): string | null {
    const { page } = this.#client.fetcher;
    const fields = this.#fields;
    if (page === null || !fields || (query.pod && !fields.pod) || (query.container && !fields.container)) return null;
    const pairs = [
      ['query', filterOf(query, fields)],
      ['g0.range_input', `${Math.max(1, Math.ceil((query.to - query.from) / 1000))}s`],
      ['g0.end_input', new Date(query.to).toISOString().slice(0, 19)],
    ] as const;
    return `${page}/select/vmui/?#/?${encodePairs(pairs)}`;
  }

  /** Null where nothing was written at that time. @throws SourceProblem where no field is known to name a namespace */
  async #readFields(query: LogQuery, signal: AbortSignal): Promise<LogFields | null> {
    const { value } = await this.#client.json(
      { path: '/select/logsql/field_names', query: [['query', '*'], ...this.#times(query)], signal },
      FIELDS,
    );
    const names = (value.values ?? []).map((one) => one.value);
    if (names.length === 0) return null;
    const fields = logFieldsOf(names);
    if (!fields)
      throw new SourceProblem('not-understood', 'has no field that is known to name the namespace of a line');
    const ofClusters = fieldsOfCollectors(names, this.#setting);
    const cluster = await clusterField(ofClusters, this.#setting, async (field) => {
      const pairs = [['query', '*'], ['field', field], ['limit', String(MOST_VALUES)], ...this.#times(query)] as const;
      const answer = await this.#client.json({ path: '/select/logsql/field_values', query: pairs, signal }, FIELDS);
      return (answer.value.values ?? []).map((one) => one.value);
    });
    return cluster ? { ...fields, cluster } : fields;
  }

  #times({ from, to }: LogQuery) {
    const time = (ms: number) => new Date(this.#client.toSource(ms)).toISOString();
    return [
      ['start', time(from)],
      ['end', time(to)],
    ] as const;
  }

  #linesOf({ body }: Reply, fields: LogFields): { lines: LogLine[]; unusable: number } {
    const lines: LogLine[] = [];
    let unusable = 0;
    for (const text of body.split('\n')) {
      if (text.trim() === '') continue;
      const value = jsonLine(text);
      const result = z.safeParse(LINE, value);
      if (!result.success)
        throw new SourceProblem('not-understood', 'answers with lines that are not of VictoriaLogs: check its address');
      const at = timeOf(result.data._time);
      if (at === null) {
        unusable++;
        continue;
      }
      const { pod, container } = originOf(value as Record<string, unknown>, fields);
      lines.push({
        at: this.#client.toOurs(at),
        text: logText(result.data._msg ?? ''),
        ...(pod ? { pod } : {}),
        ...(container ? { container } : {}),
      });
    }
    return { lines, unusable };
  }
}

function jsonLine(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The schema says so.
    return undefined;
  }
}

function originOf(line: Record<string, unknown>, { pod, container }: LogFields) {
  return {
    pod: pod === null ? '' : named(line[pod] ?? ''),
    container: container === null ? '' : named(line[container] ?? ''),
  };
}

/** Newest first, because only so many come. */
function logsQl(query: LogQuery, fields: LogFields, limit: number): string {
  const wanted = ['_time', '_msg', fields.pod, fields.container].filter((name) => name !== null);
  return `${filterOf(query, fields)} | sort by (_time desc) limit ${limit} | fields ${wanted.map(quoted).join(', ')}`;
}

/** @throws SourceProblem for a pod where lines name none */
function filterOf({ namespace, pod, container, text }: LogQuery, fields: LogFields): string {
  const exactly = (field: string | null, value: string | undefined, what: string) => {
    if (value === undefined) return '';
    if (field === null) throw new SourceProblem('not-understood', `has no field that names the ${what} of a line`);
    return `${quoted(field)}:=${quoted(value)}`;
  };
  return [
    exactly(fields.namespace, namespace, 'namespace'),
    exactly(fields.pod, pod, 'pod'),
    exactly(fields.container, container, 'container'),
    fields.cluster ? exactly(fields.cluster.field, fields.cluster.value, 'cluster') : '',
    text ? `_msg:~${quoted(`(?i)${literalRe2(text)}`)}` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
