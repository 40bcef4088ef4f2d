import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId, startTimeOf } from './processes.ts';
import { TestbedError } from './testbed-error.ts';

export interface LockOptions {
  readonly timeoutMs: number;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Runs `work` while holding the lock folder `path`, so that two launchers do not build or clean the same thing.
 * A lock whose owner is dead (killed launcher, reboot) is taken over. Throws a TestbedError after `timeoutMs`.
 */
export async function withFolderLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await acquire(path, options);
  const release = () => remove(path, (owner) => owner.startsWith(`${process.pid} `));
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

async function acquire(path: string, options: LockOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    if (claim(path)) return;
    const owner = readOwner(path);
    if (owner === undefined || !ownerAlive(owner)) {
      remove(path, (found) => owner === undefined || found === owner);
      continue;
    }
    if (!told) options.onWait?.();
    told = true;
    if (performance.now() > deadline) {
      throw new TestbedError(`process ${owner.split(' ')[0]} holds ${path} for too long; end it and try again`);
    }
    await sleep(200);
  }
}

/**
 * In one move: whoever waits may take the place of a folder that has just lost its owner file. Another taker may have been
 * faster; then this is its live lock, which goes back.
 */
function remove(path: string, isMeant: (owner: string) => boolean): void {
  const grave = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, grave);
    const owner = readOwner(grave);
    if (owner !== undefined && !isMeant(owner)) renameSync(grave, path);
  } catch {
    // Somebody else took it.
  }
  rmSync(grave, { recursive: true, force: true });
}

/** A folder that already contains its owner file is moved into place, so that a lock never exists without owner. */
function claim(path: string): boolean {
  const staging = `${path}.${process.pid}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, 'owner'), `${process.pid} ${startTimeOf(process.pid)} ${bootId()}`);
  try {
    renameSync(staging, path);
    return true;
  } catch {
    rmSync(staging, { recursive: true, force: true });
    return false;
  }
}

function readOwner(path: string): string | undefined {
  try {
    return readFileSync(join(path, 'owner'), 'utf8');
  } catch {
    return undefined;
  }
}

function ownerAlive(owner: string): boolean {
  const [pid, startTime, boot] = owner.split(' ');
  return boot === bootId() && startTimeOf(Number(pid)) === startTime;
}
