import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { JournalKey } from './journal-key.ts';
import type { JournalContent, JournalHead } from './journal-lines.ts';
import { headerOf, JournalDamaged, parseJournal, recordLine, startOf } from './journal-lines.ts';
import { JournalLost } from './journal-lost.ts';
import { JournalUnwritable } from './journal-unwritable.ts';
import { syncFolder } from '../disk/sync-folder.ts';
import { openOwn, readOwn, UntrustedPath, whyNotStill } from '../disk/trusted-files.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = constants;

export class JournalFile {
  readonly path: string;
  readonly #name: string;
  readonly #key: JournalKey;
  readonly #file: FileHandle;
  readonly #headFile: FileHandle;
  /** Which file it is, whatever stands at its path later. */
  readonly #identity: Pick<Stats, 'ino' | 'dev'>;
  #current: JournalHead;
  /** Bytes of the file, all of them whole records. */
  #size: number;
  #broken: JournalUnwritable | JournalLost | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    name: string,
    key: JournalKey,
    files: [FileHandle, FileHandle],
    identity: Pick<Stats, 'ino' | 'dev'>,
    head: JournalHead,
    size: number,
  ) {
    this.path = path;
    this.#name = name;
    this.#key = key;
    [this.#file, this.#headFile] = files;
    this.#identity = identity;
    this.#current = head;
    this.#size = size;
  }

  /** Creates the file; it and its directory entry are on disk when this returns. @throws JournalUnwritable, UntrustedPath, EEXIST */
  static async create(path: string, name: string, key: JournalKey): Promise<JournalFile> {
    const header = headerOf(name, key);
    const opened: FileHandle[] = [];
    try {
      const file = await openOwn(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
      opened.push(file);
      await file.appendFile(header);
      await file.sync();
      const headFile = await openHead(path);
      opened.push(headFile);
      const identity = await file.stat();
      const journal = new JournalFile(path, name, key, [file, headFile], identity, startOf(header), header.length);
      await journal.#writeHead();
      await syncFolder(dirname(path));
      return journal;
    } catch (error) {
      for (const file of opened) await file.close();
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      // Half a header is no journal.
      if (opened.length > 0) for (const left of [path, `${path}.head`]) await rm(left, { force: true });
      throw error instanceof UntrustedPath ? error : new JournalUnwritable(path, error);
    }
  }

  /** Opens for appending; a torn last record is cut off. @throws JournalDamaged, JournalUnwritable, UntrustedPath */
  static async open(
    path: string,
    name: string,
    key: JournalKey,
  ): Promise<{ journal: JournalFile; content: JournalContent }> {
    const content = await readJournal(path, name, key);
    const opened: FileHandle[] = [];
    try {
      const file = await openOwn(path, O_WRONLY | O_APPEND);
      opened.push(file);
      if (content.torn) {
        await file.truncate(content.intactBytes);
        await file.sync();
      }
      // Written before heads were, or lost: made anew and compared with the chain.
      const headFile = await openOwn(`${path}.head`, O_RDWR).catch(() => openHead(path));
      opened.push(headFile);
      const { head, intactBytes } = content;
      const journal = new JournalFile(path, name, key, [file, headFile], await file.stat(), head, intactBytes);
      return { journal, content };
    } catch (error) {
      for (const file of opened) await file.close();
      throw error instanceof UntrustedPath ? error : new JournalUnwritable(path, error);
    }
  }

  get head(): JournalHead {
    return this.#current;
  }

  /**
   * Appends in call order. With `sync` the record, and all before it, are on disk when the promise resolves; when it
   * rejects the file is as it was before.
   * @throws JournalUnwritable, JournalLost when it is not the file at its path any more
   */
  append(record: unknown, sync: boolean): Promise<JournalHead> {
    const done = this.#tail.then(() => this.#write(record, sync));
    // The caller has the failure; here only the order counts.
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#file.close();
    await this.#headFile.close();
  }

  async #write(record: unknown, sync: boolean): Promise<JournalHead> {
    if (this.#broken) throw this.#broken;
    const { line, head } = recordLine(this.#key, this.#name, this.#current, record);
    let lost: string | null;
    try {
      // Unlike write(), goes on after a short write, as the last bytes of a full disk cause it.
      await this.#file.appendFile(line);
      // Looked at while the disk works.
      const still = whyNotStill(this.path, this.#identity, this.#size + line.length);
      [lost] = await Promise.all([still, sync ? this.#file.datasync() : undefined]);
    } catch (error) {
      throw await this.#takeBack(error);
    }
    if (lost) throw (this.#broken = new JournalLost(`the journal ${this.path}`, lost));
    this.#current = head;
    this.#size += line.length;
    // What a power cut may still take away must not be in the head: the journal would then look cut off.
    if (sync) await this.#writeHead();
    return this.#current;
  }

  /** Cuts off what a failed append left, so that the next one does not follow half a record. */
  async #takeBack(error: unknown): Promise<JournalUnwritable> {
    const failure = new JournalUnwritable(this.path, error);
    try {
      await this.#file.truncate(this.#size);
    } catch {
      // Told as the first failure; the file is not used any more.
      this.#broken = failure;
    }
    return failure;
  }

  /** Not synced, and best effort: an older head only weakens the check. */
  async #writeHead(): Promise<void> {
    const text = `${String(this.#current.seq).padStart(12, '0')} ${this.#current.chain}\n`;
    // The chain itself is the truth; the head only tells of a lost end.
    await this.#headFile.write(text, 0).catch(() => undefined);
  }
}

function openHead(path: string): Promise<FileHandle> {
  return openOwn(`${path}.head`, O_WRONLY | O_CREAT | O_TRUNC);
}

/** Reads and verifies a whole journal. @throws JournalDamaged, UntrustedPath */
export async function readJournal(path: string, name: string, key: JournalKey): Promise<JournalContent> {
  const content = parseJournal(await readOwn(path), path, name, key);
  await compareWithHead(path, content.head, content.intactBytes, content.records);
  return content;
}

async function compareWithHead(path: string, head: JournalHead, end: number, intact: unknown[]): Promise<void> {
  const text = await readOwn(`${path}.head`).then(
    (bytes) => bytes.toString('latin1'),
    (error: unknown) => {
      if (error instanceof UntrustedPath) throw error;
      return '';
    },
  );
  const match = /^(\d{12}) ([0-9a-f]{64})\n$/.exec(text);
  if (!match) return;
  const expected = Number(match[1]);
  const at = { record: head.seq + 1, offset: end };
  if (expected > head.seq) {
    const what = `it ends there, but ${expected} records were written (${basename(path)}.head)`;
    throw new JournalDamaged(path, at, what, { intact });
  }
  if (expected === head.seq && match[2] !== head.chain) {
    throw new JournalDamaged(path, at, `its end does not match the one in ${basename(path)}.head`, { intact });
  }
}

/** Journal names and file names are the same: letters, digits and dashes only. */
export function isJournalName(name: string): boolean {
  return /^[a-z0-9-]{1,64}$/.test(name);
}
