import type { Stats } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJournalName, readJournal } from './journal-file.ts';
import type { JournalKey } from './journal-key.ts';
import { loadJournalKey } from './journal-key.ts';
import type { JournalContent } from './journal-lines.ts';
import { JournalDamaged } from './journal-lines.ts';
import { JournalLost } from './journal-lost.ts';
import { JournalUnwritable } from './journal-unwritable.ts';
import { LockedByProcess, ProcessLock } from '../disk/process-lock.ts';
import { openStateFolder } from './state-folder.ts';
import { isStill } from '../disk/trusted-files.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** Name of the index among the journals. */
export const INDEX = 'index';
/** Other processes hold the index for a few milliseconds only. */
const INDEX_WAIT_MS = 10_000;
const MAX_READS = 4;

/** The folder of all journals: names, locks and verified reading. */
export class JournalFolder {
  readonly path: string;
  readonly key: JournalKey;
  readonly #stateFolder: string;
  readonly #identity: Pick<Stats, 'ino' | 'dev'>;

  private constructor(stateFolder: string, key: JournalKey, identity: Pick<Stats, 'ino' | 'dev'>) {
    this.#stateFolder = stateFolder;
    this.path = join(stateFolder, 'journal');
    this.key = key;
    this.#identity = identity;
  }

  /** @throws JournalUnwritable, UntrustedPath, as loadJournalKey */
  static async open(stateFolder: string, env: NodeJS.ProcessEnv): Promise<JournalFolder> {
    await openStateFolder(stateFolder);
    const identity = await stat(join(stateFolder, 'journal'));
    return new JournalFolder(stateFolder, await loadJournalKey(stateFolder, env), identity);
  }

  /** Looks at the state folder again, before a transaction. @throws UntrustedPath, JournalLost */
  async check(env: NodeJS.ProcessEnv): Promise<void> {
    await this.#mustBeThere();
    await openStateFolder(this.#stateFolder);
    const { id } = await loadJournalKey(this.#stateFolder, env);
    if (id !== this.key.id) throw new JournalLost(`the journal key in ${this.#stateFolder}`, 'was replaced');
  }

  async #mustBeThere(): Promise<void> {
    const there = await isStill(this.path, this.#identity);
    if (!there) throw new JournalLost(`the journal folder ${this.path}`, 'was removed or replaced');
  }

  file(name: string): string {
    return join(this.path, `${name}.journal`);
  }

  lock(name: string): string {
    return join(this.path, 'locks', `${name}.lock`);
  }

  /** Ids of the transactions that have a file here. */
  async ids(): Promise<string[]> {
    return (await readdir(this.path))
      .filter((file) => file.endsWith('.journal') && file !== `${INDEX}.journal`)
      .map((file) => file.slice(0, -'.journal'.length))
      .filter(isJournalName)
      .sort();
  }

  /** @throws Error when there is no journal of that id */
  async mustExist(id: string): Promise<void> {
    // A name that does not exist is unknown.
    const known = isJournalName(id) && id !== INDEX && (await stat(this.file(id)).catch(() => null));
    if (!known)
      throw new StratusError(
        'unknown-transaction',
        `no transaction ${id.slice(0, 64)} in ${this.path}: stratus journal list shows them`,
      );
  }

  /**
   * The whole content, verified. A reader without the lock can see the head of an append before or after the record
   * itself: it looks again. @throws JournalDamaged, ENOENT
   */
  async read(name: string): Promise<JournalContent> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readJournal(this.file(name), name, this.key);
      } catch (error) {
        if (!(error instanceof JournalDamaged) || error.kind !== 'content' || attempt >= MAX_READS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10 * attempt));
      }
    }
  }

  /** @throws LockedByProcess, JournalUnwritable, JournalLost */
  async hold(name: string): Promise<ProcessLock> {
    // Otherwise it would come into being anew, without its journals.
    await this.#mustBeThere();
    const [what, wait] = name === INDEX ? ['the journal index', INDEX_WAIT_MS] : [`transaction ${name}`, 0];
    try {
      return await ProcessLock.acquire(this.lock(name), what as string, wait as number);
    } catch (error) {
      throw error instanceof LockedByProcess ? error : new JournalUnwritable(this.lock(name), error);
    }
  }

  async remove(id: string): Promise<void> {
    for (const file of [this.file(id), `${this.file(id)}.head`]) await rm(file, { force: true });
  }
}
