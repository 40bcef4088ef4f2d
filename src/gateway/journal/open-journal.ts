import type { TransactionStatus } from '../../domain/transaction.ts';
import type { JournalFile } from './journal-file.ts';
import type { JournalIndex } from './journal-index.ts';
import { digestOf } from './journal-index.ts';
import type { JournalHead } from './journal-lines.ts';
import { JournalLost } from './journal-lost.ts';
import { isIntent } from './journal-facts.ts';
import type { JournalRecord } from './journal-records.ts';
import { JournalUnwritable } from './journal-unwritable.ts';
import type { ProcessLock } from '../disk/process-lock.ts';

/** A second place for the records of one transaction. */
export interface JournalCopy {
  /** Called before the record is written here. @throws when what follows the record must not happen */
  add(record: JournalRecord): Promise<void>;
  /** The transaction is committed or undone. */
  end(): Promise<void>;
}

/** A transaction's journal held by this process. */
export class OpenJournal {
  readonly id: string;
  readonly records: JournalRecord[];
  readonly #file: JournalFile;
  readonly #lock: ProcessLock;
  readonly #index: JournalIndex;
  #closed = false;
  #copy: JournalCopy | null = null;
  #goesOn = false;
  #gone: JournalLost | null = null;

  readonly #remove: () => Promise<void>;

  /** @param remove takes its files away */
  constructor(
    index: JournalIndex,
    id: string,
    file: JournalFile,
    lock: ProcessLock,
    records: JournalRecord[],
    remove: () => Promise<void>,
  ) {
    this.#index = index;
    this.id = id;
    this.#file = file;
    this.#lock = lock;
    this.records = records;
    this.#remove = remove;
  }

  get head(): JournalHead {
    return this.#file.head;
  }

  /** From now on every record goes to the copy first. */
  shareWith(copy: JournalCopy): void {
    this.#copy = copy;
  }

  /** Why its file is not there any more; null while it is, as far as is known. */
  get lost(): JournalLost | null {
    return this.#gone;
  }

  /** From now on a lost file stops nothing: for an undo, which then is all the safer the sooner it is done. */
  goOnWithoutFile(): void {
    this.#goesOn = true;
  }

  /** On disk when resolved. @throws JournalUnwritable, JournalLost, or what the copy throws */
  async append(record: JournalRecord): Promise<void> {
    await this.#keep(record, true);
  }

  /** Written but not forced to disk: for what recovery can find out again. @throws JournalUnwritable, JournalLost */
  async note(record: JournalRecord): Promise<void> {
    await this.#keep(record, false);
  }

  async #keep(record: JournalRecord, sync: boolean): Promise<void> {
    await this.#copy?.add(record);
    try {
      if (!this.#gone) await this.#file.append(record, sync);
    } catch (error) {
      if (!(error instanceof JournalLost) || !this.#goesOn) throw error;
      this.#gone = error;
    }
    this.records.push(record);
  }

  /** Closes a transaction that wrote nothing and leaves no trace of it. @throws Error when there are intents in it */
  async discard(at: string): Promise<void> {
    if (this.records.some(isIntent)) throw new Error(`transaction ${this.id} has written`);
    // Whatever happens next, nothing is owed.
    await this.setStatus('committed', at);
    await this.#index.append({ type: 'dropped', id: this.id, at });
    await this.#remove();
  }

  /** Closes it as it stands, by the decision of a person. */
  async keep(at: string, reason: string): Promise<void> {
    await this.append({ type: 'phase', status: 'committed', at, reason, kept: true });
    await this.#tellIndex('committed', at);
  }

  /** Records a new status in the journal, then in the index. */
  async setStatus(status: TransactionStatus, at: string, reason?: string): Promise<void> {
    await this.append({ type: 'phase', status, at, ...(reason ? { reason } : {}) });
    await this.#tellIndex(status, at);
  }

  async #tellIndex(status: TransactionStatus, at: string): Promise<void> {
    const { id, head } = this;
    await this.#index
      .append({ type: 'status', id, status, at, head, digest: digestOf(this.records) })
      .catch((error) => {
        // The journal decides; where the index lags behind, it is read instead.
        if (!(error instanceof JournalUnwritable) && !this.#gone) throw error;
      });
    if (status === 'committed' || status === 'undone') {
      // A copy that stays says itself that its transaction has ended.
      await this.#copy?.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    await this.#lock.release();
  }
}
