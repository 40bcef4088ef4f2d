import * as z from 'zod/mini';
import type { Clock } from '../../domain/clock.ts';
import type { Answer } from '../../domain/telemetry.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { FetchAnswer, Fetcher, FetchRequest } from './fetcher.ts';
import { isProblem, SourceProblem } from './source-problem.ts';
import { statusProblem } from './status-problem.ts';
import { withinLimit } from './time-limit.ts';

export interface ClientLimits {
  /** Of one request, ms. */
  requestMs: number;
  /** Of everything that one question of ours takes, ms. */
  questionMs: number;
  /** Of one answer. */
  maxBytes: number;
}

export const CLIENT_LIMITS: ClientLimits = { requestMs: 10_000, questionMs: 25_000, maxBytes: 10 * 1024 * 1024 };

export interface Question extends Omit<FetchRequest, 'accept' | 'maxBytes'> {
  /** Default: JSON. */
  accept?: string;
  /** Statuses other than 2xx that are answers, too. */
  statuses?: readonly number[];
}

export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** When it came, on our clock, milliseconds since the epoch. */
  at: number;
  /** The same on the source's clock; null where it does not tell. Seconds are the smallest unit. */
  sourceTime: number | null;
}

/** Below this a difference of clocks is the coarseness of the `Date` header and the time of travel. */
const CLOCKS_AGREE_MS = 2_000;

/** One source: judges its HTTP answers, keeps to limits and to what it asks for, and measures its clock. */
export class SourceClient {
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  /** What answers there, as far as is known: `Prometheus`. */
  product: string;
  #skewMs = 0;
  /** Monotonic; until then it wants no question. */
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(product: string, fetcher: Fetcher, clock: Clock, limits: Partial<ClientLimits> = {}) {
    this.product = product;
    this.fetcher = fetcher;
    this.clock = clock;
    this.limits = { ...CLIENT_LIMITS, ...limits };
  }

  /** As people are told: `Prometheus in monitoring`. */
  get name(): string {
    return `${this.product} ${this.fetcher.place}`;
  }

  /** How far the source's clock is ahead of ours, ms; 0 while they agree, as far as can be told. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** A moment of our clock on the source's, and back. Milliseconds since the epoch. */
  toSource(ours: number): number {
    return ours + this.#skewMs;
  }

  toOurs(theirs: number): number {
    return theirs - this.#skewMs;
  }

  /** Undefined while the clocks agree. */
  clockNote(): string | undefined {
    if (this.#skewMs === 0) return undefined;
    const seconds = Math.round(Math.abs(this.#skewMs) / 1000);
    return `its clock is ${seconds} s ${this.#skewMs > 0 ? 'ahead of' : 'behind'} the clock here`;
  }

  /**
   * Runs the work of one question within its time. Whatever goes wrong becomes an `unknown` that says so: an adapter
   * never throws.
   */
  async answer<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Answer<T>>): Promise<Answer<T>> {
    try {
      return await withinLimit(this.clock, this.limits.questionMs, signal, work);
    } catch (error) {
      return { state: 'unknown', reason: this.reasonOf(error) };
    }
  }

  /** One sentence about a failure, beginning with the name of the source. */
  reasonOf(error: unknown): string {
    if (error instanceof SourceProblem) return `${this.name} ${error.message}`;
    const what = oneLine(this.fetcher.conceal(error instanceof Error ? error.message : String(error)), 160);
    return `the answer of ${this.name} could not be worked on (${what}): please report this`;
  }

  /** @throws SourceProblem for every answer that is none */
  async ask(question: Question): Promise<Reply> {
    const left = this.#quietUntil - this.clock.monotonic();
    if (left > 0)
      throw new SourceProblem('limited', `wants to be left alone: ask again in ${Math.ceil(left / 1000)} s`);
    const { requestMs, maxBytes } = this.limits;
    const { accept = 'application/json', statuses = [], signal, ...rest } = question;
    const sent = this.clock.now();
    const began = this.clock.monotonic();
    const answer = await withinLimit(this.clock, requestMs, signal, (both) =>
      this.fetcher.fetch({ ...rest, accept, signal: both, maxBytes }),
    );
    const at = this.clock.now();
    const sourceTime = this.#measure(answer, sent, this.clock.monotonic() - began);
    const { status, headers, body } = answer;
    const page = isPage(answer);
    if ((status < 200 || status > 299) && (page || !statuses.includes(status)))
      throw this.#refusal(answer, question.path);
    if (page)
      throw new SourceProblem(
        'not-understood',
        'answers with a web page instead of data, a login or proxy page: check its address and credentials',
      );
    return { status, headers, body, at, sourceTime };
  }

  /** @throws SourceProblem also for what is not of this form */
  async json<T>(question: Question, schema: z.ZodMiniType<T>): Promise<Reply & { value: T }> {
    const reply = await this.ask(question);
    return { ...reply, value: understood(schema, parsed(reply.body)) };
  }

  #refusal(answer: FetchAnswer, path: string): SourceProblem {
    const problem = statusProblem(answer, {
      path,
      hasCredentials: this.fetcher.hasCredentials,
      conceal: (text) => this.fetcher.conceal(text),
      now: this.clock.now(),
    });
    if (problem.waitMs !== null) this.#quietUntil = this.clock.monotonic() + problem.waitMs;
    return problem;
  }

  /** The `Date` header (RFC 9110, 6.6.1), unless a cache kept the answer. */
  #measure({ headers }: FetchAnswer, sent: number, travelMs: number): number | null {
    const date = headers.date === undefined || headers.age !== undefined ? NaN : Date.parse(headers.date);
    if (Number.isNaN(date)) return null;
    const difference = date + 500 - (sent + travelMs / 2);
    this.#skewMs = Math.abs(difference) <= CLOCKS_AGREE_MS + travelMs ? 0 : Math.round(difference);
    return date;
  }
}

/** JSON of a source. @throws SourceProblem */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SourceProblem('not-understood', 'answers with no JSON: check its address and base path', {
      cause: error,
    });
  }
}

/** @throws SourceProblem that says where the value is not of this form */
export function understood<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue && issue.path.length > 0 ? ` at ${oneLine(issue.path.map(String).join('.'), 100)}` : '';
  throw new SourceProblem(
    'not-understood',
    `answers in a form that is not the documented one${place}: check its address, kind and version`,
  );
}

/** What `missing` and `refused` have in common: the source does not know the question, and another may be tried. */
export function isUnknownQuestion(error: unknown): boolean {
  return isProblem(error, 'missing', 'refused', 'not-understood');
}

/** Some servers call all that they send HTML. */
function isPage({ headers, body }: FetchAnswer): boolean {
  const named = /^text\/html\b|^application\/xhtml/i.test(headers['content-type'] ?? '');
  return named ? !/^\s*[{[]/.test(body) : /^\s*<(?:!doctype|html)/i.test(body);
}
