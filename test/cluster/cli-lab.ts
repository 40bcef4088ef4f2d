import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProductRun } from '../judge/product.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import type { FaultProxy } from '../testbed/fault-proxy.ts';
import type { GatewayHarness } from './gateway/gateway-harness.ts';
import type { ProxiedProductOptions } from './gateway/proxied-product.ts';
import { ProxiedProduct } from './gateway/proxied-product.ts';
import { deployment } from './undo/undo-actions.ts';
import type { CliCrashOrder } from './undo/undo-cli-crash-child.ts';
import { runCrashChild } from './undo/undo-crash.ts';
import { createFixtures, readWorld, worldDifference, type World } from './undo/undo-world.ts';

/**
 * A {@link ProxiedProduct} with a namespace of its own. Its transaction is one `kubectl apply` that changes two objects
 * and creates two.
 */
export class CliLab {
  readonly namespace: string;
  readonly product: ProxiedProduct;
  readonly #gateway: GatewayHarness;
  readonly #manifest: string;
  readonly #context: { namespace: string; suffix: string };
  #before: World = new Map();

  private constructor(
    gateway: GatewayHarness,
    context: { namespace: string; suffix: string },
    product: ProxiedProduct,
  ) {
    this.#gateway = gateway;
    this.#context = context;
    this.namespace = context.namespace;
    this.product = product;
    this.#manifest = join(product.folder, 'manifest.json');
  }

  static async open(
    gateway: GatewayHarness,
    options: Omit<ProxiedProductOptions, 'lockNamespace'> = {},
  ): Promise<CliLab> {
    const suffix = randomBytes(3).toString('hex');
    const context = { namespace: `cli-${suffix}`, suffix };
    const product = await ProxiedProduct.open(gateway.instance, { ...options, lockNamespace: context.namespace });
    const lab = new CliLab(gateway, context, product);
    await createFixtures(gateway, lab.#context, [
      lab.#config('kept', '1'),
      deployment(lab.namespace, 'web', { paused: true, replicas: 0 }),
    ]);
    const items = [
      lab.#config('kept', '2'),
      { ...deployment(lab.namespace, 'web', { paused: true, replicas: 0, minReadySeconds: 5 }) },
      lab.#config('made', '1'),
      lab.#config('more', '1'),
    ];
    await writeFile(lab.#manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    lab.#before = await lab.#world();
    return lab;
  }

  async close(): Promise<void> {
    await this.product.close();
    await this.#gateway.api.send('DELETE', `/api/v1/namespaces/${this.namespace}`);
  }

  get proxy(): FaultProxy {
    return this.product.proxy;
  }

  get stateFolder(): string {
    return this.product.stateFolder;
  }

  /** Arguments of the transaction. */
  get apply(): string[] {
    return ['run', '--namespace', this.namespace, '--yes', '--', 'apply', '-f', this.#manifest];
  }

  /** The transaction, or the undo of the newest one, in a process that kills itself. Boundaries passed, in order. */
  async crash(work: 'apply' | 'undo', dieAt: number): Promise<string[]> {
    const order: CliCrashOrder = {
      stateFolder: this.stateFolder,
      kubeconfig: this.proxy.kubeconfig,
      kubectlPath: this.#gateway.instance.kubectl,
      lockNamespace: this.namespace,
      namespace: this.namespace,
      ...(work === 'apply' ? { argv: ['apply', '-f', this.#manifest] } : {}),
      dieAt,
      trace: join(this.product.folder, `trace-${randomBytes(4).toString('hex')}`),
    };
    return runCrashChild('undo-cli-crash-child.ts', order);
  }

  stratus(...args: string[]): Promise<ProductRun> {
    return this.product.run(args);
  }

  /** The same where no file may grow beyond `kib`: the last bytes are written short, then refused, as on a full disk. */
  stratusOnFullDisk(kib: number, ...args: string[]): Promise<ProductRun> {
    const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`, ...DEFAULT_COMMAND];
    return this.product.run(args, limited);
  }

  writesSeen(): number {
    return this.product.writesSeen();
  }

  writesJournalled(): Promise<number> {
    return this.product.writesJournalled();
  }

  /** What differs from the state before everything; empty when it is restored. */
  async changes(): Promise<string[]> {
    return worldDifference(this.#before, await this.#world());
  }

  leftovers(): Promise<string[]> {
    return this.product.leftovers();
  }

  #config(name: string, x: string) {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: this.namespace }, data: { x } };
  }

  #world(): Promise<World> {
    return readWorld(this.#gateway, this.#context);
  }
}

/** The objects that the transaction of the lab changes. */
export const CHANGED = ['ConfigMap/kept', 'ConfigMap/made', 'ConfigMap/more', 'Deployment/web'];
