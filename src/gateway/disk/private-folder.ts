import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, processWorld, thisProcess } from './process-identity.ts';

const PREFIX = 'stratus-kubectl-';

/** A new folder for temporary files that only this user may read. Its name tells which process it belongs to. */
export function makePrivateFolder(): Promise<string> {
  const { pid, started } = thisProcess();
  return mkdtemp(join(tmpdir(), `${PREFIX}${processWorld()}-${pid}-${started}-`));
}

/** Removes the private folders that this user's dead processes left behind. Those of processes that it cannot see stay. */
export async function removeLeftovers(): Promise<void> {
  const world = processWorld();
  // Tidying up must not stop anybody's work.
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const [owner, pid, started = ''] = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-') : [];
    if (owner !== world || !pid || !/^\d+$/.test(pid) || isAlive({ pid: Number(pid), started })) continue;
    const path = join(tmpdir(), name);
    // Another process tidies up, too.
    const found = await lstat(path).catch(() => null);
    // Names in a shared folder prove nothing: only what this user made is followed into.
    if (found?.isDirectory() && (!process.getuid || found.uid === process.getuid())) {
      // Another process tidies up, too.
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
