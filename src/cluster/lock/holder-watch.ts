import type { Clock } from '../../domain/clock.ts';
import type { LockRecord } from './lease-record.ts';

/** Tells living, silent and dead holders of the writer lock apart. */
export class HolderWatch {
  readonly #clock: Clock;
  readonly #host: string;
  readonly #state: string;
  readonly #isAlive: (pid: number) => boolean;
  /** The version seen last, and since when on our own monotonic clock. */
  #observed = { version: '', since: 0 };

  /** @param state identity of our state folder. @param isAlive whether a process of this machine runs */
  constructor(clock: Clock, host: string, state: string, isAlive: (pid: number) => boolean = processRuns) {
    this.#clock = clock;
    this.#host = host;
    this.#state = state;
    this.#isAlive = isAlive;
  }

  /** By the holder's own clock: good enough to call somebody alive, never to call somebody dead. */
  looksAlive(record: LockRecord): boolean {
    if (this.isGoneHere(record)) return false;
    return this.#clock.now() - Date.parse(record.renewedAt) <= record.durationSeconds * 1000;
  }

  /**
   * True when the Lease did not change for one whole duration while we watched it (call again and again), or when its
   * holder was a process of this machine and state folder that is gone.
   */
  isDead(record: LockRecord): boolean {
    if (this.isGoneHere(record)) return true;
    const now = this.#clock.monotonic();
    if (this.#observed.version !== record.resourceVersion) {
      this.#observed = { version: record.resourceVersion, since: now };
      return false;
    }
    return now - this.#observed.since > record.durationSeconds * 1000;
  }

  /** True when its holder was a process of this machine and state folder that is gone. */
  isGoneHere({ owner, state }: LockRecord): boolean {
    return owner !== null && state === this.#state && owner.host === this.#host && !this.#isAlive(owner.pid);
  }
}

function processRuns(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
