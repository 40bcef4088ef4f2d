import { rename, rm, stat } from 'node:fs/promises';
import type { TransactionSummary } from '../../domain/transaction.ts';
import { shownArgv, shownTitle } from '../../kubectl/secret-words.ts';
import { isJournalName, JournalFile } from './journal-file.ts';
import type { JournalContent } from './journal-lines.ts';
import { JournalDamaged } from './journal-lines.ts';
import { INDEX, JournalFolder } from './journal-folder.ts';
import type { IndexEntry } from './journal-index.ts';
import { digestOf, isClosed, JournalIndex, NO_HEAD } from './journal-index.ts';
import type { JournalRecord, OpenRecord } from './journal-records.ts';
import { statusOf } from './journal-records.ts';
import { OpenJournal } from './open-journal.ts';
import { ProcessLock } from '../disk/process-lock.ts';
import { syncFolder } from '../disk/sync-folder.ts';
import { StratusError } from '../../domain/stratus-error.ts';

export interface JournalProblem {
  /** Transaction id, or `index`. */
  name: string;
  problem: string;
}

/** All journals of a state folder; several processes may use it at once. */
export class JournalStore {
  readonly #folder: JournalFolder;
  readonly #index: JournalIndex;

  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: JournalFolder, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
    this.#index = new JournalIndex(folder);
  }

  /**
   * @param stateFolder is created when missing, readable by its owner only
   * @throws JournalUnwritable, UntrustedPath, as loadJournalKey
   */
  static async open(stateFolder: string, env: NodeJS.ProcessEnv): Promise<JournalStore> {
    return new JournalStore(await JournalFolder.open(stateFolder, env), env);
  }

  /** @throws JournalUnwritable, UntrustedPath, JournalLost; then nothing is left of it */
  async create(open: OpenRecord): Promise<OpenJournal> {
    if (!isJournalName(open.id)) throw new Error(`not a transaction id: ${open.id}`);
    await this.#folder.check(this.#env);
    const folder = this.#folder;
    const index = this.#index;
    const lock = await folder.hold(open.id);
    let file: JournalFile | null = null;
    try {
      file = await JournalFile.create(folder.file(open.id), open.id, folder.key);
      await file.append(open, true);
      await index.append({ type: 'opened', open, head: file.head });
      return new OpenJournal(index, open.id, file, lock, [open], () => folder.remove(open.id));
    } catch (error) {
      await file?.close();
      if (file) await folder.remove(open.id);
      await lock.release();
      throw error;
    }
  }

  /**
   * Takes over a transaction from elsewhere, as a whole or not at all.
   * @param reason why it is here, for the journal
   * @throws Error when it is here already, JournalUnwritable
   */
  async adopt(records: readonly JournalRecord[], at: string, reason: string): Promise<void> {
    const [open] = records;
    if (open?.type !== 'open' || !isJournalName(open.id)) throw new Error('not the journal of a transaction');
    const folder = this.#folder;
    const index = this.#index;
    const { id } = open;
    await folder.check(this.#env);
    const lock = await folder.hold(id);
    try {
      const draft = `${folder.file(id)}.incoming`;
      // Not there: the name is free.
      if (await stat(folder.file(id)).catch(() => null))
        throw new StratusError('nothing-to-do', `transaction ${id} is in this state folder already`);
      for (const left of [draft, `${draft}.head`]) await rm(left, { force: true });
      const file = await JournalFile.create(draft, id, folder.key);
      const status = statusOf([...records]);
      const all = [...records, { type: 'phase', status, at, reason } as const];
      for (const record of all) await file.append(record, record === all.at(-1));
      await file.close();
      await index.append({ type: 'opened', open, head: NO_HEAD });
      await rename(`${draft}.head`, `${folder.file(id)}.head`);
      await rename(draft, folder.file(id));
      await syncFolder(folder.path);
      await index.append({ type: 'status', id, status, at, head: file.head, digest: digestOf(all) });
    } finally {
      await lock.release();
    }
  }

  /**
   * Takes an existing journal.
   * @throws LockedByProcess, JournalDamaged, JournalUnwritable, UntrustedPath, JournalLost, Error when there is none
   */
  async take(id: string): Promise<OpenJournal> {
    const folder = this.#folder;
    const index = this.#index;
    await folder.check(this.#env);
    await this.#mustExist(id);
    const lock = await folder.hold(id);
    try {
      const { journal, content } = await JournalFile.open(folder.file(id), id, folder.key);
      try {
        this.#compareWithIndex(id, content, (await index.entries()).entries);
      } catch (error) {
        await journal.close();
        throw error;
      }
      return new OpenJournal(index, id, journal, lock, content.records as JournalRecord[], () => folder.remove(id));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** @throws JournalDamaged, Error when there is none */
  async read(id: string): Promise<JournalRecord[]> {
    await this.#mustExist(id);
    const content = await this.#folder.read(id);
    this.#compareWithIndex(id, content, (await this.#index.entries()).entries);
    return content.records as JournalRecord[];
  }

  /**
   * Oldest first. A transaction whose journal is damaged is listed from the index, and with a damaged index from the
   * journals. @throws JournalDamaged when the index was written with another key or by another version
   */
  async list(): Promise<TransactionSummary[]> {
    const { entries } = await this.#index.entries();
    return Promise.all([...entries.values()].map((entry) => this.#summarise(entry)));
  }

  /** What is wrong with the index, for people; empty when it is whole. What is listed then comes from the journals. */
  async indexDamage(): Promise<string> {
    const { damage } = await this.#index.entries();
    if (damage) return damage.message;
    const path = this.#folder.file(INDEX);
    // Not there: missing, unless there never was anything to list.
    const there = await stat(path).catch(() => null);
    return there || (await this.#folder.ids()).length === 0 ? '' : `the index ${path} is missing`;
  }

  /** Checks every journal and the index; empty when all is well. */
  async verify(): Promise<JournalProblem[]> {
    const problems: JournalProblem[] = [];
    let entries: ReadonlyMap<string, IndexEntry> = new Map();
    try {
      const read = await this.#index.entries();
      entries = read.entries;
      if (read.damage) problems.push({ name: INDEX, problem: read.damage.message });
    } catch (error) {
      problems.push({ name: INDEX, problem: (error as Error).message });
    }
    for (const file of await this.#index.setAside()) {
      const problem = `a damaged index was set aside as ${file} and made anew from the journals: remove that file once you have looked at it`;
      problems.push({ name: INDEX, problem });
    }
    for (const id of new Set([...entries.keys(), ...(await this.#folder.ids())])) {
      try {
        await this.#mustExist(id);
        this.#compareWithIndex(id, await this.#folder.read(id), entries);
      } catch (error) {
        problems.push({ name: id, problem: (error as Error).message });
      }
    }
    return problems;
  }

  /**
   * Closes a transaction whose journal is damaged, as `committed`: a person keeps what is in the cluster. Only the index
   * tells so. @throws Error when its journal is whole
   */
  async keepDamaged(id: string, at: string): Promise<void> {
    const lock = await this.#folder.hold(id);
    try {
      const damage = await this.read(id).then(
        () => null,
        (error: unknown) => error,
      );
      if (!(damage instanceof JournalDamaged))
        throw new StratusError('nothing-to-do', `the journal of ${id} is whole: undo it or keep it`);
      const known = (await this.#index.entries()).entries.get(id);
      const digest = { ...(known?.digest ?? digestOf(damage.intact as JournalRecord[])), kept: true };
      await this.#index.append({ type: 'status', id, status: 'committed', at, head: known?.head ?? NO_HEAD, digest });
    } finally {
      await lock.release();
    }
  }

  /** Removes whole journals of finished transactions closed before `before`. Returns the removed ids. */
  async dropClosedBefore(before: Date, now: Date): Promise<string[]> {
    const dropped: string[] = [];
    for (const { open, status, closedAt } of (await this.#index.entries()).entries.values()) {
      const finished = status === 'committed' || status === 'undone';
      if (!finished || !closedAt || new Date(closedAt) >= before) continue;
      if (await ProcessLock.heldBy(this.#folder.lock(open.id))) continue;
      await this.#index.append({ type: 'dropped', id: open.id, at: now.toISOString() });
      await this.#folder.remove(open.id);
      dropped.push(open.id);
    }
    return dropped;
  }

  /** Bytes of a transaction's journal. */
  async size(id: string): Promise<number> {
    return (await stat(this.#folder.file(id))).size;
  }

  /** @throws JournalDamaged when the index knows it and its file is gone, StratusError when nobody knows it */
  async #mustExist(id: string): Promise<void> {
    try {
      await this.#folder.mustExist(id);
    } catch (error) {
      if (!isJournalName(id) || !(await this.#index.entries()).entries.has(id)) throw error;
      throw new JournalDamaged(this.#folder.file(id), { record: 0, offset: 0 }, 'it is missing');
    }
  }

  /** The index remembers how far a journal had got: one that is shorter, or differs there, was tampered with. */
  #compareWithIndex(
    id: string,
    { head, intactBytes, records }: JournalContent,
    entries: ReadonlyMap<string, IndexEntry>,
  ): void {
    const known = entries.get(id)?.head;
    if (known && (known.seq > head.seq || (known.seq === head.seq && known.chain !== head.chain))) {
      const at = { record: head.seq + 1, offset: intactBytes };
      const what = `the index has seen ${known.seq} records of it`;
      throw new JournalDamaged(this.#folder.file(id), at, what, { intact: records });
    }
  }

  async #summarise(entry: IndexEntry): Promise<TransactionSummary> {
    const { id, run, title, target, at } = entry.open;
    let { status, digest, closedAt } = entry;
    if (!closedAt || !digest) {
      try {
        const records = (await this.#folder.read(id)).records as JournalRecord[];
        const phase = records.findLast((record) => record.type === 'phase');
        status = statusOf(records);
        digest = digestOf(records);
        if (phase && isClosed(status)) closedAt = phase.at;
      } catch {
        // Listed all the same; verify and every use of the transaction name the damage.
      }
    }
    const commands = digest?.commands ?? [];
    return {
      id,
      run,
      // Journals of former versions hold what was typed.
      title: run === 'command' ? shownTitle(title, commands) : title,
      status,
      context: target.context,
      fingerprint: target.fingerprint,
      namespace: target.namespace,
      openedAt: at,
      closedAt,
      commands: commands.map(shownArgv),
      roots: digest?.roots ?? [],
      writes: digest?.writes ?? 0,
      ...(digest?.kept ? { kept: true } : {}),
      active: (await ProcessLock.heldBy(this.#folder.lock(id))) !== null,
    };
  }
}
