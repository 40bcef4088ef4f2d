import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { apiServerUrl, instanceFiles, type InstanceRecord } from './instance-record.ts';
import { TestbedError } from './testbed-error.ts';

export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON, or the text of an answer that is none. */
  readonly body: unknown;
}

/** Collections by kind, for the kinds the launcher itself creates. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  Node: '/api/v1/nodes',
  ServiceAccount: '/api/v1/namespaces/{namespace}/serviceaccounts',
  ConfigMap: '/api/v1/namespaces/{namespace}/configmaps',
  Service: '/api/v1/namespaces/{namespace}/services',
  Deployment: '/apis/apps/v1/namespaces/{namespace}/deployments',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  APIService: '/apis/apiregistration.k8s.io/v1/apiservices',
  PersistentVolume: '/api/v1/persistentvolumes',
  StorageClass: '/apis/storage.k8s.io/v1/storageclasses',
};

interface NamedObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** Talks to an instance's API server as administrator, for set-up and waiting; never used by what is tested. */
export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(folder: string, record: Pick<InstanceRecord, 'nodes' | 'slot' | 'ports'>) {
    const read = (name: string) => readFileSync(join(instanceFiles(folder).pki, name));
    this.#url = apiServerUrl(record);
    this.#agent = new Agent({
      ca: read('ca.crt'),
      cert: read('admin.crt'),
      key: read('admin.key'),
      keepAlive: true,
      maxSockets: 16,
    });
  }

  /** Rejects when the server cannot be reached or does not answer in five seconds. */
  send(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const asked = request(
        `${this.#url}${path}`,
        { method, agent: this.#agent, headers, timeout: 5000 },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
        },
      );
      asked.on('timeout', () => asked.destroy(new Error(`${path} was not answered within 5 s`)));
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Creates an object; one that is there already stays as it is. */
  async create(object: NamedObject): Promise<void> {
    const collection = COLLECTIONS[object.kind ?? ''];
    if (!collection) throw new Error(`no path known for ${object.kind}`);
    const path = collection.replace('{namespace}', object.metadata?.namespace ?? 'default');
    const answer = await this.send('POST', path, object);
    if (answer.status < 300 || answer.status === 409) return;
    const reason = (answer.body as { message?: string } | undefined)?.message ?? String(answer.body);
    throw new TestbedError(`creating ${object.kind} ${object.metadata?.name} failed: ${reason}`);
  }

  /** Closes idle connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
