import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { MAX_DEPTH, parseJson, printJson } from '../../json/lossless-json.ts';
import type { JournalKey } from './journal-key.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/**
 * Format 1. First line `stratus-journal/1 NAME KEYID`, then one line per record: `SEQ CIPHERTEXT CHAIN`.
 * CIPHERTEXT is base64url of nonce, AES-256-GCM text and tag; CHAIN is SHA-256 over the previous chain value, SEQ and
 * CIPHERTEXT, so that no record can be changed, dropped or moved. Beside it `FILE.head` holds SEQ and CHAIN of the last
 * record that was forced to disk: a journal cut off at a record boundary is noticed.
 */
const FORMAT = 'stratus-journal/1';

/** A record holds whole objects, some levels down. */
const MAX_RECORD_DEPTH = MAX_DEPTH + 100;

/** `key`: written with another key; `format`: by another version. Both files are whole as far as anybody can tell. */
export type JournalDamage = 'content' | 'key' | 'format';

/** The file is not what was written. */
export class JournalDamaged extends StratusError {
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
    super(
      'journal-damaged',
      `journal ${basename(file)} is damaged at record ${at.record} (byte ${at.offset}): ${what}; put the file back from a backup, or look at its objects and close it with 'stratus recover --keep'`,
    );
    this.name = 'JournalDamaged';
    this.kind = more.kind ?? 'content';
    this.file = file;
    this.record = at.record;
    this.offset = at.offset;
    this.intact = more.intact ?? [];
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

/** First line of a journal. */
export function headerOf(name: string, key: JournalKey): string {
  return `${FORMAT} ${name} ${key.id}\n`;
}

/** Where the chain of a journal with this first line begins. */
export function startOf(header: string): JournalHead {
  return { seq: 0, chain: hash(header) };
}

/** The line of the record that follows `after`, and the head it makes. */
export function recordLine(
  key: JournalKey,
  name: string,
  after: JournalHead,
  record: unknown,
): { line: string; head: JournalHead } {
  const seq = after.seq + 1;
  const text = seal(key, `${name}:${seq}:${after.chain}`, printJson(record));
  const chain = hash(`${after.chain} ${seq} ${text}`);
  return { line: `${seq} ${text} ${chain}\n`, head: { seq, chain } };
}

/** Reads and verifies the bytes of a whole journal. @param path for messages only @throws JournalDamaged */
export function parseJournal(bytes: Buffer, path: string, name: string, key: JournalKey): JournalContent {
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
    try {
      records.push(parseJson(plain, MAX_RECORD_DEPTH));
    } catch (error) {
      throw damaged(`cannot be read: ${(error as Error).message}`);
    }
    head = { seq, chain };
    at = end + 1;
  }
  return { records, head, intactBytes: at, torn };
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
    // The line is reported as damaged.
    return null;
  }
}
