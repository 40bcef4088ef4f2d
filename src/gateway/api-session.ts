import type { KubeObject } from '../domain/kube-object.ts';
import type { Handler } from './messages.ts';
import { messageOf, parseObject, readAll } from './messages.ts';
import { Readable } from 'node:stream';

/** The API server (or the gateway) answered with an error. */
export class ApiError extends Error {
  readonly status: number;
  /** `reason` of the Status object, e.g. `NotFound`, `Forbidden`, `Conflict`; empty when there is none. */
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

export interface SendOptions {
  /** JSON value, or bytes to send as they are. */
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

const MAX_LIST = 512 * 1024 * 1024;
const PAGE = 500;

/** Our own code's access to the API through one gateway mode: JSON in, JSON out. */
export class ApiSession {
  private readonly handler: Handler;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  /** Status and parsed answer, whatever the status. */
  async send(
    method: string,
    path: string,
    options: SendOptions = {},
  ): Promise<{ status: number; object: KubeObject | null; message: string }> {
    const body = bytesOf(options.body);
    const response = await this.handler.handle({
      method,
      url: path,
      headers: {
        accept: 'application/json',
        ...(body ? { 'content-type': options.contentType ?? 'application/json' } : {}),
      },
      body,
      signal: options.signal ?? new AbortController().signal,
    });
    const bytes = await readAll(response.body, MAX_LIST);
    const object = parseObject(bytes);
    return { status: response.status, object, message: response.status >= 400 ? messageOf(bytes) : '' };
  }

  /** @throws ApiError for every status but 2xx */
  async getJson(path: string, signal?: AbortSignal): Promise<KubeObject> {
    const answer = await this.send('GET', path, { signal });
    return expectOk(answer, `GET ${path}`);
  }

  /** Null for 404. @throws ApiError otherwise */
  async find(path: string, signal?: AbortSignal): Promise<KubeObject | null> {
    const answer = await this.send('GET', path, { signal });
    return answer.status === 404 ? null : expectOk(answer, `GET ${path}`);
  }

  /** All items of a collection, page by page; each item carries apiVersion and kind. @throws ApiError */
  async list(path: string, signal?: AbortSignal): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    const items: KubeObject[] = [];
    const join = path.includes('?') ? '&' : '?';
    for (let next = ''; ;) {
      const page = await this.getJson(
        `${path}${join}limit=${PAGE}${next ? `&continue=${encodeURIComponent(next)}` : ''}`,
        signal,
      );
      const kind = String(page.kind ?? '').replace(/List$/, '');
      for (const item of (page.items ?? []) as KubeObject[]) {
        items.push({ ...item, apiVersion: item.apiVersion ?? page.apiVersion, kind: item.kind ?? kind });
      }
      const meta = page.metadata as { continue?: string; resourceVersion?: string };
      next = meta?.continue ?? '';
      if (!next) return { items, resourceVersion: meta?.resourceVersion ?? '' };
    }
  }

  /** Events as they arrive, until the server closes the stream or the signal fires. @throws ApiError at the start */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const url = `${path}${path.includes('?') ? '&' : '?'}watch=true`;
    for await (const line of this.lines(url, signal)) {
      const event = JSON.parse(line) as WatchEvent;
      if (event.object) yield event;
    }
  }

  /** Lines of a log or other text stream as they arrive. @throws ApiError at the start */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.handler.handle({
      method: 'GET',
      url: path,
      headers: { accept: 'application/json, */*' },
      body: null,
      signal,
    });
    if (response.status >= 300) throw errorOf(response.status, await readAll(response.body), `GET ${path}`);
    const body = Buffer.isBuffer(response.body) ? Readable.from([response.body]) : response.body;
    let pending = '';
    try {
      for await (const chunk of body.setEncoding('utf8')) {
        pending += chunk as string;
        const lines = pending.split('\n');
        pending = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield line;
      }
      if (pending !== '') yield pending;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      body.destroy();
    }
  }
}

function bytesOf(body: unknown): Buffer | null {
  if (body === undefined) return null;
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

function expectOk(answer: { status: number; object: KubeObject | null; message: string }, what: string): KubeObject {
  if (answer.status >= 200 && answer.status < 300 && answer.object) return answer.object;
  const reason = typeof answer.object?.reason === 'string' ? answer.object.reason : '';
  throw new ApiError(
    answer.status,
    reason,
    answer.message || `${what}: the answer is not JSON (HTTP ${answer.status})`,
  );
}

function errorOf(status: number, bytes: Buffer, what: string): ApiError {
  const object = parseObject(bytes);
  return new ApiError(
    status,
    typeof object?.reason === 'string' ? object.reason : '',
    messageOf(bytes) || `${what}: HTTP ${status}`,
  );
}
