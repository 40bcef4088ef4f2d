import type { Clock } from '../../domain/clock.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { LockLevel } from '../../domain/ports.ts';
import type { LockRecord } from './lease-record.ts';
import { leaseObject, microTime, readRecord } from './lease-record.ts';
import type { LeaseStore } from './lease-store.ts';
import { isLostRace } from './lease-store.ts';
import type { LockFence } from './lock-fence.ts';
import { oneLine } from '../../text/plain-text.ts';

/** A moment on both clocks: one of them stands still while a machine sleeps. */
export interface Instant {
  wall: number;
  monotonic: number;
}

export function instantOf(clock: Clock): Instant {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

export interface HeldLeaseParts {
  store: LeaseStore;
  fence: Pick<LockFence, 'open' | 'successor'> | null;
  clock: Clock;
  /** Holder identity under which the Lease was taken. */
  identity: string;
  /** Namespace of the Lease. */
  namespace: string;
  durationMs: number;
  /** Called at most once, after which nothing more is written. */
  onLost: (reason: string) => void;
}

/**
 * A Lease that this process holds: renewed, changed and at last given up. Its methods must not overlap: each ends with
 * a compare-and-swap of the same object.
 */
export class HeldLease {
  readonly level: LockLevel;
  readonly #parts: HeldLeaseParts;
  readonly #over = new AbortController();
  #lease: KubeObject;
  /** Before the request that renewed it was sent. */
  #renewed: Instant;

  /** @param taken before the request that took it was sent */
  constructor(parts: HeldLeaseParts, lease: KubeObject, taken: Instant, level: LockLevel) {
    this.#parts = parts;
    this.#lease = lease;
    this.#renewed = taken;
    this.level = level;
  }

  get expired(): boolean {
    return this.#age() >= this.#parts.durationMs;
  }

  /** Aborted once it is given up or lost. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Nothing renews it any more. */
  giveUp(): void {
    this.#over.abort();
  }

  /** Renews when the last renewal is older than a third of the duration. False: lost, stop writing. */
  async renewIfDue(): Promise<boolean> {
    const { durationMs, fence } = this.#parts;
    if (this.over.aborted) return false;
    const age = this.#age();
    if (age < durationMs / 3) return true;
    // Renewing now might still succeed, but somebody who waited long enough may be about to take over.
    if (age >= durationMs) return this.lose(`it was not renewed for ${Math.round(age / 1000)} s`);
    try {
      // Without a new token the lock is kept: the old one has minutes to live.
      const token = (await fence?.successor().catch(() => null)) ?? null;
      await this.swap(token ? { credential: token.credential } : {});
      if (token) await fence!.open(token);
      return true;
    } catch (error) {
      if (this.over.aborted) return false;
      if (error instanceof ClusterError && error.reason === 'conflict') return this.lose(error.message);
      // After two thirds nothing more is written, well before anybody may take over.
      return this.#age() < (durationMs * 2) / 3 || this.lose(`it cannot be renewed: ${messageOf(error)}`);
    }
  }

  /**
   * Compare-and-swap of our own record. When somebody only annotated the Lease, it is tried once more.
   * @throws ClusterError conflict when the holder changed
   */
  async swap(change: Partial<LockRecord>): Promise<void> {
    const { clock, identity, namespace, store } = this.#parts;
    for (let attempt = 0; ; attempt++) {
      const started = instantOf(clock);
      const record = { ...readRecord(this.#lease), ...change, renewedAt: microTime(started.wall) };
      try {
        const body = leaseObject(namespace, record, this.#lease.spec?.acquireTime, this.#lease);
        this.#lease = await store.put(body);
        this.#renewed = started;
        return;
      } catch (error) {
        if (!isLostRace(error)) throw error;
        const lease = await store.get();
        const holder = lease ? readRecord(lease).holder : '';
        if (!lease || holder !== identity) {
          const reason = `the writer lock was taken by ${oneLine(holder) || 'nobody (it was freed or deleted)'}`;
          this.lose(reason);
          throw new ClusterError('conflict', reason);
        }
        if (attempt > 0) throw error;
        this.#lease = lease;
      }
    }
  }

  lose(reason: string): false {
    if (this.over.aborted) return false;
    this.giveUp();
    this.#parts.onLost(reason);
    return false;
  }

  #age(): number {
    const now = instantOf(this.#parts.clock);
    return Math.max(now.wall - this.#renewed.wall, now.monotonic - this.#renewed.monotonic);
  }
}
