import type { TransactionSummary } from '../domain/transaction.ts';
import type { StratusApp } from '../run/app.ts';

export interface JournalView {
  /** Newest first. */
  all: TransactionSummary[];
  /** Ids of those that a process which is gone left open. */
  unfinished: ReadonlySet<string>;
}

/** The journal as this window last read it; read again only when it changed. */
export class JournalWatch {
  readonly #app: () => Promise<StratusApp>;
  readonly #listeners = new Set<(view: JournalView) => void>();
  #reading: Promise<JournalView> | null = null;

  constructor(app: () => Promise<StratusApp>) {
    this.#app = app;
  }

  /** @throws what the application throws, for example when a journal file is damaged. */
  read(): Promise<JournalView> {
    if (this.#reading) return this.#reading;
    const reading = this.#load();
    this.#reading = reading;
    // A failure is not remembered: the next look tries again.
    reading.catch(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    return reading;
  }

  /** To be called for each change of the journal; listeners hear the new content. */
  async changed(): Promise<void> {
    this.#reading = null;
    const reading = this.read();
    const view = await reading.catch((): JournalView => ({ all: [], unfinished: new Set() }));
    // A later change is already being read; its listeners' call will carry the newer content.
    if (this.#reading !== reading && this.#reading !== null) return;
    for (const listener of this.#listeners) listener(view);
  }

  onChange(listener: (view: JournalView) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  async #load(): Promise<JournalView> {
    const app = await this.#app();
    const [all, unfinished] = await Promise.all([app.transactions(), app.unfinished()]);
    return { all, unfinished: new Set(unfinished.map(({ id }) => id)) };
  }
}
