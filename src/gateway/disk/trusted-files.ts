import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { quoteArgv } from '../../text/shell-quote.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/**
 * A file or folder of the state folder that somebody else may have put there or may change. The message names the path,
 * what is wrong and what mends it.
 */
export class UntrustedPath extends StratusError {
  readonly path: string;
  constructor(path: string, what: string, remedy: string) {
    super('untrusted-path', `${path} ${what}: ${remedy}`);
    this.name = 'UntrustedPath';
    this.path = path;
  }
}

const OTHERS_WRITE = 0o022;
const OTHERS = 0o077;
/** A file with a second name of its own for a moment, as files have that are made under another name and then linked. */
const LINK_TRIES = 5;
const LINK_PAUSE_MS = 10;

/** Windows knows neither user ids nor these modes; what protects a profile's folder there are its access lists. */
const CHECKED = process.platform !== 'win32' && process.getuid !== undefined;
/** 0 where the platform has no such flag. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A pipe in the place of a file must not keep anybody waiting for its other end. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/**
 * Makes a folder for this user alone, or looks at the one that is there: a real one, ours, that nobody else may write.
 * One that others may only read is closed to them. @returns what it is now
 * @throws UntrustedPath, and what mkdir throws
 */
export async function ownFolder(path: string, elsewhere: string): Promise<Stats> {
  await makeFolder(path).catch(async (error: NodeJS.ErrnoException) => {
    // A link that leads nowhere, or a file: named below.
    if (error.code !== 'EEXIST' && !(await lstat(path).catch(() => null))) throw error;
  });
  const found = await lstat(path);
  if (!CHECKED) return found;
  if (found.isSymbolicLink()) throw new UntrustedPath(path, 'is a symbolic link', elsewhere);
  if (!found.isDirectory()) throw new UntrustedPath(path, 'is not a folder', `move it away: ${mv(path)}`);
  mustBeOurs(path, found, elsewhere);
  mustBeClosed(path, found, '700');
  if ((found.mode & OTHERS) === 0) return found;
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | NO_FOLLOW);
  try {
    await closeToOthers(path, folder, 0o700);
    return found;
  } finally {
    await folder.close();
  }
}

/** Node's own recursive mkdir never ends where a file system takes no folders and says that a parent is missing (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path || (await isThere(above))) throw error;
    await makeFolder(above);
    await mkdir(path, { mode: 0o700 });
  }
}

async function isThere(path: string): Promise<boolean> {
  // What cannot be looked at is left to the mkdir below it, which says why.
  return (await lstat(path).catch(() => null)) !== null;
}

/** Whether this is still the folder or file that it was. Where the platform does not tell, it is. */
export async function isStill(path: string, { ino, dev }: Pick<Stats, 'ino' | 'dev'>): Promise<boolean> {
  if (!CHECKED) return true;
  // Gone is not the same one.
  const found = await lstat(path).catch(() => null);
  return found?.ino === ino && found.dev === dev;
}

/** Why what is at `path` is not the file of that identity, of one name and that length; null when it is. */
export async function whyNotStill(
  path: string,
  { ino, dev }: Pick<Stats, 'ino' | 'dev'>,
  size: number,
): Promise<string | null> {
  if (!CHECKED) return null;
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) return found.code === 'ENOENT' ? 'was removed' : `is not to be seen (${found.code})`;
  if (found.ino !== ino || found.dev !== dev) return 'was replaced by another file';
  if (found.size !== size) return `was altered (it has ${found.size} bytes instead of ${size})`;
  return found.nlink > 1 ? 'got a second name (a hard link)' : null;
}

/** Names in a folder. @throws UntrustedPath when one of them is a symbolic link */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const link = CHECKED ? entries.find((entry) => entry.isSymbolicLink()) : undefined;
  if (link) throw symbolicLink(join(folder, link.name));
  return entries.map(({ name }) => name);
}

/**
 * Opens a file that only this user may have written: never through a link, with one name only.
 * @param flags of `open`; a file that is made is for its owner only
 * @throws UntrustedPath, and what open throws
 */
export async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const unharmed = (flags & ~constants.O_TRUNC) | NO_FOLLOW | NO_WAIT;
  const file = await open(path, unharmed, 0o600).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' || error.code === 'EMLINK' ? symbolicLink(path) : error;
  });
  try {
    await mustBeOwnFile(path, file);
    // Only now: it could have been a file from elsewhere.
    if (flags & constants.O_TRUNC) await file.truncate();
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** @throws UntrustedPath, and what open throws */
export async function readOwn(path: string): Promise<Buffer> {
  const file = await openOwn(path, constants.O_RDONLY);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function mustBeOwnFile(path: string, file: FileHandle): Promise<void> {
  if (!CHECKED) return;
  let found = await file.stat();
  if (!found.isFile()) throw new UntrustedPath(path, 'is not a file', `move it away: ${mv(path)}`);
  mustBeOurs(path, found, `move it away (${mv(path)}) and put your own in its place`);
  mustBeClosed(path, found, '600');
  for (let tries = 0; found.nlink > 1 && !(await isLinkedHereOnly(path, found)); found = await file.stat()) {
    if (++tries >= LINK_TRIES) {
      const remedy = `make it one file again: ${quoteArgv(['cp', '-p', path, `${path}.own`])} && ${quoteArgv(['mv', `${path}.own`, path])}`;
      throw new UntrustedPath(path, 'has a second name elsewhere (a hard link)', remedy);
    }
    await new Promise((resolve) => setTimeout(resolve, LINK_PAUSE_MS));
  }
  if ((found.mode & OTHERS) !== 0) await closeToOthers(path, file, 0o600);
}

/** To be read by its owner only from now on. */
async function closeToOthers(path: string, file: FileHandle, mode: number): Promise<void> {
  await file.chmod(mode).catch(() => {
    const remedy = `close it: ${quoteArgv(['chmod', mode.toString(8), path])}`;
    throw new UntrustedPath(path, 'can be read by others', remedy);
  });
}

/** Its other names are drafts of its own, beside it: a process that died between making and linking it leaves one. */
async function isLinkedHereOnly(path: string, { ino, dev, nlink }: Stats): Promise<boolean> {
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`));
  // A draft that is gone counts no link.
  const stats = await Promise.all(drafts.map((name) => lstat(join(folder, name)).catch(() => null)));
  return 1 + stats.filter((one) => one?.ino === ino && one.dev === dev).length >= nlink;
}

function mustBeOurs(path: string, { uid }: Stats, remedy: string): void {
  const me = process.getuid!();
  if (uid !== me) throw new UntrustedPath(path, `belongs to user ${uid}, not to you (user ${me})`, remedy);
}

function mustBeClosed(path: string, { mode }: Stats, wanted: string): void {
  if ((mode & OTHERS_WRITE) === 0) return;
  const found = (mode & 0o777).toString(8);
  const remedy = `see that nothing strange is in it, then: ${quoteArgv(['chmod', wanted, path])}`;
  throw new UntrustedPath(path, `can be written by others (mode ${found})`, remedy);
}

function symbolicLink(path: string): UntrustedPath {
  return new UntrustedPath(
    path,
    'is a symbolic link',
    `remove it (${quoteArgv(['rm', path])}) and put the file itself there`,
  );
}

function mv(path: string): string {
  return quoteArgv(['mv', path, `${path}.away`]);
}
