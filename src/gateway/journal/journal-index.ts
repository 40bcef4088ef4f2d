import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TransactionStatus, TransactionSummary } from '../../domain/transaction.ts';
import { shownArgv } from '../../kubectl/secret-words.ts';
import { JournalFile } from './journal-file.ts';
import type { JournalHead } from './journal-lines.ts';
import { JournalDamaged } from './journal-lines.ts';
import type { JournalFolder } from './journal-folder.ts';
import { INDEX } from './journal-folder.ts';
import type { JournalRecord, OpenRecord } from './journal-records.ts';
import { JournalUnwritable } from './journal-unwritable.ts';
import { rootsIn, sentIn } from './journal-facts.ts';

/** A line of the index: what changed in which transaction, with the head of its journal at that moment. */
export type IndexRecord =
  | { type: 'opened'; open: OpenRecord; head: JournalHead }
  | { type: 'status'; id: string; status: TransactionStatus; at: string; head: JournalHead; digest: JournalDigest }
  | { type: 'dropped'; id: string; at: string };

/** What a list shows of a transaction's content, so that finished ones need not be read again. */
export type JournalDigest = Pick<TransactionSummary, 'commands' | 'roots' | 'writes' | 'kept'>;

/** A transaction as the index knows it. */
export interface IndexEntry {
  open: OpenRecord;
  digest: JournalDigest | null;
  status: TransactionStatus;
  /** When it got that status. */
  at: string;
  closedAt: string | null;
  head: JournalHead;
}

/** Name of a damaged index that was replaced, before a random ending. */
const SET_ASIDE = 'index.damaged-';
const NO_DIGEST: JournalDigest = { commands: [], roots: [], writes: 0 };

/** Stands for a journal of which nothing is known. */
export const NO_HEAD: JournalHead = { seq: 0, chain: '' };

/**
 * The index of all journals: one chained file like each of them. Everything in it also stands in the journals, so that
 * a damaged or missing index is made anew from them.
 */
export class JournalIndex {
  readonly #folder: JournalFolder;

  constructor(folder: JournalFolder) {
    this.#folder = folder;
  }

  /** On disk when resolved. @throws JournalUnwritable, JournalDamaged for another key or version, LockedByProcess */
  async append(record: IndexRecord): Promise<void> {
    const lock = await this.#folder.hold(INDEX);
    try {
      const file = await this.#open(record);
      try {
        await file.append(record, true);
      } finally {
        await file.close();
      }
    } finally {
      await lock.release();
    }
  }

  /**
   * Oldest first; what a damaged index does not tell any more is read from the journals.
   * @throws JournalDamaged when it was written with another key or by another version
   */
  async entries(): Promise<{ entries: Map<string, IndexEntry>; damage: JournalDamaged | null }> {
    try {
      return { entries: fold((await this.#folder.read(INDEX)).records as IndexRecord[]), damage: null };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return { entries: await this.#fromJournals([]), damage: null };
      }
      if (!(error instanceof JournalDamaged) || error.kind !== 'content') throw error;
      return { entries: await this.#fromJournals(error.intact as IndexRecord[]), damage: error };
    }
  }

  /** Damaged indexes that were replaced and that nobody has removed yet. */
  async setAside(): Promise<string[]> {
    return (await readdir(this.#folder.path)).filter((name) => name.startsWith(SET_ASIDE)).sort();
  }

  /** For appending `next`; a missing or damaged one is made anew. Under the index lock. */
  async #open(next: IndexRecord): Promise<JournalFile> {
    const { key } = this.#folder;
    const path = this.#folder.file(INDEX);
    // Not there: nothing to keep.
    if (await stat(path).catch(() => null)) {
      try {
        return (await JournalFile.open(path, INDEX, key)).journal;
      } catch (error) {
        if (!(error instanceof JournalDamaged) || error.kind !== 'content') throw error;
      }
    }
    const { entries, damage } = await this.entries();
    // Its journal is there already; whether it gets into the index is still to be seen.
    if (next.type === 'opened') entries.delete(next.open.id);
    const draft = `${path}.${randomBytes(4).toString('hex')}`;
    const file = await JournalFile.create(draft, INDEX, key);
    try {
      for (const record of [...entries.values()].flatMap(recordsOf)) await file.append(record, false);
      await file.close();
      if (damage) await rename(path, join(this.#folder.path, `${SET_ASIDE}${randomBytes(4).toString('hex')}`));
      await rm(`${path}.head`, { force: true });
      await rename(draft, path);
      await rename(`${draft}.head`, `${path}.head`);
    } catch (error) {
      for (const left of [draft, `${draft}.head`]) await rm(left, { force: true });
      throw error instanceof JournalUnwritable ? error : new JournalUnwritable(path, error);
    }
    return (await JournalFile.open(path, INDEX, key)).journal;
  }

  /** @param known the part of the index that can be read */
  async #fromJournals(known: IndexRecord[]): Promise<Map<string, IndexEntry>> {
    const old = fold(known);
    const found: IndexEntry[] = [];
    for (const id of await this.#folder.ids()) {
      let records: JournalRecord[];
      let head: JournalHead;
      try {
        const content = await this.#folder.read(id);
        [records, head] = [content.records as JournalRecord[], content.head];
      } catch (error) {
        if (!(error instanceof JournalDamaged)) throw error;
        [records, head] = [error.intact as JournalRecord[], old.get(id)?.head ?? NO_HEAD];
      }
      const open = old.get(id)?.open ?? records[0];
      if (open?.type !== 'open') continue;
      const phase = records.findLast((record) => record.type === 'phase');
      const status = phase?.status ?? old.get(id)?.status ?? 'open';
      const at = phase?.at ?? open.at;
      found.push({ open, digest: digestOf(records), status, at, closedAt: isClosed(status) ? at : null, head });
    }
    found.sort((a, b) => (a.open.at < b.open.at ? -1 : 1));
    return new Map(found.map((entry) => [entry.open.id, entry]));
  }
}

export function isClosed(status: TransactionStatus): boolean {
  return status === 'committed' || status === 'undone' || status === 'diverged';
}

export function digestOf(records: JournalRecord[]): JournalDigest {
  const phase = records.findLast((record) => record.type === 'phase');
  return {
    commands: records.flatMap((record) => (record.type === 'step' ? [shownArgv(record.argv)] : [])),
    roots: rootsIn(records),
    writes: sentIn(records),
    ...(phase?.kept ? { kept: true } : {}),
  };
}

function recordsOf({ open, status, at, head, digest }: IndexEntry): IndexRecord[] {
  const opened: IndexRecord = { type: 'opened', open, head };
  if (status === 'open') return [opened];
  return [opened, { type: 'status', id: open.id, status, at, head, digest: digest ?? NO_DIGEST }];
}

function fold(records: IndexRecord[]): Map<string, IndexEntry> {
  const entries = new Map<string, IndexEntry>();
  for (const record of records) {
    if (record.type === 'opened') {
      const { open, head } = record;
      entries.set(open.id, { open, head, status: 'open', at: open.at, closedAt: null, digest: null });
    } else if (record.type === 'dropped') {
      entries.delete(record.id);
    } else {
      const entry = entries.get(record.id);
      if (!entry) continue;
      entry.status = record.status;
      entry.at = record.at;
      entry.head = record.head;
      entry.digest = record.digest;
      entry.closedAt = isClosed(record.status) ? record.at : null;
    }
  }
  return entries;
}
