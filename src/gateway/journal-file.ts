import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { JournalKey } from './journal-key.ts';

/**
 * Format 1. First line `stratus-journal/1 NAME KEYID`, then one line per record: `SEQ CIPHERTEXT CHAIN`.
 * CIPHERTEXT is base64url of nonce, AES-256-GCM text and tag; CHAIN is SHA-256 over the previous chain value, SEQ and
 * CIPHERTEXT, so that no record can be changed, dropped or moved. Beside it `FILE.head` holds SEQ and CHAIN of the last
 * record that was forced to disk: a journal cut off at a record boundary is noticed.
 */
const FORMAT = 'stratus-journal/1';

/** `key`: written with another key; `format`: by another version. Both files are whole as far as anybody can tell. */
export type JournalDamage = 'content' | 'key' | 'format';

/** The file is not what was written. */
export class JournalDamaged extends Error {
  readonly kind: JournalDamage;
  readonly file: string;
  /** First bad record (0: the header) and the byte at which it starts. */
  readonly record: number;
  readonly offset: number;
  /** Records before it, each verified. */
  readonly intact: unknown[];

  constructor(
    file: string,
    at: { record: number; offset: number },
    what: string,
    more: { kind?: JournalDamage; intact?: unknown[] } = {},
  ) {
    super(`journal ${basename(file)} is damaged at record ${at.record} (byte ${at.offset}): ${what}`);
    this.name = 'JournalDamaged';
    this.kind = more.kind ?? 'content';
    this.file = file;
    this.record = at.record;
    this.offset = at.offset;
    this.intact = more.intact ?? [];
  }
}

/** A record could not be made durable (disk full, read-only); what should have followed it must not happen. */
export class JournalUnwritable extends Error {
  constructor(path: string, error: unknown) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = WHY_UNWRITABLE[code] ?? message;
    super(`the journal ${path} cannot be written (${why}): free space or make it writable, then try again`);
    this.name = 'JournalUnwritable';
    this.cause = error;
  }
}

const WHY_UNWRITABLE: Record<string, string> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow any further',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

export interface JournalHead {
  seq: number;
  chain: string;
}

export interface JournalContent {
  records: unknown[];
  head: JournalHead;
  /** Length of the intact part; bytes after it are a torn last record that was never acknowledged. */
  intactBytes: number;
  torn: boolean;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

export class JournalFile {
  readonly path: string;
  private readonly name: string;
  private readonly key: JournalKey;
  private readonly file: FileHandle;
  private readonly headFile: FileHandle;
  private current: JournalHead;
  /** Bytes of the file, all of them whole records. */
  private size: number;
  private broken: JournalUnwritable | null = null;
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    name: string,
    key: JournalKey,
    files: [FileHandle, FileHandle],
    head: JournalHead,
    size: number,
  ) {
    this.path = path;
    this.name = name;
    this.key = key;
    [this.file, this.headFile] = files;
    this.current = head;
    this.size = size;
  }

  /** Creates the file; it and its directory entry are on disk when this returns. @throws JournalUnwritable, EEXIST */
  static async create(path: string, name: string, key: JournalKey): Promise<JournalFile> {
    const header = headerOf(name, key);
    const opened: FileHandle[] = [];
    try {
      const file = await open(path, 'ax', 0o600);
      opened.push(file);
      await file.appendFile(header);
      await file.sync();
      const headFile = await open(`${path}.head`, 'w', 0o600);
      opened.push(headFile);
      const head = { seq: 0, chain: hash(header) };
      const journal = new JournalFile(path, name, key, [file, headFile], head, header.length);
      await journal.writeHead();
      await syncFolder(dirname(path));
      return journal;
    } catch (error) {
      for (const file of opened) await file.close();
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      // Half a header is no journal.
      if (opened.length > 0) for (const left of [path, `${path}.head`]) await rm(left, { force: true });
      throw new JournalUnwritable(path, error);
    }
  }

  /** Opens for appending; a torn last record is cut off. @throws JournalDamaged, JournalUnwritable */
  static async open(
    path: string,
    name: string,
    key: JournalKey,
  ): Promise<{ journal: JournalFile; content: JournalContent }> {
    const content = await readJournal(path, name, key);
    const opened: FileHandle[] = [];
    try {
      const file = await open(path, 'a', 0o600);
      opened.push(file);
      if (content.torn) {
        await file.truncate(content.intactBytes);
        await file.sync();
      }
      const headFile = await open(`${path}.head`, 'r+').catch(() => open(`${path}.head`, 'w', 0o600));
      opened.push(headFile);
      const journal = new JournalFile(path, name, key, [file, headFile], content.head, content.intactBytes);
      return { journal, content };
    } catch (error) {
      for (const file of opened) await file.close();
      throw new JournalUnwritable(path, error);
    }
  }

  get head(): JournalHead {
    return this.current;
  }

  /**
   * Appends in call order. With `sync` the record, and all before it, are on disk when the promise resolves; when it
   * rejects the file is as it was before.
   * @throws JournalUnwritable
   */
  append(record: unknown, sync: boolean): Promise<JournalHead> {
    const done = this.tail.then(() => this.write(record, sync));
    this.tail = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.tail;
    await this.file.close();
    await this.headFile.close();
  }

  private async write(record: unknown, sync: boolean): Promise<JournalHead> {
    if (this.broken) throw this.broken;
    const seq = this.current.seq + 1;
    const text = seal(this.key, `${this.name}:${seq}:${this.current.chain}`, JSON.stringify(record));
    const chain = hash(`${this.current.chain} ${seq} ${text}`);
    const line = `${seq} ${text} ${chain}\n`;
    try {
      // Unlike write(), goes on after a short write, as the last bytes of a full disk cause it.
      await this.file.appendFile(line);
      if (sync) await this.file.datasync();
    } catch (error) {
      throw await this.takeBack(error);
    }
    this.current = { seq, chain };
    this.size += line.length;
    // What a power cut may still take away must not be in the head: the journal would then look cut off.
    if (sync) await this.writeHead();
    return this.current;
  }

  /** Cuts off what a failed append left, so that the next one does not follow half a record. */
  private async takeBack(error: unknown): Promise<JournalUnwritable> {
    const failure = new JournalUnwritable(this.path, error);
    try {
      await this.file.truncate(this.size);
    } catch {
      this.broken = failure;
    }
    return failure;
  }

  /** Not synced, and best effort: an older head only weakens the check. */
  private async writeHead(): Promise<void> {
    const text = `${String(this.current.seq).padStart(12, '0')} ${this.current.chain}\n`;
    await this.headFile.write(text, 0).catch(() => undefined);
  }
}

/** Reads and verifies a whole journal. @throws JournalDamaged */
export async function readJournal(path: string, name: string, key: JournalKey): Promise<JournalContent> {
  const bytes = await readFile(path);
  const headerEnd = bytes.indexOf(0x0a);
  const header = headerOf(name, key);
  const start = { record: 0, offset: 0 };
  if (headerEnd < 0) throw new JournalDamaged(path, start, 'its first line is cut off');
  const found = bytes.toString('latin1', 0, headerEnd + 1);
  if (found !== header) throw headerDamage(path, bytes, found, name, key);

  let head: JournalHead = { seq: 0, chain: hash(header) };
  const records: unknown[] = [];
  let at = headerEnd + 1;
  let torn = false;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) {
      torn = true;
      break;
    }
    const seq = head.seq + 1;
    const damaged = (what: string) =>
      new JournalDamaged(path, { record: seq, offset: at }, what, { intact: records.slice() });
    const [number, text, chain, ...more] = bytes.toString('latin1', at, end).split(' ');
    if (number !== String(seq) || !text || !chain || more.length > 0) throw damaged('not a record');
    if (hash(`${head.chain} ${seq} ${text}`) !== chain) throw damaged('checksum does not match');
    const plain = unseal(key, `${name}:${seq}:${head.chain}`, text);
    if (plain === null) throw damaged('cannot be decrypted with this key');
    records.push(JSON.parse(plain));
    head = { seq, chain };
    at = end + 1;
  }
  await compareWithHead(path, head, at, records);
  return { records, head, intactBytes: at, torn };
}

async function compareWithHead(path: string, head: JournalHead, end: number, intact: unknown[]): Promise<void> {
  const text = await readFile(`${path}.head`, 'latin1').catch(() => '');
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

function headerOf(name: string, key: JournalKey): string {
  return `${FORMAT} ${name} ${key.id}\n`;
}

function headerDamage(path: string, bytes: Buffer, found: string, name: string, key: JournalKey): JournalDamaged {
  const [format, owner, keyId] = found.trimEnd().split(' ');
  const start = { record: 0, offset: 0 };
  if (format !== FORMAT && /^stratus-journal\/\d+$/.test(format ?? ''))
    return new JournalDamaged(path, start, `format ${format} is not known to this version`, { kind: 'format' });
  // A first record that this key opens tells a changed header from another key.
  const first = /^1 (\S+) /.exec(bytes.toString('latin1', found.length, bytes.indexOf(0x0a, found.length)));
  const readable = first && unseal(key, `${name}:1:${hash(headerOf(name, key))}`, first[1]!) !== null;
  if (!readable && format === FORMAT && owner === name && keyId !== key.id) {
    const what = 'it was written with another key (STRATUS_JOURNAL_KEY or journal.key)';
    return new JournalDamaged(path, start, what, { kind: 'key' });
  }
  return new JournalDamaged(path, start, 'its first line is not the header that was written');
}

function seal(key: JournalKey, context: string, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

function unseal(key: JournalKey, context: string, text: string): string | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length < 28) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-16));
    return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

/** A new file survives a power cut only when its folder is synced too; Windows has no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Journal names and file names are the same: letters, digits and dashes only. */
export function isJournalName(name: string): boolean {
  return /^[a-z0-9-]{1,64}$/.test(name);
}
