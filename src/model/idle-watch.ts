import type { Clock } from '../domain/clock.ts';

/** Nothing came for too long; the work is left as it is. */
export class Stalled extends Error {
  /** Milliseconds that were waited. */
  readonly waited: number;

  constructor(waited: number) {
    super('nothing came');
    this.waited = waited;
  }
}

/** Waits for a server for as long as it goes on. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #idleMs: number;
  #limit: number;
  #since: number;

  /** @param firstMs until the first progress; after it `idleMs` */
  constructor(clock: Clock, firstMs: number, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#limit = firstMs;
    this.#since = clock.monotonic();
  }

  progress(): void {
    this.#limit = this.#idleMs;
    this.#since = this.#clock.monotonic();
  }

  /** From now on no longer than this. */
  shorten(ms: number): void {
    this.#limit = ms;
    this.#since = this.#clock.monotonic();
  }

  /** @throws Stalled */
  async wait<T>(work: Promise<T>): Promise<T> {
    const awake = new AbortController();
    const left = Math.max(0, this.#since + this.#limit - this.#clock.monotonic());
    const alarm = this.#clock.sleep(left, awake.signal).then(() => {
      throw new Stalled(this.#limit);
    });
    try {
      return await Promise.race([work, alarm]);
    } finally {
      awake.abort();
    }
  }
}
