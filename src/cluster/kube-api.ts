import type { Readable } from 'node:stream';
import type { KubeObject } from '../domain/kube-object.ts';
import { parseApiRequest } from '../gateway/api-request.ts';
import type { UpstreamRequest, UpstreamResponse } from '../gateway/upstream.ts';
import { UpstreamError } from '../gateway/upstream.ts';
import type { ClusterErrorReason } from './cluster-error.ts';
import { ClusterError, messageOf, oneLine } from './cluster-error.ts';

/**
 * Who answers API requests: a gateway session in read, probe or control mode, or (for the reachability check only)
 * the connection itself.
 */
export interface ApiTransport {
  request(request: UpstreamRequest): Promise<UpstreamResponse>;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

/** A LIST answer; items carry no apiVersion and kind of their own. */
export interface ListAnswer {
  metadata: { resourceVersion?: string; continue?: string };
  items: KubeObject[] | null;
}

/** Answers larger than this are refused rather than kept in memory. */
const MAX_BODY = 256 << 20;
const GET_TIMEOUT_MS = 30_000;

/** Typed reads and writes of the Kubernetes API over a transport. All failures are {@link ClusterError}. */
export class KubeApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /** Repeated once when the connection broke or a renewable credential had expired: reading again is harmless. */
  async getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
    const read = () => this.#json<T>({ method: 'GET', path, headers: { accept: 'application/json' } }, signal);
    try {
      return await read();
    } catch (error) {
      const again = error instanceof ClusterError && (error.reason === 'unauthorized' || isBrokenConnection(error));
      if (!again || signal?.aborted) throw error;
      return read();
    }
  }

  /** One write; never repeated. */
  async send<T>(method: 'POST' | 'PUT', path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    return this.#json<T>({ method, path, headers, body: Buffer.from(JSON.stringify(body)) }, signal);
  }

  /** Status and body of any answer, also of errors. */
  async raw(path: string, signal: AbortSignal, limit: number): Promise<{ status: number; text: string }> {
    const response = await this.#request({ method: 'GET', path, headers: { accept: '*/*' }, signal });
    return { status: response.status, text: (await textOf(response.body, limit)).text };
  }

  /** Changes after `resourceVersion` in `path`; ends when the server ends it. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await this.#request({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
    if (response.status !== 200) throw await this.#statusError('GET', path, response);
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body) {
        rest += decoder.decode(chunk as Buffer, { stream: true });
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 1);
          if (line.trim() !== '') yield JSON.parse(line) as WatchEvent;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof ClusterError ? error : new ClusterError('unreachable', `watch ended: ${messageOf(error)}`);
    } finally {
      response.body.destroy();
    }
  }

  async #json<T>(request: UpstreamRequest, outer?: AbortSignal): Promise<T> {
    const limit = AbortSignal.timeout(GET_TIMEOUT_MS);
    const signal = outer ? AbortSignal.any([outer, limit]) : limit;
    try {
      const response = await this.#request({ ...request, signal });
      if (response.status < 200 || response.status > 299) {
        throw await this.#statusError(request.method, request.path, response);
      }
      const { text, complete } = await textOf(response.body, MAX_BODY);
      if (!complete) throw new ClusterError('api', `the answer to ${shortPath(request.path)} is larger than 256 MB`);
      return JSON.parse(text) as T;
    } catch (error) {
      if (outer?.aborted) throw new ClusterError('aborted', 'cancelled');
      if (limit.aborted) {
        const seconds = GET_TIMEOUT_MS / 1000;
        throw new ClusterError(
          'unreachable',
          `the API server did not finish ${shortPath(request.path)} within ${seconds} s: try again`,
        );
      }
      if (error instanceof ClusterError) throw error;
      throw new ClusterError('api', `the answer to ${shortPath(request.path)} was not understood: ${messageOf(error)}`);
    }
  }

  async #request(request: UpstreamRequest): Promise<UpstreamResponse> {
    try {
      return await this.#transport.request(request);
    } catch (error) {
      throw connectionError(error);
    }
  }

  async #statusError(method: string, path: string, response: UpstreamResponse): Promise<ClusterError> {
    const { text } = await textOf(response.body, 1 << 20).catch(() => ({ text: '' }));
    return statusError(method, path, response.status, text);
  }
}

/** Turns a failed connection into a typed error. */
export function connectionError(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  if (error instanceof UpstreamError) {
    if (error.cause instanceof ClusterError) return error.cause;
    const reasons = { unreachable: 'unreachable', credentials: 'exec-plugin', tls: 'tls', aborted: 'aborted' } as const;
    return new ClusterError(reasons[error.failure], error.message);
  }
  return new ClusterError('unreachable', messageOf(error));
}

/** How the gateway tells that its upstream gave no answer. */
const NO_ANSWER = 'no answer from the API server: ';

/** Turns an error answer into a typed error; 403 names the missing right, 401 says to log in. */
export function statusError(method: string, path: string, status: number, body: string): ClusterError {
  if (status === 401) {
    const message =
      'the API server does not accept the credentials (401): they have expired or were revoked; log in again';
    return new ClusterError('unauthorized', message, 401);
  }
  const said = oneLine(messageIn(body) || body, 300);
  // The gateway's own words: it stands between us and the API server.
  if (status === 403 && said.startsWith('refused by Stratus')) return new ClusterError('forbidden', said, 403);
  if ((status === 502 || status === 504) && said.startsWith(NO_ANSWER)) {
    return new ClusterError('unreachable', said.slice(NO_ANSWER.length), status);
  }
  if (status === 403) return new ClusterError('forbidden', forbiddenText(method, path, said), 403);
  const reasons: Record<number, ClusterErrorReason> = { 404: 'not-found', 409: 'conflict' };
  return new ClusterError(
    reasons[status] ?? 'api',
    `${shortPath(path)}: ${said || `HTTP ${status}`} (${status})`,
    status,
  );
}

function forbiddenText(method: string, path: string, said: string): string {
  try {
    const { verb, resource, subresource, group, namespace, kind } = parseApiRequest(method, path);
    if (kind === 'resource') {
      const name = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`;
      const where = namespace ? ` in namespace ${namespace}` : '';
      return `no right to ${verb} ${name}${where} (403): ask for an RBAC rule with verb ${verb} on resource ${name}`;
    }
  } catch {
    // Not a resource path: the server's own words are the best there is.
  }
  return `${method} ${shortPath(path)} is forbidden (403): ${said}`;
}

function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

function shortPath(path: string): string {
  return oneLine(path.split('?')[0] ?? '', 120);
}

function isBrokenConnection(error: ClusterError): boolean {
  return error.reason === 'unreachable' && error.message.includes('the connection was closed');
}

async function textOf(body: Readable, limit: number): Promise<{ text: string; complete: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limit) {
      chunks.push(bytes.subarray(0, bytes.length - (size - limit)));
      body.destroy();
      return { text: Buffer.concat(chunks).toString(), complete: false };
    }
    chunks.push(bytes);
  }
  return { text: Buffer.concat(chunks).toString(), complete: true };
}
