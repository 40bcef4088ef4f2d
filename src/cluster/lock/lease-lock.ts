import { createHash, randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Clock } from '../../domain/clock.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { LockLevel, LockResult, WriterLock } from '../../domain/ports.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { Instant } from './held-lease.ts';
import { HeldLease, instantOf } from './held-lease.ts';
import { HolderWatch } from './holder-watch.ts';
import type { LockOwner, LockRecord } from './lease-record.ts';
import {
  DEFAULT_LOCK_NAMESPACE,
  FREED,
  isDirty,
  LEASE_SECONDS,
  leaseObject,
  microTime,
  NEVER_HELD,
  readRecord,
} from './lease-record.ts';
import { LeaseStore } from './lease-store.ts';
import type { FenceStanding, LockFence } from './lock-fence.ts';
import type { WriterToken } from './writer-token.ts';
import { oneLine } from '../../text/plain-text.ts';

export interface LeaseLockOptions {
  /** Locks of a dead process of the same state folder may be taken over: its journal is here to recover from. */
  stateFolder: string;
  /** Called once when a held lock turns out to be lost. */
  onLost?: (reason: string) => void;
  /** Default `kube-system`. All writers of a cluster must use the same one. */
  namespace?: string;
  /** This process, as others see it. */
  owner?: LockOwner;
  /**
   * Seconds without renewal after which others may take the lock, 6 to 300; default 30. Shorter: quicker takeover
   * after a crash; but a holder whose API server is slow stops writing after two thirds of it.
   */
  seconds?: number;
  /** Lets the cluster itself enforce the lock, where a fence is installed. Default: client-side only. */
  fence?: WriterFence;
  /** Whether a process of this machine runs; asked before a lock of the same machine is called dead. */
  isAlive?: (pid: number) => boolean;
}

/** What the lock asks of a fence. */
export type WriterFence = Pick<LockFence, 'standing' | 'enter' | 'open' | 'successor' | 'leave'>;

export interface LockReport {
  /** `dirty`: left behind in the middle of a transaction. `unknown`: the Lease may not be read. */
  state: 'free' | 'held' | 'dirty' | 'unknown';
  holder: string;
  phase: string;
  /** ISO 8601 of the last renewal; empty when free. */
  renewedAt: string;
  /** What a writer gets now. */
  level: FenceStanding['level'];
  /** Why not fenced; empty when fenced. */
  why: string;
}

const POLL_MS = 1_000;
const MAX_ROUNDS = 20;
/** One process is one holder to others, and still may have several transactions in mind. */
const BUSY_HERE = 'another command of this window or terminal is at work: wait until it has finished';

/**
 * The A-Lock: one Lease per cluster, compared and swapped by resourceVersion. It always lives in one namespace
 * (`kube-system` unless set otherwise): falling back to the incident's namespace when a user may not write there
 * would let two writers each hold a lock of their own, so that a missing right is an error that names it instead.
 * Expiry counts on clocks of one machine only: the holder stops by the larger of wall and monotonic time since its
 * last renewal, and another writer takes over only after it watched the Lease unchanged for one whole duration, or
 * when the holder was a process of this machine and state folder that is gone. Client-side it excludes cooperating
 * writers, not a holder that was suspended between its check and its write; fenced, the API server refuses the writes
 * of everybody but the holder of the token whose id is in the Lease.
 */
export class LeaseLock implements WriterLock {
  readonly #store: LeaseStore;
  readonly #fence: WriterFence | null;
  readonly #durationMs: number;
  readonly #clock: Clock;
  readonly #namespace: string;
  readonly #owner: LockOwner;
  readonly #identity: string;
  readonly #state: string;
  readonly #watcher: HolderWatch;
  readonly #onLost: (reason: string) => void;
  #held: HeldLease | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(upstream: Upstream, clock: Clock, options: LeaseLockOptions) {
    this.#namespace = options.namespace ?? DEFAULT_LOCK_NAMESPACE;
    this.#store = new LeaseStore(upstream, this.#namespace);
    this.#fence = options.fence ?? null;
    this.#durationMs = (options.seconds ?? LEASE_SECONDS) * 1000;
    this.#clock = clock;
    this.#owner = options.owner ?? { user: userName(), host: hostname(), pid: process.pid };
    const { user, host, pid } = this.#owner;
    this.#identity = oneLine(`${user}@${host} pid ${pid} ${randomUUID().slice(0, 8)}`, 200);
    this.#state = createHash('sha256').update(`${host}\n${options.stateFolder}`).digest('hex').slice(0, 32);
    this.#watcher = new HolderWatch(clock, host, this.#state, options.isAlive);
    this.#onLost = options.onLost ?? (() => undefined);
  }

  /** How the lock is held now; null when it is not, or when it expired while this process was suspended. */
  get level(): LockLevel | null {
    const held = this.#held;
    return held && !held.expired ? held.level : null;
  }

  /**
   * Takes the lock. Answers at once when a living writer holds it, this very process with something else included, or when
   * it is dirty and belongs to another state folder; waits up to one lease duration to make sure that a silent holder is
   * dead.
   * @param takeOver also take a dirty lock of another state folder whose holder is dead: only for who has its journal;
   * who took it, when and from whom stays in the Lease as `stratus-oncall/last-break`
   * @throws ClusterError forbidden (names the missing right), conflict (the fence is not whole), unreachable, aborted …
   */
  async acquire(tx: string, signal: AbortSignal, takeOver = false): Promise<LockResult> {
    return this.#serial(async () => {
      if (this.level !== null) return { ok: false, holder: this.#identity, reason: BUSY_HERE };
      let lastSeen = '';
      for (let round = 0; ; round++) {
        const lease = await this.#store.get(signal);
        const record = lease && readRecord(lease);
        const answer = record && this.#answer(record, takeOver);
        if (answer && answer !== 'wait') {
          // Whether a holder that was heard of a moment ago is alive is told by its next renewal.
          if (!takeOver || (lastSeen !== '' && lastSeen !== record.renewedAt)) return answer;
          lastSeen = record.renewedAt;
        }
        if (answer) {
          await this.#clock.sleep(POLL_MS, signal);
          continue;
        }
        const level = await this.#take(tx, lease, record, signal);
        if (level) return { ok: true, level };
        // Each lost race means that another writer won one; it is held now, or will be in a moment.
        if (round >= MAX_ROUNDS)
          return { ok: false, holder: record?.holder ?? 'others', reason: 'many writers want the lock at once' };
      }
    });
  }

  /** True while the lock is ours; renewed when the last renewal is older than a third of the duration. False: stop writing. */
  async renew(): Promise<boolean> {
    return this.#serial(async () => (await this.#held?.renewIfDue()) ?? false);
  }

  /**
   * Records the phase; `committed …` and `undone …` are clean, everything else is dirty if this process dies.
   * `dirty` also stops the renewal: the lock then waits for recovery.
   * @param journalDigest digest of the transaction's journal, for the recovering colleague
   * @throws ClusterError when the lock is not ours (any more)
   */
  async mark(phase: string, journalDigest?: string): Promise<void> {
    await this.#serial(async () => {
      const held = this.#requireHeld();
      const digest = journalDigest === undefined ? {} : { journalDigest };
      if (phase !== 'dirty') return held.swap({ phase, ...digest });
      try {
        await held.swap({ phase, credential: '', ...digest });
      } finally {
        this.#forget();
      }
    });
  }

  /**
   * Gives a held lock back; does nothing when it is not held. The Lease object stays, empty.
   * @param level what the Lease says from now on; only uninstalling the fence gives one
   */
  async release(level?: LockLevel): Promise<void> {
    await this.#serial(async () => {
      if (!this.#held) return;
      const held = this.#held;
      try {
        await held.swap({ ...FREED, phase: 'released', ...(level ? { level } : {}) });
      } finally {
        this.#forget();
      }
    });
  }

  /** For `stratus lock status`; never throws for a missing right. @throws ClusterError unreachable … */
  async status(): Promise<LockReport> {
    const nobody = { holder: '', phase: '', renewedAt: '' };
    let lease: KubeObject | null;
    try {
      lease = await this.#store.get();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'forbidden') throw error;
      return { ...nobody, state: 'unknown', phase: error.message, ...(await this.#standing(null)) };
    }
    const record = lease && readRecord(lease);
    const standing = await this.#standing(record);
    if (!record || record.holder === '') return { ...nobody, state: 'free', ...standing };
    const { holder, phase, renewedAt } = record;
    const state = this.#watcher.looksAlive(record) ? 'held' : isDirty(record) ? 'dirty' : 'free';
    return { state, holder: oneLine(holder), phase: oneLine(phase), renewedAt, ...standing };
  }

  /** True when a process of this state folder still stands in the Lease although it has ended. @throws ClusterError */
  async isLeftBehind(): Promise<boolean> {
    const lease = await this.#store.get();
    const record = lease && readRecord(lease);
    return record !== null && record.holder !== '' && this.#watcher.isGoneHere(record);
  }

  /**
   * Frees the lock whatever its state; who did it, when and from whom stays in the Lease as `stratus-oncall/last-break`.
   * For a lock whose owner will not come back.
   * @throws ClusterError conflict when its holder renewed it meanwhile (it is alive)
   */
  async breakLock(): Promise<void> {
    await this.#serial(async () => {
      const lease = await this.#store.get();
      if (!lease) return;
      const record = readRecord(lease);
      if (record.holder === '') return;
      const freed = { ...record, ...FREED, phase: 'broken' };
      const audit = this.#audit(record, 'broken');
      await this.#store.put(leaseObject(this.#namespace, freed, lease.spec?.acquireTime, lease, audit));
    });
  }

  #audit({ holder, tx, phase }: LockRecord, what: 'broken' | 'taken over'): Record<string, unknown> {
    const { user, host, pid } = this.#owner;
    const at = new Date(this.#clock.now()).toISOString();
    return { what, by: `${user}@${host} pid ${pid}`, at, holder, tx, phase };
  }

  /** What a Lease means for us; null: it can be taken now. */
  #answer(record: LockRecord, takeOver: boolean): LockResult | 'wait' | null {
    if (record.holder === '' || record.holder === this.#identity) return null;
    const holder = oneLine(record.holder);
    const phase = oneLine(record.phase, 100);
    const ours = takeOver || record.state === this.#state;
    if (!this.#watcher.isDead(record)) {
      if (this.#watcher.looksAlive(record)) {
        return {
          ok: false,
          holder,
          reason: `another writer is at work (${phase || 'no phase given'}): wait until it has finished`,
        };
      }
      // Waiting could only tell that it is dead; what it left behind is not ours to finish.
      if (!isDirty(record) || ours) return 'wait';
    } else if (!isDirty(record) || ours) return null;
    const advice = 'run "stratus recover" on its machine, or "stratus lock break" after checking what it left behind';
    return { ok: false, holder, reason: `its owner stopped in the middle of a transaction (${phase}): ${advice}` };
  }

  #standing(record: LockRecord | null): Promise<FenceStanding> {
    const none: FenceStanding = { level: 'client-side', why: 'this lock was opened without a fence' };
    return this.#fence?.standing(record) ?? Promise.resolve(none);
  }

  /** Null when somebody else was faster. */
  async #take(
    tx: string,
    lease: KubeObject | null,
    old: LockRecord | null,
    signal: AbortSignal,
  ): Promise<LockLevel | null> {
    // The fence reads the Lease: it must be there before a token can be proved.
    if (!lease && this.#fence) return this.#createFree(signal);
    const entry = await this.#fence?.enter(old, signal);
    const token = entry?.level === 'fenced' ? entry.token : null;
    const taken = instantOf(this.#clock);
    const again = old?.holder === this.#identity;
    const leftBehind = old !== null && old.holder !== '' && isDirty(old);
    const record = {
      holder: this.#identity,
      tx,
      // What a dead owner left unfinished stays unfinished until somebody marks it otherwise.
      phase: leftBehind ? (again ? old.phase : `recovering ${old.tx || old.phase}`) : 'acquired',
      journalDigest: leftBehind ? old.journalDigest : '',
      owner: this.#owner,
      state: this.#state,
      renewedAt: microTime(taken.wall),
      durationSeconds: this.#durationMs / 1000,
      transitions: (old?.transitions ?? 0) + (again ? 0 : 1),
      credential: token?.credential ?? '',
      level: token ? ('fenced' as const) : (old?.level ?? 'client-side'),
    };
    const foreign = leftBehind && old.state !== this.#state;
    const audit = foreign ? this.#audit(old, 'taken over') : undefined;
    const body = leaseObject(this.#namespace, record, microTime(taken.wall), lease ?? undefined, audit);
    try {
      // Not to be cancelled: a Lease that was stored all the same would stay held by nobody.
      const written = lease ? await this.#store.put(body) : await this.#store.create(body);
      this.#held?.giveUp();
      this.#held = this.#hold(written, taken, token ? 'fenced' : 'client-side');
    } catch (error) {
      return this.#lostOrThrow(error, lease !== null);
    }
    const held = this.#held;
    if (token) await this.#open(held, token, leftBehind, signal);
    void this.#keep(held);
    return held.level;
  }

  #hold(lease: KubeObject, taken: Instant, level: LockLevel): HeldLease {
    const held: HeldLease = new HeldLease(
      {
        store: this.#store,
        fence: this.#fence,
        clock: this.#clock,
        identity: this.#identity,
        namespace: this.#namespace,
        durationMs: this.#durationMs,
        onLost: (reason) => {
          if (this.#held === held) this.#forget();
          this.#onLost(reason);
        },
      },
      lease,
      taken,
      level,
    );
    return held;
  }

  async #createFree(signal: AbortSignal): Promise<null> {
    const free = { ...NEVER_HELD, durationSeconds: this.#durationMs / 1000, level: 'client-side' as const };
    try {
      await this.#store.create(leaseObject(this.#namespace, free, ''), signal);
    } catch (error) {
      return this.#lostOrThrow(error, false);
    }
    return null;
  }

  /** Null when somebody else wrote the Lease first. */
  #lostOrThrow(error: unknown, existed: boolean): null {
    if (!(error instanceof ClusterError)) throw error;
    if (error.status === 409 || (existed && error.status === 404)) return null;
    if (error.status !== 404) throw error;
    throw new ClusterError('not-found', `namespace '${this.#namespace}' of the writer lock does not exist`, 404);
  }

  /** Waits until the fence lets the new holder through; one that it refuses gives the lock back. */
  async #open(held: HeldLease, token: WriterToken, leftBehind: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#fence!.open(token, signal);
    } catch (error) {
      // The first failure is told; a lock that cannot be given back runs out by itself.
      await held.swap(leftBehind ? { credential: '' } : { ...FREED, phase: 'released' }).catch(() => undefined);
      this.#forget();
      throw error;
    }
  }

  async #keep(held: HeldLease): Promise<void> {
    while (!held.over.aborted) {
      try {
        await this.#clock.sleep(this.#durationMs / 3, held.over);
      } catch {
        // Given back meanwhile.
        return;
      }
      await this.#serial(() => held.renewIfDue());
    }
  }

  #forget(): void {
    this.#held?.giveUp();
    this.#held = null;
    this.#fence?.leave();
  }

  #requireHeld(): HeldLease {
    const held = this.#held;
    if (!held) throw new ClusterError('conflict', 'the writer lock is not held');
    if (!held.expired) return held;
    held.lose('it expired');
    throw new ClusterError('conflict', 'the writer lock expired');
  }

  /** Operations on the Lease never overlap: the timer would otherwise race the writer for the resourceVersion. */
  #serial<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    // The caller has the failure; here only the order counts.
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return 'unknown';
  }
}
