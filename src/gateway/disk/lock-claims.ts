import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../../domain/target.ts';
import { parseJson, printJson } from '../../json/lossless-json.ts';
import { openOwn, readOwn } from './trusted-files.ts';
import { isAlive, processWorld, thisProcess } from './process-identity.ts';

const FOLDER = 'lock-claims';

/**
 * A note in the state folder that this process may hold the writer lock of a cluster, so that the lock of one that died
 * is found again, also where it died before its transaction began. Only a help: whether a lock is held, and by whom, is
 * for the cluster to say.
 */
export class LockClaim {
  readonly #folder: string;
  readonly #path: string;
  readonly #target: Target;

  constructor(stateFolder: string, target: Target) {
    const { pid, started } = thisProcess();
    const cluster = createHash('sha256').update(target.fingerprint).digest('hex').slice(0, 16);
    this.#folder = join(stateFolder, FOLDER);
    this.#path = join(this.#folder, [processWorld(), pid, started || 'unknown', cluster].join('-'));
    this.#target = target;
  }

  /** To be made before the lock is asked for. Never throws: a full disk must not keep anybody from undoing. */
  async make(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const file = await openOwn(this.#path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
      await file.writeFile(printJson(this.#target)).finally(() => file.close());
    } catch {
      // The lock then expires by itself.
    }
  }

  async drop(): Promise<void> {
    // A claim that stays is found, and the lock freed, by the next process.
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

/** A claim of a process that is gone. */
export interface AbandonedClaim {
  target: Target;
  /** To be called once its lock was looked at. */
  forget(): Promise<void>;
}

/** Claims of processes that ended without dropping them; those of processes that cannot be seen from here are left out. */
export async function abandonedClaims(stateFolder: string): Promise<AbandonedClaim[]> {
  const folder = join(stateFolder, FOLDER);
  const found: AbandonedClaim[] = [];
  // No folder: nothing was ever claimed.
  for (const name of await readdir(folder).catch(() => [])) {
    const [world, pid, started = ''] = name.split('-');
    if (world !== processWorld() || isAlive({ pid: Number(pid), started: started === 'unknown' ? '' : started }))
      continue;
    const path = join(folder, name);
    const forget = () => rm(path, { force: true });
    const target = await readOwn(path).then(
      (bytes) => targetIn(bytes.toString('utf8')),
      () => null,
    );
    if (target) found.push({ target, forget });
    // Cut off by the end of its process, before that could take the lock.
    else await forget();
  }
  return found;
}

function targetIn(text: string): Target | null {
  try {
    const { context, server, fingerprint, namespace } = parseJson(text) as Partial<Target>;
    return context && server && fingerprint && namespace ? { context, server, fingerprint, namespace } : null;
  } catch {
    // Written half by a process that died: its lock runs out by itself.
    return null;
  }
}
