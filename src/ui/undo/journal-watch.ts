import type { TransactionSummary } from '../../domain/transaction.ts';
import { isInterrupted } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';

export interface JournalView {
  /** Newest first. */
  all: TransactionSummary[];
  /** Ids of those that a process which is gone left open. */
  unfinished: ReadonlySet<string>;
  /** What is wrong with the list itself; empty when it is whole. */
  damage: string;
}

/** How often a transaction that is under way is looked after: that its process died changes nothing in the journal. */
const FOLLOW_MS = 2_000;

/** The journal as this window last read it; read again only when it changed, or when a process at work on it is gone. */
export class JournalWatch {
  readonly #app: () => Promise<StratusApp>;
  readonly #listeners = new Set<(view: JournalView) => void>();
  #reading: Promise<JournalView> | null = null;
  #refreshing: Promise<void> | null = null;
  #dirty = false;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

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

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
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
    const view = { all, unfinished: new Set(unfinished.map(({ id }) => id)), damage };
    this.#follow(view);
    return view;
  }

  #follow({ all }: JournalView): void {
    clearTimeout(this.#timer);
    const under = all.filter(isUnderWay).map(({ id }) => id);
    if (under.length === 0 || this.#disposed) return;
    this.#timer = setTimeout(() => void this.#look(under), FOLLOW_MS);
    // Nobody waits for it when the editor closes.
    this.#timer.unref();
  }

  async #look(under: string[]): Promise<void> {
    // What cannot be read now is looked at again.
    const all = await this.#app()
      .then((app) => app.transactions.list())
      .catch(() => null);
    const still = all?.filter(isUnderWay).map(({ id }) => id);
    if (still && still.join() !== under.join()) await this.changed();
    else if (!this.#disposed) this.#timer = setTimeout(() => void this.#look(under), FOLLOW_MS).unref();
  }
}

function isUnderWay(summary: TransactionSummary): boolean {
  return (summary.status === 'open' || summary.status === 'undoing') && !isInterrupted(summary);
}
