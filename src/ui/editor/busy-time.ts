/**
 * Sums the time in which this thread worked on one thing, in however many turns of the event loop. A piece ends when
 * nothing is left that could run at once: what follows a settled promise belongs to it.
 */
export class BusyTime {
  #milliseconds = 0;
  #processor = 0;
  #counting = false;

  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** The processor's share of the milliseconds; the rest went to other processes. Null where Node cannot tell. */
  get processor(): number | null {
    return threadTime() === null ? null : this.#processor;
  }

  /** Counts from now until the thread is free again. A piece within a piece counts once. */
  count(): void {
    if (this.#counting) return;
    this.#counting = true;
    const since = performance.now();
    const before = threadTime() ?? 0;
    whenFree(() => {
      this.#counting = false;
      this.#milliseconds += performance.now() - since;
      this.#processor += (threadTime() ?? 0) - before;
    });
  }

  /** Resolves when the piece that is being counted has ended. */
  async ended(): Promise<void> {
    await new Promise<void>((resolve) => whenFree(resolve));
  }
}

/** Ticks come after all that is ready, but before it when the event loop itself has called. */
function whenFree(then: () => void): void {
  queueMicrotask(() => process.nextTick(then));
}

/** Milliseconds of processor time; editors with Node 22 do not tell. */
function threadTime(): number | null {
  const usage = (process as Partial<Pick<NodeJS.Process, 'threadCpuUsage'>>).threadCpuUsage?.();
  return usage ? (usage.user + usage.system) / 1_000 : null;
}
