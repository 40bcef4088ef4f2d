import { watch } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { messageOf } from '../domain/cluster-error.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { refKey, refLabel } from '../domain/kube-object.ts';
import { StratusError } from '../domain/stratus-error.ts';
import type { Target } from '../domain/target.ts';
import type { TransactionSummary, UndoResult } from '../domain/transaction.ts';
import { undoOf, writeDetails } from '../gateway/journal/journal-details.ts';
import { JournalDamaged } from '../gateway/journal/journal-lines.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';
import type { SharedSummary, TransactionDetail, Transactions } from './transactions.ts';
import { UndoUnfinished } from './lock-refusal.ts';
import type { ObjectDivergence } from './divergence.ts';
import { divergenceOf } from './divergence.ts';
import { isOwed, owedOn } from './owed-transactions.ts';
import type { Sessions } from './sessions.ts';

export class JournalledTransactions implements Transactions {
  readonly #stateFolder: string;
  readonly #store: JournalStore;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #watchers = new Set<{ close(): void }>();

  constructor(stateFolder: string, store: JournalStore, sessions: Sessions, clock: Clock) {
    this.#stateFolder = stateFolder;
    this.#store = store;
    this.#sessions = sessions;
    this.#clock = clock;
  }

  async list(): Promise<TransactionSummary[]> {
    return (await this.#store.list()).reverse();
  }

  async read(id: string): Promise<TransactionDetail> {
    const records = await this.#store.read(id);
    const summary = (await this.#store.list()).find((one) => one.id === id);
    if (!summary)
      throw new StratusError(
        'journal-damaged',
        `transaction ${id} is not in the index: 'stratus journal verify' tells more`,
      );
    const note = records.findLast((record) => record.type === 'phase')?.reason;
    return { ...summary, details: writeDetails(records), undo: undoOf(records), ...(note ? { note } : {}) };
  }

  async unfinished(): Promise<TransactionSummary[]> {
    return (await this.list()).filter(isOwed);
  }

  async refuseWhileOwed(subject: Pick<Target, 'server'> | { transaction: string }): Promise<void> {
    const id = 'transaction' in subject ? subject.transaction : null;
    const server = 'server' in subject ? subject.server : await this.#serverOf(subject.transaction);
    const owed = server === null ? null : await owedOn(this.#store, server, id);
    if (owed) throw new UndoUnfinished(owed.transaction.id, owed.reason);
  }

  /** Null where the journal cannot tell: whoever goes on with it is told of the damage. */
  async #serverOf(id: string): Promise<string | null> {
    try {
      const [open] = await this.#store.read(id);
      return open?.type === 'open' ? open.target.server : null;
    } catch (error) {
      if (error instanceof JournalDamaged) return null;
      throw error;
    }
  }

  async undo(id: string, signal: AbortSignal, progress: (text: string) => void): Promise<UndoResult> {
    const summary = await this.#summary(id);
    await this.#refuseOutOfOrder(summary);
    const session = await this.#sessions.ofPinned(summary);
    return session.writer.undo(id, signal, progress);
  }

  /** What a later transaction built on cannot be taken from under it: both undos would be right, and the end wrong. */
  async #refuseOutOfOrder({ id, openedAt, status, fingerprint, roots }: TransactionSummary): Promise<void> {
    if (status !== 'committed') return;
    const ours = new Set(roots.map(refKey));
    const later = (await this.#store.list()).filter(
      (one) => one.fingerprint === fingerprint && one.openedAt > openedAt && one.id !== id && one.status !== 'undone',
    );
    const last = later.findLast((one) => one.roots.some((ref) => ours.has(refKey(ref))));
    const shared = last?.roots.find((ref) => ours.has(refKey(ref)));
    if (last && shared)
      throw new StratusError(
        'out-of-order',
        `transaction ${last.id} ('${last.title}') wrote to ${refLabel(shared)} after it: undo that first ('stratus undo --tx ${last.id}')`,
      );
  }

  async keep(id: string): Promise<string> {
    const summary = await this.#summary(id);
    if (!isOwed(summary))
      throw new StratusError('nothing-to-do', `transaction ${id} is ${summary.status}: there is nothing to decide`);
    const record = async () => {
      const at = new Date(this.#clock.now()).toISOString();
      let journal;
      try {
        journal = await this.#store.take(id);
      } catch (error) {
        if (error instanceof JournalDamaged) return this.#store.keepDamaged(id, at);
        throw error;
      }
      try {
        await journal.keep(at, `kept as it stands (${summary.status}) by ${userInfo().username}`);
      } finally {
        await journal.close();
      }
    };
    try {
      await (await this.#sessions.ofPinned(summary)).writer.keep(id, record);
      return '';
    } catch (error) {
      // Whoever decides to keep must be able to, also where the cluster is gone for good.
      if (isOwed(await this.#summary(id))) await record();
      return `the writer lock could not be freed: ${messageOf(error)}`;
    }
  }

  async shared(target: Target): Promise<SharedSummary | null> {
    return (await (await this.#sessions.of(target)).writer.sharedRecovery()).look();
  }

  async adoptShared(target: Target, signal: AbortSignal): Promise<string> {
    return (await (await this.#sessions.of(target)).writer.sharedRecovery()).adopt(signal);
  }

  async divergence(id: string): Promise<ObjectDivergence[]> {
    const detail = await this.read(id);
    const read = async (ref: ObjectRef) => (await this.#sessions.ofPinned(detail)).reader.get(ref);
    return divergenceOf(detail, read);
  }

  async listDamage(): Promise<string> {
    const damage = await this.#store.indexDamage();
    return (
      damage && `the list of transactions was made anew from their journals, because its file is damaged: ${damage}`
    );
  }

  async verify(): Promise<string[]> {
    return (await this.#store.verify()).map(({ name, problem }) => `${name}: ${problem}`);
  }

  onChange(listener: () => void): { dispose(): void } {
    const watcher = watch(join(this.#stateFolder, 'journal'), { persistent: false }, () => listener());
    watcher.on('error', () => watcher.close());
    this.#watchers.add(watcher);
    return {
      dispose: () => {
        watcher.close();
        this.#watchers.delete(watcher);
      },
    };
  }

  dispose(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  async #summary(id: string): Promise<TransactionSummary> {
    const summary = (await this.#store.list()).find((one) => one.id === id);
    if (!summary) throw new StratusError('unknown-transaction', `there is no transaction '${id}' in the journal`);
    return summary;
  }
}
