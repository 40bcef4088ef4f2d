import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import type { Api, KubeObject } from '../judge/api.ts';
import type { Instance } from '../testbed/instance-record.ts';

const KUBECTL_TIMEOUT_MS = 60_000;

/** An object by its kind and name as kubectl takes them; without a namespace for what the whole cluster shares. */
export interface Ref {
  kind: string;
  name: string;
}

/** `Kind/name`: how faults and the guard name objects. */
export const keyOf = ({ kind, name }: Ref): string => `${kind}/${name}`;

export function refOf(object: KubeObject): Ref {
  return { kind: object.kind as string, name: object.metadata.name };
}

/** One namespace of a cluster, read and written with kubectl as a person, a pipeline or a controller's user would. */
export class Cluster {
  readonly instance: Instance;
  readonly api: Api;
  readonly namespace: string;

  constructor(instance: Instance, api: Api, namespace: string) {
    this.instance = instance;
    this.api = api;
    this.namespace = namespace;
  }

  /** Rejects with what kubectl printed when it fails. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ').slice(0, 200)}: ${stderr.trim().slice(0, 400)}`);
    return stdout;
  }

  tryKubectl(args: readonly string[], input = ''): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.instance.kubectl, ['--namespace', this.namespace, ...args], {
        env: {
          ...process.env,
          KUBECONFIG: this.instance.kubeconfig,
          PATH: `${dirname(this.instance.kubectl)}:${process.env.PATH ?? ''}`,
        },
        timeout: KUBECTL_TIMEOUT_MS,
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
      // It may end before it has read everything.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  async apply(objects: readonly KubeObject[]): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], asList(objects));
  }

  async create(objects: readonly KubeObject[]): Promise<void> {
    await this.kubectl(['create', '-f', '-'], asList(objects));
  }

  async get({ kind, name }: Ref): Promise<KubeObject> {
    return JSON.parse(await this.kubectl(['get', kind, name, '-o', 'json'])) as KubeObject;
  }

  /** Undefined when there is none. */
  async find({ kind, name }: Ref): Promise<KubeObject | undefined> {
    const text = await this.kubectl(['get', kind, name, '-o', 'json', '--ignore-not-found']);
    return text.trim() === '' ? undefined : (JSON.parse(text) as KubeObject);
  }

  async list(kind: string, ...more: string[]): Promise<KubeObject[]> {
    const list = JSON.parse(await this.kubectl(['get', kind, '-o', 'json', ...more])) as { items: KubeObject[] };
    return list.items;
  }

  async remove({ kind, name }: Ref): Promise<void> {
    await this.kubectl(['delete', kind, name, '--ignore-not-found', '--wait=true', '--timeout=40s']);
  }

  /** JSON patch, as `kubectl edit` and dashboards send changes. */
  async patch({ kind, name }: Ref, operations: readonly object[]): Promise<void> {
    await this.kubectl(['patch', kind, name, '--type=json', '--patch', JSON.stringify(operations)]);
  }

  /** Reads, changes and writes back what a person edits: spec, data, rules and the like. */
  async edit(ref: Ref, change: (object: KubeObject) => void): Promise<void> {
    const before = await this.get(ref);
    const after = structuredClone(before);
    change(after);
    await this.patch(ref, topLevelChanges(before, after));
  }

  async restart({ kind, name }: Ref): Promise<void> {
    await this.kubectl(['rollout', 'restart', `${kind}/${name}`]);
  }

  /** Deletes the pods with a label; their controllers make new ones, or try to. */
  async removePods(labels: Readonly<Record<string, string>>): Promise<void> {
    const selector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    await this.kubectl(['delete', 'pods', '--selector', selector, '--wait=true', '--timeout=40s']);
  }

  /** Deletes a pod without waiting for its programs: whatever they still do is lost. */
  async removeAtOnce(pod: string): Promise<void> {
    await this.kubectl(['delete', 'pod', pod, '--force', '--grace-period=0', '--wait=false', '--ignore-not-found']);
  }

  /** A user's request to a Service, through the API server; body of a 200 answer, else what came instead. */
  async ask(service: string, port: number, path: string): Promise<{ body: string } | { failed: string }> {
    const url = `/api/v1/namespaces/${this.namespace}/services/http:${service}:${port}/proxy${path}`;
    const { status, body } = await this.api
      .send('GET', url)
      .catch((error: Error) => ({ status: 0, body: error.message }));
    return status === 200 ? { body } : { failed: `${service} answered ${status}: ${body.trim().slice(0, 200)}` };
  }
}

const asList = (items: readonly KubeObject[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** Operations that make `after` of `before`, one for each field beside identity and status. */
export function topLevelChanges(before: KubeObject, after: KubeObject): object[] {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const operations: object[] = [];
  const compare = (path: string, old: Record<string, unknown>, now: Record<string, unknown>, skip: string[]) => {
    for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (skip.includes(field) || same(old[field], now[field])) continue;
      const op = now[field] === undefined ? 'remove' : old[field] === undefined ? 'add' : 'replace';
      operations.push({ op, path: `${path}/${field}`, ...(op === 'remove' ? {} : { value: now[field] }) });
    }
  };
  compare('', before, after, ['apiVersion', 'kind', 'metadata', 'status']);
  const written = (object: KubeObject) => ({
    labels: object.metadata.labels,
    annotations: object.metadata.annotations,
    finalizers: object.metadata.finalizers,
  });
  compare('/metadata', written(before), written(after), []);
  return operations;
}
