import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Instance } from '../instance-record.ts';
import { runCommand, type CommandResult } from '../run-command.ts';
import { TestbedError } from '../testbed-error.ts';

/** What of a Kubernetes object the testbed reads. */
export interface KubeObject {
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [field: string]: unknown;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of any kind, read by path
  [field: string]: any;
}

/** The testbed's kubectl, bound to one instance. */
export class Kubectl {
  readonly instance: Instance;

  constructor(instance: Instance) {
    this.instance = instance;
  }

  /** Runs kubectl whatever its exit code. `input` is a manifest for `-f -`. */
  attempt(args: readonly string[], input?: string): Promise<CommandResult> {
    const options = { env: this.#environment(), timeoutMs: 180_000, ...(input === undefined ? {} : { input }) };
    return runCommand([this.instance.kubectl, ...args], options);
  }

  /** Standard output; throws a TestbedError with kubectl's message when it fails. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(args, input);
    if (code !== 0) throw new TestbedError(`kubectl ${args.slice(0, 4).join(' ')} failed: ${oneLine(stderr)}`);
    return stdout;
  }

  /** One object by its API path, for example `/apis/apps/v1/namespaces/shop/deployments/web`. */
  async get(path: string): Promise<KubeObject> {
    return JSON.parse(await this.run(['get', '--raw', path])) as KubeObject;
  }

  /** The object, or undefined when there is none. */
  async find(path: string): Promise<KubeObject | undefined> {
    const { code, stdout, stderr } = await this.attempt(['get', '--raw', path]);
    if (code === 0) return JSON.parse(stdout) as KubeObject;
    if (isMissing(stderr)) return undefined;
    throw new TestbedError(`kubectl get ${path} failed: ${oneLine(stderr)}`);
  }

  /**
   * Lists a collection and watches it until a condition holds. Throws a TestbedError after `timeoutMs`, saying what
   * is missing.
   * @param missing gets all present objects and says what still lacks, "" when nothing
   */
  async until(
    collection: string,
    timeoutMs: number,
    missing: (objects: KubeObject[]) => string,
  ): Promise<KubeObject[]> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const list = (await this.get(collection)) as KubeObject & { items: KubeObject[] };
      const objects = new Map(list.items.map((item) => [item.metadata.name, item]));
      const lack = await this.#follow(collection, String(list.metadata['resourceVersion']), objects, deadline, missing);
      if (lack === '') return [...objects.values()];
      if (performance.now() >= deadline) throw new TestbedError(`${lack} (waited ${Math.round(timeoutMs / 1000)} s)`);
    }
  }

  /** Applies watch events to `objects` until nothing lacks, the server ends the watch, or the deadline passes. */
  async #follow(
    collection: string,
    resourceVersion: string,
    objects: Map<string, KubeObject>,
    deadline: number,
    missing: (objects: KubeObject[]) => string,
  ): Promise<string> {
    let lack = missing([...objects.values()]);
    if (lack === '') return lack;
    const path = `${collection}?watch=1&resourceVersion=${resourceVersion}`;
    const child = spawn(this.instance.kubectl, ['get', '--raw', path], {
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.once('error', () => undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, deadline - performance.now()));
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
        if (type === 'ERROR') return lack;
        if (type === 'DELETED') objects.delete(object.metadata.name);
        else objects.set(object.metadata.name, object);
        lack = missing([...objects.values()]);
        if (lack === '') return lack;
      }
      return lack;
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
  }

  #environment(): Record<string, string | undefined> {
    return { ...process.env, KUBECONFIG: this.instance.kubeconfig, KUBECTL_KUBERC: 'false' };
  }
}

/** Whether kubectl failed because the object is not there. */
export function isMissing(stderr: string): boolean {
  return stderr.includes('(NotFound)');
}

function oneLine(text: string): string {
  return text.trim().split('\n').slice(-3).join('; ');
}
