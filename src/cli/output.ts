import type { Writable } from 'node:stream';

/** Why output ends: the code of the failed write (`EPIPE`, `EIO`, `ENOSPC` …) and its message. */
export interface LostOutput {
  code: string;
  message: string;
}

/**
 * Standard output and standard error of a process that must outlive them: what cannot be delivered is dropped, from then
 * on, and nothing is ever thrown.
 */
export class Output {
  readonly #streams: Record<'stdout' | 'stderr', Writable>;
  readonly #lost = new Set<Writable>();
  readonly #onLost: (lost: LostOutput) => void;

  /** @param onLost called at most once for each of the two, never from within a write */
  constructor(stdout: Writable, stderr: Writable, onLost: (lost: LostOutput) => void) {
    this.#streams = { stdout, stderr };
    this.#onLost = onLost;
    // For good: the failure of a write that was taken long ago may be told at any time.
    for (const stream of [stdout, stderr]) stream.on('error', (error) => this.#lose(stream, error));
  }

  write(name: 'stdout' | 'stderr', text: string): void {
    const stream = this.#streams[name];
    if (text === '' || this.#lost.has(stream)) return;
    try {
      stream.write(text);
    } catch (error) {
      this.#lose(stream, error);
    }
  }

  #lose(stream: Writable, error: unknown): void {
    if (this.#lost.has(stream)) return;
    this.#lost.add(stream);
    const { code = '', message } = error as NodeJS.ErrnoException;
    // A write may come from the middle of anything, and whoever hears of its failure acts on that.
    queueMicrotask(() => this.#onLost({ code, message }));
  }
}
