import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { Target } from '../../domain/target.ts';
import type { FaultHook } from '../../gateway/journal/fault-points.ts';
import { SteadyUpstream } from '../../gateway/wire/steady-upstream.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import type { ClusterConnection } from '../connect/cluster-connection.ts';
import { connect } from '../connect/cluster-connection.ts';
import type { FenceChange } from './fence-installer.ts';
import { FenceInstaller } from './fence-installer.ts';
import type { Kubeconfig } from '../connect/kubeconfig.ts';
import type { LeaseLockOptions } from './lease-lock.ts';
import { LeaseLock } from './lease-lock.ts';
import { DEFAULT_LOCK_NAMESPACE, LEASE_SECONDS } from './lease-record.ts';
import { LockFence } from './lock-fence.ts';
import { WriterCredential } from './writer-token.ts';
import { WriterUpstream } from './writer-upstream.ts';

export interface FencedLockOptions extends LeaseLockOptions {
  /** Only tests set it. */
  crash?: FaultHook;
}

/** The writer lock of one cluster together with its fence, and the way on which transactions write. */
export class FencedLock {
  readonly lock: LeaseLock;
  /** Reads as the engineer; writes as the lock's level says, none while it is not held. */
  readonly upstream: Upstream;
  readonly #own: ClusterConnection;
  readonly #writer: ClusterConnection;
  readonly #clock: Clock;
  readonly #options: FencedLockOptions;

  private constructor(
    own: ClusterConnection,
    writer: ClusterConnection,
    credential: WriterCredential,
    clock: Clock,
    options: FencedLockOptions,
  ) {
    const namespace = options.namespace ?? DEFAULT_LOCK_NAMESPACE;
    const fence = new LockFence(own, writer, credential, clock, namespace);
    // Shorter than what is left between a renewal and the moment at which the lock is given up.
    const patienceMs = ((options.seconds ?? LEASE_SECONDS) * 1000) / 6;
    // Every write of the Lease is a compare-and-swap: sending it again after a lost answer can only fail.
    const steady = new SteadyUpstream(withFaultPoints(own, options.crash), {
      clock,
      patienceMs,
      repeats: ({ path }) => path.includes('/leases'),
    });
    this.lock = new LeaseLock(steady, clock, { ...options, fence });
    this.upstream = new WriterUpstream(own, writer, credential, () => this.lock.level, clock);
    this.#own = own;
    this.#writer = writer;
    this.#clock = clock;
    this.#options = options;
  }

  /** Nothing is sent yet. @param own the engineer's connection to the target @throws ClusterError */
  static async open(
    kubeconfig: Kubeconfig,
    target: Target,
    own: ClusterConnection,
    clock: Clock,
    options: FencedLockOptions,
  ): Promise<FencedLock> {
    const credential = new WriterCredential();
    const writer = await connect(kubeconfig, target, { clock, environment: process.env }, credential);
    return new FencedLock(own, writer, credential, clock, options);
  }

  /** What installing or uninstalling the fence would do. @throws ClusterError */
  planFence(goal: 'install' | 'uninstall'): Promise<FenceChange[]> {
    return this.#installer().plan(goal);
  }

  /**
   * Installs or uninstalls the fence with the rights of the engineer, while no transaction is at work.
   * @throws ClusterError forbidden (names the missing right), conflict (another writer is at work), unreachable …
   */
  async changeFence(goal: 'install' | 'uninstall', signal: AbortSignal): Promise<FenceChange[]> {
    // Held client-side: the fence may be half installed, which is what this puts right.
    const lock = new LeaseLock(this.#own, this.#clock, this.#options);
    const held = await lock.acquire(`${goal} fence`, signal);
    if (!held.ok) throw new ClusterError('conflict', `${held.reason} (held by ${held.holder})`);
    try {
      return await this.#installer().apply(goal);
    } finally {
      // The change is made; a lock that cannot be given back runs out by itself.
      await lock.release(goal === 'uninstall' ? 'client-side' : undefined).catch(() => undefined);
    }
  }

  close(): void {
    this.#writer.close();
  }

  #installer(): FenceInstaller {
    return new FenceInstaller(this.#own, this.#options.namespace ?? DEFAULT_LOCK_NAMESPACE);
  }
}

function withFaultPoints(next: Upstream, crash: FaultHook | undefined): Upstream {
  if (!crash) return next;
  return {
    request: async (request) => {
      if (request.method === 'GET') return next.request(request);
      crash('lock.before-write');
      const response = await next.request(request);
      crash('lock.after-write');
      return response;
    },
  };
}
