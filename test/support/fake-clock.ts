import { setImmediate } from 'node:timers';
import type { Clock } from '../../src/domain/clock.ts';

/** A clock that only moves when told to. Wall and monotonic time can be moved apart. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  constructor(start = Date.parse('2031-03-04T05:06:07Z')) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { at: this.#monotonic + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Lets time pass, waking sleepers in order and letting them act in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settleTasks();
    for (;;) {
      const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      this.#move(Math.max(0, next.at - this.#monotonic));
      next.wake();
      await settleTasks();
    }
    this.#move(end - this.#monotonic);
  }

  /** The machine sleeps: wall time goes on, the monotonic clock and all timers stand still. */
  suspend(ms: number): void {
    this.#wall += ms;
  }

  /** Somebody sets the wall clock back, or a timer fires that much too early. */
  setBack(ms: number): void {
    this.#wall -= ms;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}

/** Lets everything that can run without time passing run. */
export async function settleTasks(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a promise while time passes in steps. */
export async function whileTimePasses<T>(
  clock: FakeClock,
  work: Promise<T>,
  stepMs = 250,
  maxSteps = 4000,
): Promise<T> {
  let done = false;
  const finished = () => (done = true);
  work.then(finished, finished);
  for (let step = 0; step < maxSteps; step++) {
    await settleTasks();
    if (done) return work;
    await clock.advance(stepMs);
  }
  throw new Error(`not finished after ${(stepMs * maxSteps) / 1000} s of fake time`);
}
