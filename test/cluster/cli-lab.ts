import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalStore } from '../../src/gateway/journal-store.ts';
import type { ProductRun } from '../judge/product.ts';
import { DEFAULT_COMMAND, Product } from '../judge/product.ts';
import { FaultProxy } from '../testbed/fault-proxy.ts';
import type { GatewayHarness } from './gateway-harness.ts';
import { deployment } from './undo-actions.ts';
import type { CliCrashOrder } from './undo-cli-crash-child.ts';
import { runCrashChild } from './undo-crash.ts';
import { createFixtures, readWorld, worldDifference, type World } from './undo-world.ts';

const TIMEOUT_MS = 240_000;

/**
 * The `stratus` command of this checkout behind a fault proxy, with a state folder, a namespace and a writer lock of its
 * own. Its transaction is one `kubectl apply` that changes two objects and creates two.
 */
export class CliLab {
  readonly proxy: FaultProxy;
  readonly namespace: string;
  readonly stateFolder: string;
  /** Environment of the product's processes. */
  readonly environment: NodeJS.ProcessEnv;
  private readonly gateway: GatewayHarness;
  private readonly product: Product;
  private readonly manifest: string;
  private readonly context: { namespace: string; suffix: string };
  private before: World = new Map();

  private constructor(gateway: GatewayHarness, folder: string, proxy: FaultProxy, suffix: string) {
    this.gateway = gateway;
    this.proxy = proxy;
    this.context = { namespace: `cli-${suffix}`, suffix };
    this.namespace = this.context.namespace;
    this.stateFolder = join(folder, 'state');
    this.manifest = join(folder, 'manifest.json');
    this.environment = {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HOME: folder,
      KUBECONFIG: proxy.kubeconfig,
      STRATUS_HOME: this.stateFolder,
      STRATUS_KUBECTL: gateway.instance.kubectl,
      STRATUS_LOCK_NAMESPACE: this.namespace,
    };
    this.product = new Product(DEFAULT_COMMAND, this.environment);
  }

  static async open(gateway: GatewayHarness): Promise<CliLab> {
    const suffix = randomBytes(3).toString('hex');
    const folder = await mkdtemp(join(tmpdir(), 'stratus-cli-'));
    const lab = new CliLab(gateway, folder, await FaultProxy.start(gateway.instance, folder), suffix);
    await createFixtures(gateway, lab.context, [
      lab.config('kept', '1'),
      deployment(lab.namespace, 'web', { paused: true, replicas: 0 }),
    ]);
    const items = [
      lab.config('kept', '2'),
      { ...deployment(lab.namespace, 'web', { paused: true, replicas: 0, minReadySeconds: 5 }) },
      lab.config('made', '1'),
      lab.config('more', '1'),
    ];
    await writeFile(lab.manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    lab.before = await lab.world();
    return lab;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.gateway.api.send('DELETE', `/api/v1/namespaces/${this.namespace}`);
    await rm(join(this.stateFolder, '..'), { recursive: true, force: true });
  }

  /** Arguments of the transaction. */
  get apply(): string[] {
    return ['run', '--namespace', this.namespace, '--yes', '--', 'apply', '-f', this.manifest];
  }

  /** The transaction, or the undo of the newest one, in a process that kills itself. Boundaries passed, in order. */
  async crash(work: 'apply' | 'undo', dieAt: number): Promise<string[]> {
    const order: CliCrashOrder = {
      stateFolder: this.stateFolder,
      kubeconfig: this.proxy.kubeconfig,
      kubectlPath: this.gateway.instance.kubectl,
      lockNamespace: this.namespace,
      namespace: this.namespace,
      ...(work === 'apply' ? { argv: ['apply', '-f', this.manifest] } : {}),
      dieAt,
      trace: join(this.stateFolder, '..', `trace-${randomBytes(4).toString('hex')}`),
    };
    return runCrashChild('undo-cli-crash-child.ts', order);
  }

  stratus(...args: string[]): Promise<ProductRun> {
    return this.product.run(args, TIMEOUT_MS);
  }

  /** The same where no file may grow beyond `kib`: the last bytes are written short, then refused, as on a full disk. */
  stratusOnFullDisk(kib: number, ...args: string[]): Promise<ProductRun> {
    const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$@"`, ...DEFAULT_COMMAND];
    return new Product(limited, this.environment).run(args, TIMEOUT_MS);
  }

  /** Writes that reached the proxy on their way to objects. */
  writesSeen(): number {
    return this.proxy.seen.filter(({ kind }) => kind === 'write').length;
  }

  /** Writes whose intent stands in the journals. */
  async writesJournalled(): Promise<number> {
    const store = await JournalStore.open(this.stateFolder, {});
    const records = await Promise.all((await store.list()).map(({ id }) => store.read(id)));
    return records.flat().filter(({ type }) => type === 'intent' || type === 'undo-intent').length;
  }

  /** What differs from the state before everything; empty when it is restored. */
  async changes(): Promise<string[]> {
    return worldDifference(this.before, await this.world());
  }

  /** Finishes what is owed, and names what is then left: transactions, damage, the lock. */
  async leftovers(): Promise<string[]> {
    const left: string[] = [];
    const recovered = await this.stratus('recover', '--undo', '--yes');
    if (recovered.code !== 0) left.push(`recover ended with ${recovered.code}: ${recovered.stderr}`);
    const list = JSON.parse((await this.stratus('journal', 'list', '--json')).stdout) as Transaction[];
    for (const { id, status, active } of list) {
      if (active || (status !== 'committed' && status !== 'undone')) left.push(`${id} is left ${status}`);
    }
    const verified = await this.stratus('journal', 'verify');
    if (verified.code !== 0) left.push(verified.stdout);
    const { stdout } = await this.stratus('lock', 'status', '--namespace', this.namespace, '--json');
    const lock = JSON.parse(stdout) as { state: string; holder: string; phase: string };
    if (lock.state !== 'free') left.push(`the lock is ${lock.state}: ${lock.holder}, ${lock.phase}`);
    return left;
  }

  private config(name: string, x: string) {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: this.namespace }, data: { x } };
  }

  private world(): Promise<World> {
    return readWorld(this.gateway, this.context);
  }
}

interface Transaction {
  id: string;
  status: string;
  active: boolean;
}

/** The objects that the transaction of the lab changes. */
export const CHANGED = ['ConfigMap/kept', 'ConfigMap/made', 'ConfigMap/more', 'Deployment/web'];
