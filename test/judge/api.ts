import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

/** A Kubernetes object as the API server gives or takes it. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [field: string]: unknown;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of any kind, read by path
  [field: string]: any;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

export interface Answer {
  status: number;
  body: string;
}

/** The API server answered with an error status. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const REQUEST_TIMEOUT_MS = 60_000;
const READ_ATTEMPTS = 3;
/** Writes look like an operator's who uses kubectl. */
const FIELD_MANAGER = 'kubectl-edit';

/** Plain HTTPS client with the administrator's credential of a kubeconfig file; no client library in between. */
export class Api {
  readonly #server: URL;
  readonly #agent: Agent;

  /** @param kubeconfig path of a file whose current context has a client certificate, embedded or by file name */
  constructor(kubeconfig: string) {
    const config = parse(readFileSync(kubeconfig, 'utf8'));
    const named = (list: { name: string }[], name: string) => list.find((entry) => entry.name === name) as never;
    const { context } = named(config.contexts, config['current-context']) as { context: Record<string, string> };
    const { cluster } = named(config.clusters, context.cluster as string) as { cluster: Record<string, string> };
    const { user } = named(config.users, context.user as string) as { user: Record<string, string> };
    const material = (from: Record<string, string>, key: string): Buffer =>
      from[`${key}-data`] ? Buffer.from(from[`${key}-data`] as string, 'base64') : readFileSync(from[key] as string);
    this.#server = new URL(cluster.server as string);
    this.#agent = new Agent({
      keepAlive: true,
      ca: material(cluster, 'certificate-authority'),
      cert: material(user, 'client-certificate'),
      key: material(user, 'client-key'),
    });
  }

  async get(path: string): Promise<KubeObject> {
    return this.#json('GET', path);
  }

  /** The object, or undefined when there is none (404). */
  async find(path: string): Promise<KubeObject | undefined> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list(path: string): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    const list = await this.#json('GET', path);
    return { items: list.items ?? [], resourceVersion: list.metadata.resourceVersion ?? '0' };
  }

  async create(collection: string, object: KubeObject): Promise<KubeObject> {
    return this.#json('POST', `${collection}?fieldManager=${FIELD_MANAGER}`, object);
  }

  /** Changes fields by JSON merge patch (RFC 7386): null removes a field, lists are replaced as a whole. */
  async merge(path: string, change: object): Promise<KubeObject> {
    return this.#json('PATCH', `${path}?fieldManager=${FIELD_MANAGER}`, change, 'application/merge-patch+json');
  }

  /** Deletes in the background; an object that is not there is fine. */
  async remove(path: string): Promise<void> {
    const { status, body } = await this.send('DELETE', path);
    if (status >= 300 && status !== 404) throw new ApiError(status, `DELETE ${path}: ${status} ${brief(body)}`);
  }

  /** The server's answer whatever its status; rejects when there is none within the time. A text is sent as it is. */
  async send(
    method: string,
    path: string,
    body?: object | string,
    type = 'application/json',
    accept = 'application/json',
  ): Promise<Answer> {
    for (let left = READ_ATTEMPTS; ; left--) {
      try {
        const answer = await this.#open(method, path, body, type, AbortSignal.timeout(REQUEST_TIMEOUT_MS), accept);
        return { status: answer.statusCode ?? 0, body: await textOf(answer) };
      } catch (error) {
        // A connection that was kept for long may be closed at any moment.
        if (method !== 'GET' || left <= 1 || (error as Error).name === 'TimeoutError') throw error;
      }
    }
  }

  /**
   * Reports changes of a collection from a resourceVersion on, until the callback returns true. Rejects when the
   * server ends the watch, reports an error, or the signal aborts.
   */
  async watch(
    collection: string,
    resourceVersion: string,
    signal: AbortSignal,
    seen: (event: WatchEvent) => boolean,
  ): Promise<void> {
    const path = `${collection}?watch=1&resourceVersion=${resourceVersion}`;
    const stop = new AbortController();
    const answer = await this.#open('GET', path, undefined, undefined, AbortSignal.any([signal, stop.signal]));
    try {
      if (answer.statusCode !== 200) throw new ApiError(answer.statusCode ?? 0, `watch ${collection} refused`);
      for await (const line of linesOf(answer)) {
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') throw new ApiError(410, `watch ${collection}: ${brief(line)}`);
        if (seen(event)) return;
      }
      throw new ApiError(0, `watch ${collection}: the server ended it`);
    } finally {
      stop.abort();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #json(method: string, path: string, body?: object, type?: string): Promise<KubeObject> {
    const answer = await this.send(method, path, body, type);
    if (answer.status >= 300) {
      throw new ApiError(answer.status, `${method} ${path}: ${answer.status} ${brief(answer.body)}`);
    }
    return JSON.parse(answer.body) as KubeObject;
  }

  #open(
    method: string,
    path: string,
    body: object | string | undefined,
    type: string | undefined,
    signal: AbortSignal,
    accept = 'application/json',
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = body ? { 'content-type': type, accept } : { accept };
      const options = { method, agent: this.#agent, headers, signal };
      const outgoing = request(new URL(path, this.#server), options, resolve);
      outgoing.on('error', (error) => reject(new Error(`${method} ${path}: ${error.message}`, { cause: error })));
      outgoing.end(typeof body === 'object' ? JSON.stringify(body) : body);
    });
  }
}

const COLLECTIONS: Record<string, string> = {
  ConfigMap: '/api/v1/namespaces/NS/configmaps',
  Secret: '/api/v1/namespaces/NS/secrets',
  Service: '/api/v1/namespaces/NS/services',
  PersistentVolumeClaim: '/api/v1/namespaces/NS/persistentvolumeclaims',
  Pod: '/api/v1/namespaces/NS/pods',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  StatefulSet: '/apis/apps/v1/namespaces/NS/statefulsets',
  Namespace: '/api/v1/namespaces',
  StorageClass: '/apis/storage.k8s.io/v1/storageclasses',
};

/** Path of all objects of a kind; `namespace` is not needed for cluster-scoped kinds. */
export function collectionPath(kind: string, namespace = ''): string {
  const template = COLLECTIONS[kind];
  if (!template) throw new Error(`the judge does not know the kind ${kind}`);
  return template.replace('NS', namespace);
}

export function objectPath(kind: string, namespace: string, name: string): string {
  return `${collectionPath(kind, namespace)}/${name}`;
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  answer.setEncoding('utf8');
  // The connection is cut when the reader has seen enough; nobody listens any more then.
  answer.on('error', () => undefined);
  for await (const chunk of answer) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function brief(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    if (message) return message.slice(0, 300);
  } catch {
    // Not a Status object: quote it as it is.
  }
  return body.trim().slice(0, 300);
}
