import { messageOf } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { JournalKey } from './journal-key.ts';
import type { JournalHead } from './journal-lines.ts';
import { headerOf, JournalDamaged, parseJournal, recordLine, startOf } from './journal-lines.ts';
import { isIntent } from './journal-facts.ts';
import type { JournalRecord, OpenRecord } from './journal-records.ts';
import type { JournalCopy } from './open-journal.ts';
import { statusOf } from './journal-records.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { ControlGrant } from '../wire/control-grant.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** Content of one Secret; the API server takes at most 1 MiB. */
const CHUNK_BYTES = 900 * 1024;
const MAX_CHUNKS = 8;
const NAME = 'stratus-journal';
const NOTE = 'stratus-oncall/tx';
/** On a chunk that is full and goes on in the next one. */
const GOES_ON = 'stratus-oncall/goes-on';
/** On the last chunk: number and chain value of the last record. */
const HEAD = 'stratus-oncall/head';

/** Another transaction's copy is there and not finished. */
export class SharedJournalInUse extends StratusError {
  constructor(message: string) {
    super('in-use', message);
    this.name = 'SharedJournalInUse';
  }
}

/** The copy is not what was written, or was sealed with another key; the message names what and where. */
export class SharedJournalDamaged extends StratusError {
  constructor(message: string) {
    super('journal-damaged', message);
    this.name = 'SharedJournalDamaged';
  }
}

/** A transaction's records as the cluster keeps them. */
export interface SharedTransaction {
  open: OpenRecord;
  records: JournalRecord[];
}

/** The Secrets that hold the copy: always the same names, because there is one writer at a time. */
export function sharedJournalGrants(namespace: string): ControlGrant[] {
  return Array.from({ length: MAX_CHUNKS }, (_, index) => ({
    group: '',
    resource: 'secrets',
    namespace,
    name: `${NAME}-${index}`,
    subresource: '',
  }));
}

/**
 * An encrypted copy of the open transaction's journal in Secrets of the lock's namespace, so that a colleague with the
 * team's key can finish the undo. Same format and chain as on disk, sealed with the shared key, which is never in the
 * cluster. Written ahead: an intent is in the cluster before its write is sent. What no colleague needs (results, which
 * can be found out again) travels with the next record that has to be there.
 */
export class SharedJournal {
  readonly #api: KubeApi;
  readonly #key: JournalKey;
  readonly #namespace: string;

  /** @param api control mode with {@link sharedJournalGrants} */
  constructor(api: KubeApi, key: JournalKey, namespace: string) {
    this.#api = api;
    this.#key = key;
    this.#namespace = namespace;
  }

  /**
   * Starts the copy of a new transaction. A copy that is still there is overwritten only when nothing of it is left to
   * undo. @throws SharedJournalInUse, SharedJournalDamaged, ClusterError (403 names the missing right)
   */
  async begin(open: OpenRecord): Promise<JournalCopy> {
    const old = await this.read();
    if (old && isOwedBy(old)) {
      throw new SharedJournalInUse(
        `the cluster keeps the journal of transaction ${old.open.id}, which was not finished: 'stratus recover --from-cluster' first`,
      );
    }
    await this.remove();
    const copy = new SharedCopy(this.#api, this.#key, this.#namespace, open.id);
    await copy.add(open);
    return {
      add: async (record) => {
        const mustBeThere = isIntent(record);
        await copy.add(record).catch((error: unknown) => {
          // An undo or a commit must not fail for a copy that only helps when this process dies.
          if (mustBeThere) throw error;
        });
      },
      end: () => this.remove(open.id),
    };
  }

  /** For a transaction that only ends: its copy, if there is one, is taken away with it. */
  ending(tx: string): JournalCopy {
    return { add: async () => undefined, end: () => this.remove(tx) };
  }

  /** The copy that is there, verified; null when there is none. @throws SharedJournalDamaged, ClusterError */
  async read(): Promise<SharedTransaction | null> {
    const chunks: KubeObject[] = [];
    for (let index = 0; index < MAX_CHUNKS; index++) {
      const chunk = await this.#api.find(chunkPath(this.#namespace, index));
      if (!chunk) break;
      chunks.push(chunk);
    }
    const [first] = chunks;
    if (!first) return null;
    const tx = first.metadata.annotations?.[NOTE] ?? '';
    // A chunk that none before it promised was never acknowledged.
    const end = chunks.findIndex((chunk) => chunk.metadata.annotations?.[GOES_ON] !== 'true');
    const ours = end < 0 ? chunks : chunks.slice(0, end + 1);
    const damaged = (chunk: number, what: string) =>
      new SharedJournalDamaged(
        `the cluster's journal of ${tx} is damaged in Secret ${this.#namespace}/${NAME}-${chunk}: ${what}`,
      );
    if (end < 0) throw damaged(ours.length, 'it is missing');
    const stranger = ours.findIndex((chunk) => chunk.metadata.annotations?.[NOTE] !== tx);
    if (stranger >= 0) throw damaged(stranger, 'it belongs to another transaction');
    const bytes = Buffer.concat(ours.map((chunk) => Buffer.from(String(chunk.data?.lines ?? ''), 'base64')));
    const { records, head, torn } = this.#parse(bytes, tx, damaged);
    const note = ours.at(-1)!.metadata.annotations?.[HEAD];
    if (torn || note !== `${head.seq} ${head.chain}`) {
      throw damaged(ours.length - 1, `it ends after record ${head.seq}, which is not the end that was written`);
    }
    const open = records[0];
    if (open?.type !== 'open' || open.id !== tx)
      throw damaged(0, 'it does not begin with the opening of the transaction');
    return { open, records };
  }

  #parse(bytes: Buffer, tx: string, damaged: (chunk: number, what: string) => Error) {
    try {
      const { records, head, torn } = parseJournal(bytes, NAME, tx, this.#key);
      return { records: records as JournalRecord[], head, torn };
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      if (error.kind === 'key') {
        throw new SharedJournalDamaged(
          `the cluster's journal of ${tx} was sealed with another key: set STRATUS_SHARED_KEY or STRATUS_SHARED_KEY_FILE to the one its owner used`,
        );
      }
      throw damaged(Math.floor(error.offset / CHUNK_BYTES), error.message);
    }
  }

  /** Takes the copy away, last chunk first. @param tx only when it is the copy of this transaction */
  async remove(tx?: string): Promise<void> {
    const first = await this.#api.find(chunkPath(this.#namespace, 0));
    if (!first || (tx !== undefined && first.metadata.annotations?.[NOTE] !== tx)) return;
    for (let index = MAX_CHUNKS - 1; index >= 0; index--) {
      const answer = await this.#api.send('DELETE', chunkPath(this.#namespace, index));
      if (answer.status >= 300 && answer.status !== 404) throw new Error(`Secret ${NAME}-${index}: ${answer.message}`);
    }
  }
}

/** The copy while its transaction writes. */
class SharedCopy {
  readonly #api: KubeApi;
  readonly #key: JournalKey;
  readonly #namespace: string;
  readonly #tx: string;
  #head: JournalHead;
  /** Bytes of the chunk that is being filled, and its version in the cluster. */
  #filling: Buffer;
  #chunk = 0;
  #version = '';
  #waiting: JournalRecord[] = [];

  constructor(api: KubeApi, key: JournalKey, namespace: string, tx: string) {
    this.#api = api;
    this.#key = key;
    this.#namespace = namespace;
    this.#tx = tx;
    const header = headerOf(tx, key);
    this.#head = startOf(header);
    this.#filling = Buffer.from(header);
  }

  /**
   * In the cluster when resolved, if a colleague needs it; else remembered for the next such record.
   * @throws Error (too large, lost to another writer, cluster gone): then what should follow must not happen
   */
  async add(record: JournalRecord): Promise<void> {
    this.#waiting.push(record);
    const needed = record.type === 'open' || record.type === 'phase' || isIntent(record);
    if (!needed) return;
    const lines: string[] = [];
    let head = this.#head;
    for (const one of this.#waiting) {
      const sealed = recordLine(this.#key, this.#tx, head, one);
      lines.push(sealed.line);
      head = sealed.head;
    }
    const bytes = Buffer.concat([this.#filling, Buffer.from(lines.join(''))]);
    if (this.#chunk + Math.ceil(bytes.length / CHUNK_BYTES) > MAX_CHUNKS) {
      this.#waiting.pop();
      const limit = Math.floor((MAX_CHUNKS * CHUNK_BYTES) / 1024 / 1024);
      throw new Error(
        `the cluster's copy of the journal would grow beyond ${limit} MiB: make smaller transactions, or do not share the journal (STRATUS_SHARED_KEY)`,
      );
    }
    await this.#store(bytes, head);
    this.#head = head;
    this.#waiting = [];
  }

  /** Fills chunks; the one that a reader would miss is written before the one before it says that it goes on. */
  async #store(bytes: Buffer, head: JournalHead): Promise<void> {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) parts.push(bytes.subarray(at, at + CHUNK_BYTES));
    const first = this.#chunk;
    let version = this.#version;
    for (let index = parts.length - 1; index >= 0; index--) {
      const last = index === parts.length - 1;
      const known = index === 0 ? this.#version : '';
      const written = await this.#put(first + index, parts[index]!, last ? head : null, known);
      if (last) version = written;
    }
    this.#chunk = first + parts.length - 1;
    this.#filling = parts.at(-1)!;
    this.#version = version;
  }

  /** @param head of the last chunk; null for one that goes on. @param version of the chunk, empty to create it */
  async #put(index: number, part: Buffer, head: JournalHead | null, version: string): Promise<string> {
    const name = `${NAME}-${index}`;
    const annotations = {
      [NOTE]: this.#tx,
      [HEAD]: head ? `${head.seq} ${head.chain}` : '',
      ...(head ? {} : { [GOES_ON]: 'true' }),
    };
    const metadata = {
      name,
      namespace: this.#namespace,
      annotations,
      ...(version ? { resourceVersion: version } : {}),
    };
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type: 'stratus-oncall/journal',
      data: { lines: part.toString('base64') },
    };
    const path = chunkPath(this.#namespace, index);
    try {
      const written = version
        ? await this.#api.write('PUT', path, body)
        : await this.#api.write('POST', path.slice(0, path.lastIndexOf('/')), body);
      return written.metadata.resourceVersion ?? '';
    } catch (error) {
      throw new Error(`the cluster's copy of the journal could not be written (Secret ${name}): ${messageOf(error)}`);
    }
  }
}

function chunkPath(namespace: string, index: number): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${NAME}-${index}`;
}

/** Something was or may have been written, and the transaction did not end. */
function isOwedBy({ records }: SharedTransaction): boolean {
  const ended = ['committed', 'undone'].includes(statusOf(records));
  return !ended && records.some(isIntent);
}
