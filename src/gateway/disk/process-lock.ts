import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { parseJson, printJson } from '../../json/lossless-json.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { isAlive, thisProcess } from './process-identity.ts';
import { StratusError } from '../../domain/stratus-error.ts';

interface Holder extends ProcessIdentity {
  token: string;
}

export class LockedByProcess extends StratusError {
  readonly pid: number;
  constructor(pid: number, what: string) {
    super('in-use', `${what} is in use by process ${pid}`);
    this.name = 'LockedByProcess';
    this.pid = pid;
  }
}

/** A lock file between processes of one machine. A lock whose process is gone is taken over. */
export class ProcessLock {
  readonly #path: string;
  readonly #holder: Holder;

  private constructor(path: string, holder: Holder) {
    this.#path = path;
    this.#holder = holder;
  }

  /** Tries until `deadlineMs` has passed. @throws LockedByProcess */
  static async acquire(path: string, what: string, deadlineMs: number): Promise<ProcessLock> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const token = randomBytes(8).toString('hex');
    const holder = { ...thisProcess(), token };
    const draft = `${path}.${process.pid}.${token}`;
    try {
      await writeFile(draft, printJson(holder), { mode: 0o600 });
      const end = performance.now() + deadlineMs;
      for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
        // link() is atomic and fails when the name exists: nobody ever sees a half-written lock.
        const made = await link(draft, path).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'EEXIST') return false;
            throw error;
          },
        );
        if (made) return new ProcessLock(path, holder);
        const current = await readHolder(path);
        if (current && !isAlive(current)) {
          await removeIfStill(path, current);
          continue;
        }
        if (performance.now() > end) throw new LockedByProcess(current?.pid ?? 0, what);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } finally {
      await rm(draft, { force: true });
    }
  }

  async release(): Promise<void> {
    await removeIfStill(this.#path, this.#holder);
  }

  /** Process id of a live holder, or null. */
  static async heldBy(path: string): Promise<number | null> {
    const current = await readHolder(path);
    return current && isAlive(current) ? current.pid : null;
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return parseJson(await readFile(path, 'utf8')) as unknown as Holder | null;
  } catch {
    // Gone, or half written: the caller decides by the lock itself.
    return null;
  }
}

async function removeIfStill(path: string, holder: Holder): Promise<void> {
  const current = await readHolder(path);
  if (current?.token === holder.token) await rm(path, { force: true });
}
