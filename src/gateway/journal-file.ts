import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, truncate } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { JournalKey } from './journal-key.ts';

/**
 * Format 1. First line `stratus-journal/1 NAME KEYID`, then one line per record: `SEQ CIPHERTEXT CHAIN`.
 * CIPHERTEXT is base64url of nonce, AES-256-GCM text and tag; CHAIN is SHA-256 over the previous chain value, SEQ and
 * CIPHERTEXT, so that no record can be changed, dropped or moved. Beside it `FILE.head` holds the last SEQ and CHAIN:
 * a journal cut off at a record boundary is noticed.
 */
const FORMAT = 'stratus-journal/1';

/** The file is not what was written; `record` is the first bad one (0: the header). */
export class JournalDamaged extends Error {
  readonly file: string;
  readonly record: number;
  constructor(file: string, record: number, what: string) {
    super(`journal ${basename(file)} is damaged at record ${record}: ${what}`);
    this.name = 'JournalDamaged';
    this.file = file;
    this.record = record;
  }
}

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
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, name: string, key: JournalKey, files: [FileHandle, FileHandle], head: JournalHead) {
    this.path = path;
    this.name = name;
    this.key = key;
    [this.file, this.headFile] = files;
    this.current = head;
  }

  /** Creates the file; it and its directory entry are on disk when this returns. */
  static async create(path: string, name: string, key: JournalKey): Promise<JournalFile> {
    const header = headerOf(name, key);
    const file = await open(path, 'ax', 0o600);
    await file.write(header);
    await file.sync();
    const headFile = await open(`${path}.head`, 'w', 0o600);
    await syncFolder(dirname(path));
    const journal = new JournalFile(path, name, key, [file, headFile], { seq: 0, chain: hash(header) });
    await journal.writeHead();
    return journal;
  }

  /** Opens for appending; a torn last record is cut off. @throws JournalDamaged */
  static async open(
    path: string,
    name: string,
    key: JournalKey,
  ): Promise<{ journal: JournalFile; content: JournalContent }> {
    const content = await readJournal(path, name, key);
    if (content.torn) await truncate(path, content.intactBytes);
    const file = await open(path, 'a', 0o600);
    if (content.torn) await file.sync();
    const headFile = await open(`${path}.head`, 'r+').catch(() => open(`${path}.head`, 'w', 0o600));
    const journal = new JournalFile(path, name, key, [file, headFile], content.head);
    await journal.writeHead();
    return { journal, content };
  }

  get head(): JournalHead {
    return this.current;
  }

  /** Appends in call order. With `sync` the record is on disk when the promise resolves. */
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
    const seq = this.current.seq + 1;
    const text = seal(this.key, `${this.name}:${seq}:${this.current.chain}`, JSON.stringify(record));
    const chain = hash(`${this.current.chain} ${seq} ${text}`);
    await this.file.write(`${seq} ${text} ${chain}\n`);
    if (sync) await this.file.datasync();
    this.current = { seq, chain };
    await this.writeHead();
    return this.current;
  }

  /** Not synced: it outlives the process, and after a power cut an older head only weakens the check. */
  private async writeHead(): Promise<void> {
    const text = `${String(this.current.seq).padStart(12, '0')} ${this.current.chain}\n`;
    await this.headFile.write(text, 0);
  }
}

/** Reads and verifies a whole journal. @throws JournalDamaged */
export async function readJournal(path: string, name: string, key: JournalKey): Promise<JournalContent> {
  const bytes = await readFile(path);
  const headerEnd = bytes.indexOf(0x0a);
  const header = headerOf(name, key);
  if (headerEnd < 0) throw new JournalDamaged(path, 0, 'its first line is cut off');
  const found = bytes.toString('latin1', 0, headerEnd + 1);
  if (found !== header) throw new JournalDamaged(path, 0, headerProblem(found, name, key));

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
    const line = bytes.toString('latin1', at, end);
    const seq = head.seq + 1;
    const [number, text, chain, ...more] = line.split(' ');
    if (number !== String(seq) || !text || !chain || more.length > 0)
      throw new JournalDamaged(path, seq, 'not a record');
    if (hash(`${head.chain} ${seq} ${text}`) !== chain) throw new JournalDamaged(path, seq, 'checksum does not match');
    const plain = unseal(key, `${name}:${seq}:${head.chain}`, text);
    if (plain === null) throw new JournalDamaged(path, seq, 'cannot be decrypted with this key');
    records.push(JSON.parse(plain));
    head = { seq, chain };
    at = end + 1;
  }
  await compareWithHead(path, head);
  return { records, head, intactBytes: at, torn };
}

async function compareWithHead(path: string, head: JournalHead): Promise<void> {
  const text = await readFile(`${path}.head`, 'latin1').catch(() => '');
  const match = /^(\d{12}) ([0-9a-f]{64})\n$/.exec(text);
  if (!match) return;
  const expected = Number(match[1]);
  if (expected > head.seq) {
    throw new JournalDamaged(path, head.seq + 1, `it ends there, but ${expected} records were written`);
  }
  if (expected === head.seq && match[2] !== head.chain)
    throw new JournalDamaged(path, head.seq, 'its end does not match the recorded head');
}

function headerOf(name: string, key: JournalKey): string {
  return `${FORMAT} ${name} ${key.id}\n`;
}

function headerProblem(found: string, name: string, key: JournalKey): string {
  const [format, owner, keyId] = found.trimEnd().split(' ');
  if (format !== FORMAT && /^stratus-journal\/\d+$/.test(format ?? ''))
    return `format ${format} is not known to this version`;
  if (format === FORMAT && owner === name && keyId !== key.id)
    return 'it was written with another key (STRATUS_JOURNAL_KEY or journal.key)';
  return 'its first line is not a journal header';
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
