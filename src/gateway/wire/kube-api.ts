import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { goJson } from '../../json/go-json.ts';
import { MAX_DEPTH, parseJson } from '../../json/lossless-json.ts';
import { readList } from '../../json/read-list.ts';
import { asStream, bytesIn, textOf } from './answer-body.ts';
import { connectionError, shortPath, statusError } from './api-error.ts';
import type { GatewayResponse, Handler } from './messages.ts';
import { messageOf as statusMessage, readAll, readObject } from './messages.ts';
import { retryAfter } from './patience.ts';
import { UpstreamError } from './upstream.ts';

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

/** An answer of any status. */
export interface Answer {
  status: number;
  /** Null when the body is not a JSON object. */
  object: KubeObject | null;
  /** What the server said about its error; below 400 why there is no object, else empty. */
  message: string;
  /** How long the server asks to wait before the next try, in ms. */
  retryAfterMs?: number;
}

export interface SendOptions {
  /** JSON value, or bytes to send as they are. */
  body?: unknown;
  /** Default `application/json`. */
  contentType?: string;
  /** Default `application/json`. */
  accept?: string;
  signal?: AbortSignal;
}

/** Answers larger than this are refused rather than kept in memory. */
const MAX_BODY = 256 << 20;
const MAX_ERROR_BODY = 1 << 20;
const GET_TIMEOUT_MS = 30_000;
const PAGE = 500;
/** Within so many bytes a page tells where the list goes on. */
const LIST_HEAD = 2_000;
/** A list that expires this often while it is paged changes faster than it can be read. */
const MAX_RESTARTS = 3;
const NEVER = new AbortController().signal;

/**
 * Our own code's access to the Kubernetes API through one gateway mode: JSON in, JSON out. All failures are
 * {@link ClusterError}, except those of {@link send}.
 */
export class KubeApi {
  readonly #handler: Handler;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  /**
   * Status and parsed answer, whatever the status; never repeated, no time limit of its own.
   * @throws UpstreamError when the answer breaks off, or the handler is the upstream itself and there is no answer
   */
  async send(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#handler.handle(requestOf(method, path, options));
    const bytes = await readAll(response.body, MAX_BODY).catch((error: unknown) => {
      if (options.signal?.aborted) throw new UpstreamError('aborted', 'the request was cancelled', true);
      throw new UpstreamError('unreachable', `the answer of the API server broke off: ${messageOf(error)}`, true);
    });
    const { object, problem } = readObject(bytes);
    const message = response.status >= 400 ? statusMessage(bytes) : problem;
    const answer = { status: response.status, object, message };
    const retryAfterMs = retryAfter(response.headers);
    return retryAfterMs === undefined ? answer : { ...answer, retryAfterMs };
  }

  /** Repeated once when the connection broke or a renewable credential had expired: reading again is harmless. */
  async getJson<T = KubeObject>(path: string, signal?: AbortSignal): Promise<T> {
    return understood<T>(path, await this.#get(path, signal), inText);
  }

  async #get(path: string, signal?: AbortSignal): Promise<Buffer> {
    const read = () => this.#bytes('GET', path, { signal });
    try {
      return await read();
    } catch (error) {
      const again = error instanceof ClusterError && (error.reason === 'unauthorized' || isBrokenConnection(error));
      if (!again || signal?.aborted) throw error;
      return read();
    }
  }

  /** As {@link getJson}, but null for 404. */
  async find<T = KubeObject>(path: string, signal?: AbortSignal): Promise<T | null> {
    try {
      return await this.getJson<T>(path, signal);
    } catch (error) {
      if (error instanceof ClusterError && error.status === 404) return null;
      throw error;
    }
  }

  /** One write that must succeed; never repeated. */
  async write<T = KubeObject>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    return understood<T>(path, await this.#bytes(method, path, { body, signal }), inText);
  }

  /**
   * All items of a collection with `apiVersion` and `kind` filled in (from `type`, else from the list's own), and the
   * resourceVersion to watch from. A continuation that expired (410) starts the list again, so that pages of two
   * moments are never mixed. Equal parts of items may be one object (see read-list.ts): nothing of them must be changed.
   * @param omit keys down to what of each item is left out: `['metadata', 'managedFields']`
   */
  async list(
    path: string,
    signal?: AbortSignal,
    type?: { apiVersion: string; kind: string },
    omit: readonly string[] = [],
  ): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#listOnce(path, omit, signal, type);
      } catch (error) {
        const expired = error instanceof ClusterError && error.status === 410;
        if (!expired || restarts >= MAX_RESTARTS) throw error;
      }
    }
  }

  /** Changes of a collection, until the server ends the stream or the signal fires. `path` is that of a list. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const url = `${path}${path.includes('?') ? '&' : '?'}watch=true`;
    for await (const line of this.lines(url, signal, 'application/json')) {
      if (line.trim() !== '') yield parseJson(line) as unknown as WatchEvent;
    }
  }

  /** Lines of an answer as they come, until the server ends it or the signal fires; an unfinished last line is left out. */
  async *lines(path: string, signal: AbortSignal, accept = '*/*'): AsyncGenerator<string> {
    const response = await this.#request('GET', path, { signal }, accept);
    if (response.status !== 200) throw await failure('GET', path, response);
    const body = asStream(response.body);
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        rest += decoder.decode(chunk as Buffer, { stream: true });
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          yield rest.slice(0, end);
          rest = rest.slice(end + 1);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof ClusterError
        ? error
        : new ClusterError('unreachable', `the stream ended: ${messageOf(error)}`);
    } finally {
      body.destroy();
    }
  }

  /** Status and the first `limit` bytes of any answer as text, also of errors: logs, service proxy. */
  async raw(path: string, signal: AbortSignal, limit: number): Promise<{ status: number; text: string }> {
    const response = await this.#request('GET', path, { signal }, '*/*');
    return { status: response.status, text: (await textOf(response.body, limit)).text };
  }

  async #listOnce(
    path: string,
    omit: readonly string[],
    signal?: AbortSignal,
    type?: { apiVersion: string; kind: string },
  ) {
    const items: KubeObject[] = [];
    const join = path.includes('?') ? '&' : '?';
    const get = (token: string) => {
      const reading = this.#get(
        `${path}${join}limit=${PAGE}${token && `&continue=${encodeURIComponent(token)}`}`,
        signal,
      );
      // Whoever waits for it hears of the failure; a page that was asked for in vain has nobody.
      reading.catch(() => undefined);
      return reading;
    };
    const omitted = omit.length > 0 ? ['items', ...omit] : [];
    let reading = get('');
    for (;;) {
      const bytes = await reading;
      // The server works on the next page while this one is read.
      const early = nextPageOf(bytes);
      if (early) reading = get(early);
      const page = understood<ListPage>(path, bytes, () => readList(bytes, MAX_DEPTH, omitted));
      for (const item of page.items ?? []) {
        item.apiVersion = type?.apiVersion ?? item.apiVersion ?? page.apiVersion ?? '';
        item.kind = type?.kind ?? item.kind ?? (page.kind ?? '').replace(/List$/, '');
        items.push(item);
      }
      const token = page.metadata?.continue ?? '';
      if (!token) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
      if (token !== early) reading = get(token);
    }
  }

  async #bytes(method: string, path: string, options: SendOptions): Promise<Buffer> {
    const outer = options.signal;
    const limit = AbortSignal.timeout(GET_TIMEOUT_MS);
    const signal = outer ? AbortSignal.any([outer, limit]) : limit;
    try {
      const response = await this.#request(method, path, { ...options, signal });
      if (response.status < 200 || response.status > 299) throw await failure(method, path, response);
      const { bytes, complete } = await bytesIn(response.body, MAX_BODY);
      if (!complete) throw new ClusterError('api', `the answer to ${shortPath(path)} is larger than 256 MB`);
      return bytes;
    } catch (error) {
      if (outer?.aborted) throw new ClusterError('aborted', 'cancelled');
      if (limit.aborted) {
        const seconds = GET_TIMEOUT_MS / 1000;
        throw new ClusterError(
          'unreachable',
          `the API server did not finish ${shortPath(path)} within ${seconds} s: try again`,
        );
      }
      throw error instanceof ClusterError ? error : notUnderstood(path, error);
    }
  }

  async #request(method: string, path: string, options: SendOptions, accept?: string): Promise<GatewayResponse> {
    try {
      return await this.#handler.handle(requestOf(method, path, options, accept));
    } catch (error) {
      throw connectionError(error);
    }
  }
}

interface ListPage {
  apiVersion?: string;
  kind?: string;
  metadata?: { continue?: string; resourceVersion?: string };
  items: KubeObject[] | null;
}

/** The API server tells where a list goes on before the items; empty where it does not. What the page itself says counts. */
function nextPageOf(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, LIST_HEAD);
  return /^\{[^[]*?"metadata":\{[^[{}]*"continue":"([\w+/=.-]+)"[^[{}]*\},"items":\[/.exec(start)?.[1] ?? '';
}

const inText = (bytes: Buffer): unknown => parseJson(bytes.toString());

function understood<T>(path: string, bytes: Buffer, read: (bytes: Buffer) => unknown): T {
  try {
    return read(bytes) as T;
  } catch (error) {
    throw notUnderstood(path, error);
  }
}

function notUnderstood(path: string, error: unknown): ClusterError {
  return new ClusterError('api', `the answer to ${shortPath(path)} was not understood: ${messageOf(error)}`);
}

function requestOf(method: string, url: string, options: SendOptions, accept = options.accept ?? 'application/json') {
  const body = bytesOf(options.body);
  const headers: Record<string, string> = { accept };
  if (body) headers['content-type'] = options.contentType ?? 'application/json';
  return { method, url, headers, body, signal: options.signal ?? NEVER };
}

function bytesOf(body: unknown): Buffer | null {
  if (body === undefined) return null;
  return Buffer.isBuffer(body) ? body : Buffer.from(goJson(body));
}

async function failure(method: string, path: string, response: GatewayResponse): Promise<ClusterError> {
  // The code alone speaks.
  const { text } = await textOf(response.body, MAX_ERROR_BODY).catch(() => ({ text: '' }));
  return statusError(method, path, response.status, text);
}

function isBrokenConnection(error: ClusterError): boolean {
  return error.reason === 'unreachable' && error.message.includes('the connection was closed');
}
