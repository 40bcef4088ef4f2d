import * as z from 'zod/mini';
import type { Answer, LogLine, LogQuery, LogSource } from '../../domain/telemetry.ts';
import { limitOf, newestLines } from '../logs/log-lines.ts';
import { told } from '../values/remarks.ts';
import { logText, named } from '../values/untrusted.ts';
import { isProblem, SourceProblem } from '../wire/source-problem.ts';
import type { AwsCaller } from './aws-caller.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const EVENTS = z.object({
  events: z.optional(
    z.nullable(
      z.array(
        z.object({
          eventId: z.optional(z.nullable(z.string())),
          logStreamName: z.optional(z.nullable(z.string())),
          /** Milliseconds since the epoch. */
          timestamp: z.optional(z.nullable(z.number())),
          message: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
  ),
  nextToken: z.optional(z.nullable(z.string())),
});
type Event = NonNullable<NonNullable<z.infer<typeof EVENTS>['events']>[number]>;

/** Agents send batches every five seconds, and an event is found some seconds later. */
const USUAL_LAG_MS = 20_000;
/** Pages come oldest first: the end of the time is asked for first, and then more and more of what was before it. */
const SHARES = [1 / 16, 3 / 16, 12 / 16];
const MOST_PAGES = 12;
/** `NODE-application.var.log.containers.POD_NAMESPACE_CONTAINER-ID.log` */
const STREAM = /\bcontainers\.([^_]+)_([^_]+)_(.+)-[0-9a-f]{64}\.log$/;

/** Logs of containers as Container Insights puts them into one log group. */
export class CloudWatchLogs implements LogSource {
  readonly name: string;
  readonly lagMs = USUAL_LAG_MS;
  readonly #aws: AwsCaller;
  readonly #group: string;

  constructor(aws: AwsCaller, group: string) {
    this.name = aws.client.name;
    this.#aws = aws;
    this.#group = group;
  }

  search(query: LogQuery, signal: AbortSignal): Promise<Answer<LogLine[]>> {
    const { client } = this.#aws;
    return client.answer(signal, async (both) => {
      const { from, to } = query;
      if (!(from <= to)) throw new SourceProblem('refused', 'was asked for a time that ends before it begins');
      const limit = limitOf(query);
      const lines = new Map<string, LogLine>();
      let cut: string | undefined;
      let at = client.clock.now();
      let pages = 0;
      let end = to;
      for (const share of SHARES) {
        const start = share === SHARES.at(-1) ? from : Math.max(from, Math.floor(end - (to - from) * share));
        let token: string | undefined;
        do {
          if (pages === MOST_PAGES) {
            cut = `only ${MOST_PAGES} pages of lines are read: the newest may be missing`;
            break;
          }
          try {
            const reply = await this.#page(query, start, end, token, both);
            if (pages++ === 0) at = reply.at;
            for (const event of reply.value.events ?? []) this.#take(event, query, lines);
            token = reply.value.nextToken && reply.value.nextToken !== token ? reply.value.nextToken : undefined;
          } catch (error) {
            if (pages === 0 || !isProblem(error, 'limited', 'server', 'unauthorized', 'unreachable')) throw error;
            cut = `lines are missing: it ${error.message}`;
          }
        } while (token !== undefined && cut === undefined);
        if (cut !== undefined || lines.size > limit || start <= from) break;
        end = start - 1;
      }
      if (lines.size === 0 && cut === undefined) await this.#mindForm(query, both);
      const newest = newestLines([...lines.values()], limit);
      return told(newest.lines, at, [cut, newest.cut], [client.clockNote()]);
    });
  }

  link({ from, to }: LogQuery): string | null {
    const { page } = this.#aws.client.fetcher;
    if (page === null) return null;
    // The console encodes twice, with $ for %.
    const encode = (text: string) => encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
    const times = encode(`?start=${Math.round(from)}&end=${Math.round(to)}`).replaceAll('$25', '$');
    return `${page}#logsV2:log-groups/log-group/${encode(this.#group)}/log-events${times}`;
  }

  /** @throws SourceProblem where lines are there, but in a form in which a namespace is not found */
  async #mindForm({ from, to }: LogQuery, signal: AbortSignal): Promise<void> {
    const { client } = this.#aws;
    const input = {
      logGroupName: this.#group,
      startTime: Math.floor(client.toSource(from)),
      endTime: Math.ceil(client.toSource(to)),
      limit: 1,
    };
    const { value } = await this.#aws.call('FilterLogEvents', input, EVENTS, signal);
    const [first] = value.events ?? [];
    if (first && contentOf(first.message ?? '', first.logStreamName ?? '').namespace === '')
      throw new SourceProblem('not-understood', 'has lines that do not say which namespace they come from');
  }

  #page({ namespace, pod }: LogQuery, from: number, to: number, token: string | undefined, signal: AbortSignal) {
    const { client } = this.#aws;
    const input = {
      logGroupName: this.#group,
      startTime: Math.floor(client.toSource(from)),
      endTime: Math.ceil(client.toSource(to)),
      filterPattern: filterOf(namespace, pod),
      ...(token === undefined ? {} : { nextToken: token }),
    };
    return this.#aws.call('FilterLogEvents', input, EVENTS, signal);
  }

  /** What filters only in part, as lines that are no JSON make it, is filtered here once more. */
  #take(event: Event, query: LogQuery, lines: Map<string, LogLine>): void {
    const { timestamp, message, eventId, logStreamName } = event;
    if (timestamp == null || !Number.isFinite(timestamp) || message == null) return;
    const at = this.#aws.client.toOurs(timestamp);
    const { namespace, pod, container, text } = contentOf(message, logStreamName ?? '');
    if (at < query.from - 1_000 || at > query.to + 1_000) return;
    if (namespace !== query.namespace || (query.pod !== undefined && pod !== query.pod)) return;
    if (query.container !== undefined && container !== query.container) return;
    if (query.text !== undefined && !text.toLowerCase().includes(query.text.toLowerCase())) return;
    lines.set(eventId ?? `${timestamp} ${logStreamName} ${message}`, {
      at,
      text: logText(text),
      ...(pod ? { pod } : {}),
      ...(container ? { container } : {}),
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, for JSON of Fluent Bit */
function filterOf(namespace: string, pod: string | undefined): string {
  const equals = (field: string, value: string) => `($.kubernetes.${field} = ${JSON.stringify(value)})`;
  const conditions = [equals('namespace_name', namespace), ...(pod === undefined ? [] : [equals('pod_name', pod)])];
  return `{ ${conditions.join(' && ')} }`;
}

/** A line as Fluent Bit wraps it, or as it is, when the name of its stream says where it comes from. */
function contentOf(message: string, stream: string) {
  const [, pod = '', namespace = '', container = ''] = STREAM.exec(stream) ?? [];
  const wrapped = wrappedLine(message);
  return {
    text: typeof wrapped?.log === 'string' ? wrapped.log : message,
    namespace: named(wrapped?.kubernetes?.namespace_name ?? namespace),
    pod: named(wrapped?.kubernetes?.pod_name ?? pod),
    container: named(wrapped?.kubernetes?.container_name ?? container),
  };
}

interface WrappedLine {
  log?: unknown;
  kubernetes?: { namespace_name?: unknown; pod_name?: unknown; container_name?: unknown } | null;
}

function wrappedLine(message: string): WrappedLine | null {
  if (!message.startsWith('{')) return null;
  try {
    return JSON.parse(message) as WrappedLine;
  } catch {
    // A line that only begins like JSON.
    return null;
  }
}
