import type { TransactionSummary, UndoResult } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { JournalEntry } from './aftermath.ts';
import type { IncidentSession, SessionList } from './incident-session.ts';

/** Tells the runs of this window what the journal says of their transactions, wherever those were undone or kept. */
export class JournalNews {
  readonly #app: () => Promise<StratusApp>;
  readonly #sessions: SessionList;
  readonly #subscription: { dispose(): void };
  /** Undos that were looked up, by transaction and state. */
  readonly #undos = new Map<string, UndoResult | null>();
  /** Runs that wait for a transaction and were told of it. */
  readonly #waiting = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  constructor(app: () => Promise<StratusApp>, sessions: SessionList) {
    this.#app = app;
    this.#sessions = sessions;
    this.#subscription = sessions.onChange((session) => this.#look(session));
  }

  /** @param all the journal as it was just read; read here when it is left out */
  tell(all?: readonly TransactionSummary[]): Promise<void> {
    // One after the other, so that what is older never comes last.
    const told = this.#queue.then(() => this.#tell(all));
    // The caller has the failure; here only the order counts.
    this.#queue = told.catch(() => undefined);
    return told;
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** What a run was refused for stands in the journal already: no change of it will tell. */
  #look({ id, result }: IncidentSession): void {
    if (!result?.owed || this.#waiting.has(id)) return;
    this.#waiting.add(id);
    // The view then only lacks the name of what is in the way; the next change of the journal tries again.
    void this.tell().catch(() => undefined);
  }

  async #tell(read?: readonly TransactionSummary[]): Promise<void> {
    const app = await this.#app();
    const all = read ?? (await app.transactions.list());
    for (const session of this.#sessions.all()) {
      const own = all.filter(({ id }) => session.concerns(id));
      session.noteJournal(await Promise.all(own.map((summary) => this.#entry(app, summary))));
    }
  }

  async #entry(app: StratusApp, summary: TransactionSummary): Promise<JournalEntry> {
    const { id, status, closedAt } = summary;
    if (status !== 'undone' && status !== 'diverged') return summary;
    const key = `${id} ${status} ${closedAt}`;
    if (!this.#undos.has(key)) {
      // A journal that is damaged is named where it is opened; what it is known for stands in the summary.
      const undo = await app.transactions.read(id).then(
        (detail) => detail.undo,
        () => null,
      );
      this.#undos.set(key, undo);
    }
    return { ...summary, undo: this.#undos.get(key) ?? null };
  }
}
