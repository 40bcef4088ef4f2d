import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterConnection } from '../../../src/cluster/connect/cluster-connection.ts';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import type { LockReport } from '../../../src/cluster/lock/lease-lock.ts';
import { LeaseLock } from '../../../src/cluster/lock/lease-lock.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { TransactionSummary } from '../../../src/domain/transaction.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import type { ProductRun, RunningProduct } from '../../judge/product.ts';
import { DEFAULT_COMMAND, Product } from '../../judge/product.ts';
import { FaultProxy } from '../../testbed/fault-proxy.ts';
import type { Instance } from '../../testbed/instance.ts';

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
  readonly #connection: ClusterConnection;
  readonly #lockNamespace: string;

  private constructor(
    instance: Instance,
    folder: string,
    proxy: FaultProxy,
    connection: ClusterConnection,
    options: ProxiedProductOptions,
  ) {
    this.proxy = proxy;
    this.folder = folder;
    this.#connection = connection;
    this.stateFolder = options.stateFolder ?? join(folder, 'state');
    this.#lockNamespace = options.lockNamespace;
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
    const kubeconfig = await loadKubeconfig({ kubeconfig: instance.kubeconfig });
    const target = await kubeconfig.target(instance.context, options.lockNamespace);
    const connection = await connect(kubeconfig, target, { clock: new SystemClock(), environment: {} });
    return new ProxiedProduct(instance, folder, await FaultProxy.start(instance, folder), connection, options);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    this.#connection.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  run(args: readonly string[], command: readonly string[] = DEFAULT_COMMAND): Promise<ProductRun> {
    return this.start(args, command).ended;
  }

  start(args: readonly string[], command: readonly string[] = DEFAULT_COMMAND): RunningProduct {
    return new Product(command, this.environment).start(args, TIMEOUT_MS);
  }

  /** Writes that reached the proxy on their way to objects. */
  writesSeen(): number {
    return this.proxy.seen.filter(({ kind }) => kind === 'write').length;
  }

  /** Writes whose intent stands in the journals. */
  async writesJournalled(): Promise<number> {
    const store = await this.#store();
    const records = await Promise.all((await store.list()).map(({ id }) => store.read(id)));
    return records.flat().filter(({ type }) => type === 'intent' || type === 'undo-intent').length;
  }

  // Asked of its parts, not of one more process each: these questions come often.
  lock(): Promise<LockReport> {
    const connection = this.#connection;
    const namespace = this.#lockNamespace;
    const stateFolder = this.stateFolder;
    return new LeaseLock(connection, new SystemClock(), { namespace, stateFolder }).status();
  }

  async transactions(): Promise<TransactionSummary[]> {
    return (await this.#store()).list();
  }

  /** Finishes what is owed, and names what is then left: transactions, damage, the lock. */
  async leftovers(): Promise<string[]> {
    const left: string[] = [];
    const recovered = await this.run(['recover', '--undo', '--yes']);
    if (recovered.code !== 0) left.push(`recover ended with ${recovered.code}: ${recovered.stderr}`);
    for (const { id, status, active } of await this.transactions()) {
      if (active || (status !== 'committed' && status !== 'undone')) left.push(`${id} is left ${status}`);
    }
    for (const { name, problem } of await (await this.#store()).verify()) left.push(`${name}: ${problem}`);
    const lock = await this.lock();
    if (lock.state !== 'free' || lock.holder !== '')
      left.push(`the lock is ${lock.state}: ${lock.holder}, ${lock.phase}`);
    return left;
  }

  #store(): Promise<JournalStore> {
    return JournalStore.open(this.stateFolder, {});
  }
}
