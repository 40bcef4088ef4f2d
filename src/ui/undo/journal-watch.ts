import type { TransactionSummary } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';

export interface JournalView {
  /** Newest first. */
  all: TransactionSummary[];
  /** Ids of those that a process which is gone left open. */
  unfinished: ReadonlySet<string>;
  /** What is wrong with the list itself; empty when it is whole. */
  damage: string;
}

/** The journal as this window last read it; read again only when it changed. */
export class JournalWatch {
  readonly #app: () => Promise<StratusApp>;
  readonly #listeners = new Set<(view: JournalView) => void>();
  #reading: Promise<JournalView> | null = null;
  #refreshing: Promise<void> | null = null;
  #dirty = false;

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

  /**
   * To be called for each change of the journal; listeners hear the new content. Changes that come while it is being
   * read are answered by one more reading.
   */
  changed(): Promise<void> {
    this.#dirty = true;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  onChange(listener: (view: JournalView) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  async #refresh(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      this.#reading = null;
      // Whoever shows it reads it, and its failure, once more.
      const view = await this.read().catch((): JournalView => ({ all: [], unfinished: new Set(), damage: '' }));
      for (const listener of this.#listeners) listener(view);
    }
  }

  async #load(): Promise<JournalView> {
    const app = await this.#app();
    const { transactions } = app;
    const [all, unfinished, damage] = await Promise.all([
      transactions.list(),
      transactions.unfinished(),
      transactions.listDamage(),
    ]);
    return { all, unfinished: new Set(unfinished.map(({ id }) => id)), damage };
  }
}
