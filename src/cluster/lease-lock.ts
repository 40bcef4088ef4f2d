import { createHash, randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Clock } from '../domain/clock.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import type { LockResult, WriterLock } from '../domain/ports.ts';
import { Monitor } from '../gateway/monitor.ts';
import type { Upstream } from '../gateway/upstream.ts';
import { ClusterError, messageOf, oneLine } from '../domain/cluster-error.ts';
import { HolderWatch } from './holder-watch.ts';
import { KubeApi } from '../gateway/kube-api.ts';
import type { LockOwner, LockRecord } from './lease-record.ts';
import { isDirty, LEASE_NAME, LEASE_SECONDS, leaseObject, microTime, readRecord } from './lease-record.ts';

export interface LeaseLockOptions {
  /** Locks of a dead process of the same state folder may be taken over: its journal is here to recover from. */
  stateFolder: string;
  /** Called once when a held lock turns out to be lost. */
  onLost?: (reason: string) => void;
  /** Default `kube-system`. All writers of a cluster must use the same one. */
  namespace?: string;
  /** This process, as others see it. */
  owner?: LockOwner;
  /** Whether a process of this machine runs; asked before a lock of the same machine is called dead. */
  isAlive?: (pid: number) => boolean;
}

export interface LockReport {
  /** `dirty`: left behind in the middle of a transaction. `unknown`: the Lease may not be read. */
  state: 'free' | 'held' | 'dirty' | 'unknown';
  holder: string;
  phase: string;
  /** ISO 8601 of the last renewal; empty when free. */
  renewedAt: string;
  /** Whether admission policies enforce the lock or only Stratus itself does. */
  level: 'fenced' | 'client-side';
}

const DURATION_MS = LEASE_SECONDS * 1000;
const RENEW_MS = 10_000;
/** After this long without a successful renewal nothing more is written, well before anybody may take over. */
const GIVE_UP_MS = 20_000;
const POLL_MS = 1_000;
const MAX_ROUNDS = 20;

/**
 * The A-Lock: one Lease per cluster, compared and swapped by resourceVersion. It always lives in one namespace
 * (`kube-system` unless set otherwise): falling back to the incident's namespace when a user may not write there
 * would let two writers each hold a lock of their own, so that a missing right is an error that names it instead.
 * Expiry counts on clocks of one machine only: the holder stops by the larger of wall and monotonic time since its
 * last renewal, and another writer takes over only after it watched the Lease unchanged for one whole duration, or
 * when the holder was a process of this machine and state folder that is gone. Unfenced it excludes cooperating
 * writers, not a holder that was suspended between its check and its write.
 */
export class LeaseLock implements WriterLock {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #namespace: string;
  readonly #owner: LockOwner;
  readonly #identity: string;
  readonly #state: string;
  readonly #watcher: HolderWatch;
  readonly #onLost: (reason: string) => void;
  #held: Held | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(upstream: Upstream, clock: Clock, options: LeaseLockOptions) {
    this.#namespace = options.namespace ?? 'kube-system';
    const grant = {
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace: this.#namespace,
      name: LEASE_NAME,
      subresource: '',
    };
    this.#api = new KubeApi(new Monitor(upstream, 'control', { control: [grant] }));
    this.#clock = clock;
    this.#owner = options.owner ?? { user: userName(), host: hostname(), pid: process.pid };
    const { user, host, pid } = this.#owner;
    this.#identity = oneLine(`${user}@${host} pid ${pid} ${randomUUID().slice(0, 8)}`, 200);
    this.#state = createHash('sha256').update(`${host}\n${options.stateFolder}`).digest('hex').slice(0, 32);
    this.#watcher = new HolderWatch(clock, host, this.#state, options.isAlive);
    this.#onLost = options.onLost ?? (() => undefined);
  }

  /**
   * Takes the lock. Answers at once when a living writer holds it or when it is dirty and belongs to another state
   * folder; waits up to one lease duration to make sure that a silent holder is dead.
   * @throws ClusterError forbidden (names the missing right), unreachable, aborted …
   */
  async acquire(tx: string, signal: AbortSignal): Promise<LockResult> {
    return this.#serial(async () => {
      for (let round = 0; ; round++) {
        const lease = await this.#get(signal);
        const record = lease && readRecord(lease);
        const answer = record && this.#answer(record);
        if (answer && answer !== 'wait') return answer;
        if (answer === 'wait') {
          await this.#clock.sleep(POLL_MS, signal);
          continue;
        }
        if (await this.#take(tx, lease, record, signal)) return { ok: true };
        // Each lost race means that another writer won one; it is held now, or will be in a moment.
        if (round >= MAX_ROUNDS)
          return { ok: false, holder: record?.holder ?? 'others', reason: 'many writers want the lock at once' };
      }
    });
  }

  /** True while the lock is ours; renewed when the last renewal is older than 10 s. False: stop writing. */
  async renew(): Promise<boolean> {
    return this.#serial(() => this.#renewIfDue());
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
      await this.#swap(held, { phase, ...(journalDigest === undefined ? {} : { journalDigest }) });
      if (phase === 'dirty') this.#forget();
    });
  }

  /** Gives a held lock back; does nothing when it is not held. The Lease object stays, empty. */
  async release(): Promise<void> {
    await this.#serial(async () => {
      if (!this.#held) return;
      const held = this.#held;
      held.timer.abort();
      try {
        await this.#swap(held, { holder: '', phase: 'released', tx: '', journalDigest: '', owner: null });
      } finally {
        this.#forget();
      }
    });
  }

  /** For `stratus lock status`; never throws for a missing right. @throws ClusterError unreachable … */
  async status(): Promise<LockReport> {
    const level = 'client-side' as const;
    let lease: KubeObject | null;
    try {
      lease = await this.#get();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'forbidden') throw error;
      return { state: 'unknown', holder: '', phase: error.message, renewedAt: '', level };
    }
    const record = lease && readRecord(lease);
    if (!record || record.holder === '') return { state: 'free', holder: '', phase: '', renewedAt: '', level };
    const { holder, phase, renewedAt } = record;
    const state = this.#watcher.looksAlive(record) ? 'held' : isDirty(record) ? 'dirty' : 'free';
    return { state, holder: oneLine(holder), phase: oneLine(phase), renewedAt, level };
  }

  /**
   * Frees the lock whatever its state; who did it, when and from whom stays in the Lease as `stratus-oncall/last-break`.
   * For a lock whose owner will not come back.
   * @throws ClusterError conflict when its holder renewed it meanwhile (it is alive)
   */
  async breakLock(): Promise<void> {
    await this.#serial(async () => {
      const lease = await this.#get();
      if (!lease) return;
      const record = readRecord(lease);
      if (record.holder === '') return;
      const { user, host, pid } = this.#owner;
      const audit = {
        by: `${user}@${host} pid ${pid}`,
        at: new Date(this.#clock.now()).toISOString(),
        holder: record.holder,
        tx: record.tx,
        phase: record.phase,
      };
      const freed = { ...record, holder: '', tx: '', phase: 'broken', journalDigest: '', owner: null };
      await this.#put(leaseObject(this.#namespace, freed, lease.spec?.acquireTime, lease, audit));
    });
  }

  /** What a Lease means for us; null: it can be taken now. */
  #answer(record: LockRecord): LockResult | 'wait' | null {
    if (record.holder === '' || record.holder === this.#identity) return null;
    const holder = oneLine(record.holder);
    const phase = oneLine(record.phase, 100);
    const ours = record.state === this.#state;
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

  /** False when somebody else was faster. */
  async #take(tx: string, lease: KubeObject | null, old: LockRecord | null, signal: AbortSignal): Promise<boolean> {
    const started = this.#instant();
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
      renewedAt: microTime(started.wall),
      transitions: (old?.transitions ?? 0) + (again ? 0 : 1),
    };
    const body = leaseObject(this.#namespace, record, microTime(started.wall), lease ?? undefined);
    try {
      const written = lease ? await this.#put(body, signal) : await this.#create(body, signal);
      this.#forget();
      const held: Held = { lease: written, renewed: started, timer: new AbortController() };
      this.#held = held;
      void this.#keep(held);
      return true;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.status === 409 || (lease && error.status === 404)) return false;
      if (error.status !== 404) throw error;
      throw new ClusterError('not-found', `namespace '${this.#namespace}' of the writer lock does not exist`, 404);
    }
  }

  async #keep(held: Held): Promise<void> {
    const { signal } = held.timer;
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(RENEW_MS, signal);
      } catch {
        return;
      }
      await this.#serial(async () => this.#held === held && (await this.#renewIfDue()));
    }
  }

  async #renewIfDue(): Promise<boolean> {
    const held = this.#held;
    if (!held) return false;
    const age = this.#age(held);
    if (age < RENEW_MS) return true;
    // Renewing now might still succeed, but somebody who waited long enough may be about to take over.
    if (age >= DURATION_MS) return this.#lose(`it was not renewed for ${Math.round(age / 1000)} s`);
    try {
      await this.#swap(held, {});
      return true;
    } catch (error) {
      if (this.#held !== held) return false;
      if (error instanceof ClusterError && error.reason === 'conflict') return this.#lose(error.message);
      return this.#age(held) < GIVE_UP_MS || this.#lose(`it cannot be renewed: ${messageOf(error)}`);
    }
  }

  #lose(reason: string): false {
    this.#forget();
    this.#onLost(reason);
    return false;
  }

  #forget(): void {
    this.#held?.timer.abort();
    this.#held = null;
  }

  #requireHeld(): Held {
    const held = this.#held;
    if (!held) throw new ClusterError('conflict', 'the writer lock is not held');
    if (this.#age(held) < DURATION_MS) return held;
    this.#lose('it expired');
    throw new ClusterError('conflict', 'the writer lock expired');
  }

  /** Larger of wall and monotonic time: one of them stands still while a machine sleeps. */
  #age({ renewed }: Held): number {
    const now = this.#instant();
    return Math.max(now.wall - renewed.wall, now.monotonic - renewed.monotonic);
  }

  #instant(): Instant {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  /**
   * Compare-and-swap of our own record. When somebody only annotated the Lease, it is tried once more.
   * @throws ClusterError conflict when the holder changed
   */
  async #swap(held: Held, change: Partial<LockRecord>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const started = this.#instant();
      const record = { ...readRecord(held.lease), ...change, renewedAt: microTime(started.wall) };
      try {
        held.lease = await this.#put(leaseObject(this.#namespace, record, held.lease.spec?.acquireTime, held.lease));
        held.renewed = started;
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || (error.status !== 409 && error.status !== 404)) throw error;
        const lease = await this.#get();
        const holder = lease ? readRecord(lease).holder : '';
        if (!lease || holder !== this.#identity) {
          const reason = `the writer lock was taken by ${oneLine(holder) || 'nobody (it was freed or deleted)'}`;
          this.#lose(reason);
          throw new ClusterError('conflict', reason);
        }
        if (attempt > 0) throw error;
        held.lease = lease;
      }
    }
  }

  #get(signal?: AbortSignal): Promise<KubeObject | null> {
    return this.#api.find(this.#path(LEASE_NAME), signal);
  }

  #put(body: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.#api.write('PUT', this.#path(LEASE_NAME), body, signal);
  }

  #create(body: KubeObject, signal: AbortSignal): Promise<KubeObject> {
    return this.#api.write('POST', this.#path(''), body, signal);
  }

  #path(name: string): string {
    const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(this.#namespace)}/leases`;
    return name ? `${collection}/${name}` : collection;
  }

  /** Operations on the Lease never overlap: the timer would otherwise race the writer for the resourceVersion. */
  #serial<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

interface Instant {
  wall: number;
  monotonic: number;
}

interface Held {
  lease: KubeObject;
  /** Before the request that renewed it was sent. */
  renewed: Instant;
  timer: AbortController;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
