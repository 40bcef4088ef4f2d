import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TransactionStatus, TransactionSummary } from '../domain/transaction.ts';
import type { JournalKey } from './journal-key.ts';
import { loadJournalKey } from './journal-key.ts';
import type { JournalHead } from './journal-file.ts';
import { isJournalName, JournalDamaged, JournalFile, readJournal } from './journal-file.ts';
import type { JournalRecord, OpenRecord } from './journal-records.ts';
import { statusOf, writesOf } from './journal-records.ts';
import { rootsOf } from '../undo/inverse.ts';
import { ProcessLock } from './process-lock.ts';

/** A line of the index: what changed in which transaction, with the head of its journal at that moment. */
type IndexRecord =
  | { type: 'opened'; open: OpenRecord; head: JournalHead }
  | { type: 'status'; id: string; status: TransactionStatus; at: string; head: JournalHead; digest: Digest }
  | { type: 'dropped'; id: string; at: string };

/** What a list shows of a transaction's content, so that finished ones need not be read again. */
type Digest = Pick<TransactionSummary, 'commands' | 'roots' | 'writes'>;

const INDEX = 'index';
/** Other processes hold the index for a few milliseconds only. */
const INDEX_WAIT_MS = 10_000;

export interface JournalProblem {
  /** Transaction id, or `index`. */
  name: string;
  problem: string;
}

/** A transaction's journal held by this process. */
export class OpenJournal {
  readonly id: string;
  readonly records: JournalRecord[];
  private readonly file: JournalFile;
  private readonly lock: ProcessLock;
  private readonly store: JournalStore;
  private closed = false;

  constructor(store: JournalStore, id: string, file: JournalFile, lock: ProcessLock, records: JournalRecord[]) {
    this.store = store;
    this.id = id;
    this.file = file;
    this.lock = lock;
    this.records = records;
  }

  get head(): JournalHead {
    return this.file.head;
  }

  /** On disk when resolved. */
  async append(record: JournalRecord): Promise<void> {
    await this.file.append(record, true);
    this.records.push(record);
  }

  /** Written but not forced to disk: for what recovery can find out again. */
  async note(record: JournalRecord): Promise<void> {
    await this.file.append(record, false);
    this.records.push(record);
  }

  /** Records a new status in the journal, then in the index. */
  async setStatus(status: TransactionStatus, at: string, reason?: string): Promise<void> {
    await this.append({ type: 'phase', status, at, ...(reason ? { reason } : {}) });
    await this.store.noteStatus(this.id, status, at, this.head, digestOf(this.records));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.file.close();
    await this.lock.release();
  }
}

/** All journals of a state folder; several processes may use it at once. */
export class JournalStore {
  private readonly folder: string;
  private readonly key: JournalKey;

  private constructor(folder: string, key: JournalKey) {
    this.folder = folder;
    this.key = key;
  }

  /** @param stateFolder is created when missing, readable by its owner only. */
  static async open(stateFolder: string, env: NodeJS.ProcessEnv): Promise<JournalStore> {
    const key = await loadJournalKey(stateFolder, env);
    const folder = join(stateFolder, 'journal');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new JournalStore(folder, key);
  }

  async create(open: OpenRecord): Promise<OpenJournal> {
    if (!isJournalName(open.id)) throw new Error(`not a transaction id: ${open.id}`);
    const lock = await ProcessLock.acquire(this.lockPath(open.id), `transaction ${open.id}`, 0);
    const file = await JournalFile.create(this.path(open.id), open.id, this.key);
    await file.append(open, true);
    await this.index({ type: 'opened', open, head: file.head });
    return new OpenJournal(this, open.id, file, lock, [open]);
  }

  /** Takes an existing journal. @throws LockedByProcess, JournalDamaged, Error when there is none */
  async take(id: string): Promise<OpenJournal> {
    await this.mustExist(id);
    const lock = await ProcessLock.acquire(this.lockPath(id), `transaction ${id}`, 0);
    try {
      const { journal, content } = await JournalFile.open(this.path(id), id, this.key);
      try {
        await this.compareWithIndex(id, content.head);
      } catch (error) {
        await journal.close();
        throw error;
      }
      return new OpenJournal(this, id, journal, lock, content.records as JournalRecord[]);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** @throws JournalDamaged, Error when there is none */
  async read(id: string): Promise<JournalRecord[]> {
    await this.mustExist(id);
    const content = await readJournal(this.path(id), id, this.key);
    await this.compareWithIndex(id, content.head);
    return content.records as JournalRecord[];
  }

  /** Oldest first. A transaction whose journal is damaged is listed from the index. @throws JournalDamaged for the index */
  async list(): Promise<TransactionSummary[]> {
    const folded = foldIndex(await this.readIndex());
    return Promise.all([...folded.values()].map((entry) => this.summarise(entry)));
  }

  /** Checks every journal and the index; empty when all is well. */
  async verify(): Promise<JournalProblem[]> {
    const problems: JournalProblem[] = [];
    let folded = new Map<string, Folded>();
    try {
      folded = foldIndex(await this.readIndex());
    } catch (error) {
      problems.push({ name: INDEX, problem: (error as Error).message });
    }
    const onDisk = (await readdir(this.folder)).filter(
      (file) => file.endsWith('.journal') && file !== `${INDEX}.journal`,
    );
    for (const id of new Set([...folded.keys(), ...onDisk.map((file) => file.slice(0, -'.journal'.length))])) {
      try {
        await this.read(id);
      } catch (error) {
        problems.push({ name: id, problem: (error as Error).message });
      }
    }
    return problems;
  }

  /** Removes whole journals of finished transactions closed before `before`. Returns the removed ids. */
  async dropClosedBefore(before: Date, now: Date): Promise<string[]> {
    const dropped: string[] = [];
    for (const entry of foldIndex(await this.readIndex()).values()) {
      const finished = entry.status === 'committed' || entry.status === 'undone';
      if (!finished || !entry.closedAt || new Date(entry.closedAt) >= before) continue;
      if (await ProcessLock.heldBy(this.lockPath(entry.open.id))) continue;
      await this.index({ type: 'dropped', id: entry.open.id, at: now.toISOString() });
      await rm(this.path(entry.open.id), { force: true });
      await rm(`${this.path(entry.open.id)}.head`, { force: true });
      dropped.push(entry.open.id);
    }
    return dropped;
  }

  async noteStatus(
    id: string,
    status: TransactionStatus,
    at: string,
    head: JournalHead,
    digest: Digest,
  ): Promise<void> {
    await this.index({ type: 'status', id, status, at, head, digest });
  }

  /** Bytes of a transaction's journal. */
  async size(id: string): Promise<number> {
    return (await stat(this.path(id))).size;
  }

  private path(id: string): string {
    return join(this.folder, `${id}.journal`);
  }

  private lockPath(name: string): string {
    return join(this.folder, 'locks', `${name}.lock`);
  }

  private async mustExist(id: string): Promise<void> {
    const known = isJournalName(id) && id !== INDEX && (await stat(this.path(id)).catch(() => null));
    if (!known) throw new Error(`no transaction ${id.slice(0, 64)} in ${this.folder}: stratus journal list shows them`);
  }

  private async index(record: IndexRecord): Promise<void> {
    const lock = await ProcessLock.acquire(this.lockPath(INDEX), 'the journal index', INDEX_WAIT_MS);
    try {
      const exists = await stat(this.path(INDEX)).catch(() => null);
      const file = exists
        ? (await JournalFile.open(this.path(INDEX), INDEX, this.key)).journal
        : await JournalFile.create(this.path(INDEX), INDEX, this.key);
      try {
        await file.append(record, true);
      } finally {
        await file.close();
      }
    } finally {
      await lock.release();
    }
  }

  private async readIndex(): Promise<IndexRecord[]> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await readJournal(this.path(INDEX), INDEX, this.key)).records as IndexRecord[];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        // A reader without the lock can see the head of an append before or after the record itself: look again.
        if (!(error instanceof JournalDamaged) || attempt >= 3) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10 * (attempt + 1)));
      }
    }
  }

  /** The index remembers how far a journal had got: one that is shorter, or differs there, was tampered with. */
  private async compareWithIndex(id: string, head: JournalHead): Promise<void> {
    const known = foldIndex(await this.readIndex()).get(id)?.head;
    if (known && (known.seq > head.seq || (known.seq === head.seq && known.chain !== head.chain))) {
      throw new JournalDamaged(this.path(id), head.seq + 1, `the index has seen ${known.seq} records of it`);
    }
  }

  private async summarise(entry: Folded): Promise<TransactionSummary> {
    const { id, run, title, target, at } = entry.open;
    let status = entry.status;
    let digest = entry.digest;
    if (!entry.closedAt || !digest) {
      try {
        const records = (await readJournal(this.path(id), id, this.key)).records as JournalRecord[];
        status = statusOf(records);
        digest = digestOf(records);
      } catch {
        // Listed all the same; verify and every use of the transaction name the damage.
      }
    }
    return {
      id,
      run,
      title,
      status,
      context: target.context,
      fingerprint: target.fingerprint,
      namespace: target.namespace,
      openedAt: at,
      closedAt: entry.closedAt,
      commands: digest?.commands ?? [],
      roots: digest?.roots ?? [],
      writes: digest?.writes ?? 0,
      active: (await ProcessLock.heldBy(this.lockPath(id))) !== null,
    };
  }
}

function digestOf(records: JournalRecord[]): Digest {
  const writes = writesOf(records).filter((write) => write.outcome !== 'rejected');
  return {
    commands: records.flatMap((record) => (record.type === 'step' ? [record.argv] : [])),
    roots: rootsOf(writes),
    writes: writes.length,
  };
}

interface Folded {
  open: OpenRecord;
  digest: Digest | null;
  status: TransactionStatus;
  closedAt: string | null;
  head: JournalHead;
}

function foldIndex(records: IndexRecord[]): Map<string, Folded> {
  const entries = new Map<string, Folded>();
  for (const record of records) {
    if (record.type === 'opened') {
      entries.set(record.open.id, {
        open: record.open,
        status: 'open',
        closedAt: null,
        head: record.head,
        digest: null,
      });
    } else if (record.type === 'dropped') {
      entries.delete(record.id);
    } else {
      const entry = entries.get(record.id);
      if (!entry) continue;
      entry.status = record.status;
      entry.head = record.head;
      entry.digest = record.digest;
      entry.closedAt = ['committed', 'undone', 'diverged'].includes(record.status) ? record.at : null;
    }
  }
  return entries;
}
