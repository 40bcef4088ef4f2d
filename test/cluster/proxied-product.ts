import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalStore } from '../../src/gateway/journal-store.ts';
import type { ProductRun } from '../judge/product.ts';
import { DEFAULT_COMMAND, Product } from '../judge/product.ts';
import { FaultProxy } from '../testbed/fault-proxy.ts';
import type { Instance } from '../testbed/instance.ts';

const TIMEOUT_MS = 240_000;

export interface ProxiedProductOptions {
  /** Where the writer lock lives. */
  lockNamespace: string;
  /** Seconds of the writer lock; default: the product's own. */
  lockSeconds?: number;
  /** Default: in a temporary folder of its own. */
  stateFolder?: string;
}

/** The `stratus` command of this checkout behind a fault proxy, with a state folder and a writer lock of its own. */
export class ProxiedProduct {
  readonly proxy: FaultProxy;
  /** For files of a test; removed when it is closed. */
  readonly folder: string;
  readonly stateFolder: string;
  /** Environment of the product's processes. */
  readonly environment: NodeJS.ProcessEnv;
  private readonly lockNamespace: string;

  private constructor(instance: Instance, folder: string, proxy: FaultProxy, options: ProxiedProductOptions) {
    this.proxy = proxy;
    this.folder = folder;
    this.stateFolder = options.stateFolder ?? join(folder, 'state');
    this.lockNamespace = options.lockNamespace;
    this.environment = {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HOME: folder,
      KUBECONFIG: proxy.kubeconfig,
      STRATUS_HOME: this.stateFolder,
      STRATUS_KUBECTL: instance.kubectl,
      STRATUS_LOCK_NAMESPACE: options.lockNamespace,
      ...(options.lockSeconds ? { STRATUS_LOCK_SECONDS: String(options.lockSeconds) } : {}),
    };
  }

  static async open(instance: Instance, options: ProxiedProductOptions): Promise<ProxiedProduct> {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-cli-'));
    return new ProxiedProduct(instance, folder, await FaultProxy.start(instance, folder), options);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  run(args: readonly string[], command: readonly string[] = DEFAULT_COMMAND): Promise<ProductRun> {
    return new Product(command, this.environment).run(args, TIMEOUT_MS);
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

  async lock(): Promise<LockState> {
    const { stdout } = await this.run(['lock', 'status', '--namespace', this.lockNamespace, '--json']);
    return JSON.parse(stdout) as LockState;
  }

  async transactions(): Promise<Transaction[]> {
    return JSON.parse((await this.run(['journal', 'list', '--json'])).stdout) as Transaction[];
  }

  /** Finishes what is owed, and names what is then left: transactions, damage, the lock. */
  async leftovers(): Promise<string[]> {
    const left: string[] = [];
    const recovered = await this.run(['recover', '--undo', '--yes']);
    if (recovered.code !== 0) left.push(`recover ended with ${recovered.code}: ${recovered.stderr}`);
    for (const { id, status, active } of await this.transactions()) {
      if (active || (status !== 'committed' && status !== 'undone')) left.push(`${id} is left ${status}`);
    }
    const verified = await this.run(['journal', 'verify']);
    if (verified.code !== 0) left.push(verified.stdout);
    const lock = await this.lock();
    if (lock.state !== 'free') left.push(`the lock is ${lock.state}: ${lock.holder}, ${lock.phase}`);
    return left;
  }
}

export interface LockState {
  state: 'free' | 'held' | 'dirty' | 'unknown';
  holder: string;
  phase: string;
}

export interface Transaction {
  id: string;
  status: string;
  active: boolean;
}
