import { Readable } from 'node:stream';
import type { Clock } from '../../domain/clock.ts';
import { messageOf as errorText } from '../../domain/cluster-error.ts';
import { messageOf } from './messages.ts';
import { isTransient, Patience, retryAfter } from './patience.ts';
import type { UpgradeAnswer, UpgradeRequest, Upstream, UpstreamRequest, UpstreamResponse } from './upstream.ts';
import { UpstreamError } from './upstream.ts';

/** Answers up to this size are read to their end before they are handed on, so that a broken one can be asked for again. */
const HELD_BYTES = 8 << 20;
const MAX_ERROR_BODY = 1 << 20;

export interface SteadyOptions {
  clock: Clock;
  /** How long one request is repeated, in ms. */
  patienceMs: number;
  /** Which requests may be repeated; default {@link isHarmless}. */
  repeats?: (request: UpstreamRequest) => boolean;
}

/**
 * An upstream that outlasts short troubles: requests that may be repeated are, while there is no answer, the answer
 * breaks off, or the server says "not now" (408, 429, 5xx; its Retry-After is respected up to 10 s). Other requests go
 * through untouched.
 */
export class SteadyUpstream implements Upstream {
  readonly #next: Upstream;
  readonly #options: Required<SteadyOptions>;

  constructor(next: Upstream, options: SteadyOptions) {
    this.#next = next;
    this.#options = { repeats: isHarmless, ...options };
  }

  async warmUp(): Promise<void> {
    await this.#next.warmUp?.();
  }

  async upgrade(request: UpgradeRequest): Promise<UpgradeAnswer> {
    if (!this.#next.upgrade) throw new UpstreamError('unreachable', 'this connection has no streams', false);
    return this.#next.upgrade(request);
  }

  async request(request: UpstreamRequest): Promise<UpstreamResponse> {
    if (request.body instanceof Readable || !this.#options.repeats(request)) return this.#next.request(request);
    const patience = new Patience(this.#options.clock, this.#options.patienceMs);
    for (;;) {
      let response: UpstreamResponse | null = null;
      let failure: UpstreamError | null = null;
      try {
        response = await held(await this.#next.request(request));
        if (!('transient' in response)) return response;
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.failure !== 'unreachable') throw error;
        failure = error;
      }
      const hint = response ? retryAfter(response.headers) : undefined;
      const goOn = await patience.pause(hint, request.signal).catch(() => {
        throw new UpstreamError('aborted', 'the request was cancelled', true);
      });
      if (goOn) continue;
      if (response) return response;
      throw failure!;
    }
  }
}

const REVIEW =
  /^\/apis\/auth(entication|orization)\.k8s\.io\/[^/]+\/(namespaces\/[^/]+\/)?(self|local)?subject\w*reviews(\?|$)/;

/** Reads, dry-runs and questions about rights: nothing is stored however often they are asked. Not streams. */
export function isHarmless({ method, path }: UpstreamRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return !/[?&](watch|follow)=/.test(path);
  return /[?&]dryRun=All(&|$)/.test(path) || (method === 'POST' && REVIEW.test(path));
}

/** Reads an answer to its end, or so far that what follows is passed on as it comes. @throws UpstreamError when it breaks off */
async function held(response: UpstreamResponse): Promise<UpstreamResponse & { transient?: true }> {
  const failed = response.status >= 400;
  const limit = failed ? MAX_ERROR_BODY : HELD_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  const source = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done) break;
      chunks.push(value);
      size += value.length;
      if (size > limit) return { ...response, body: Readable.from(rest(chunks, source)) };
    }
  } catch (error) {
    throw new UpstreamError('unreachable', `the answer of the API server broke off: ${errorText(error)}`, true);
  }
  const bytes = Buffer.concat(chunks);
  const whole = { ...response, body: Readable.from(bytes.length > 0 ? [bytes] : []) };
  return failed && isTransient(response.status, messageOf(bytes)) ? { ...whole, transient: true } : whole;
}

async function* rest(chunks: Buffer[], source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
    for (;;) {
      const { done, value } = await source.next();
      if (done) return;
      yield value;
    }
  } finally {
    await source.return?.();
  }
}
