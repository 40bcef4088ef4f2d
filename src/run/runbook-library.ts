import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KnownAction } from '../domain/action.ts';
import { messageOf } from '../domain/cluster-error.ts';
import { StratusError } from '../domain/stratus-error.ts';
import type { AllowedActions } from '../gateway/action/action-performer.ts';
import { namesIn, openOwn, ownFolder, readOwn } from '../gateway/disk/trusted-files.ts';
import type { RunbookProblem } from '../runbook/read-runbook.ts';
import { readRunbook } from '../runbook/read-runbook.ts';
import type { RunbookAction } from '../runbook/runbook-action.ts';
import { didYouMean } from '../text/edit-distance.ts';

/** A file that declares an action, or should. */
export interface RunbookFile {
  path: string;
  text: string;
  /** SHA-256 of its bytes. */
  digest: string;
  /** Null when it cannot be read as one. */
  action: RunbookAction | null;
  problems: RunbookProblem[];
  allowed: boolean;
}

export interface LibraryOptions {
  stateFolder: string;
  /** Actions that come with Stratus; null where there are none. */
  packFolder: string | null;
  /** Digests that the user's settings allow. */
  allowed: readonly string[];
}

const ALLOWED_NAME = /^([0-9a-f]{64})\.yaml$/;

/**
 * The declared actions that can be had here. An action is allowed when its very bytes are: a copy lies in the user's state
 * folder, where no workspace and no agent writes, or the settings name the digest of one that comes with Stratus.
 */
export class RunbookLibrary implements AllowedActions {
  readonly #options: LibraryOptions;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** Allowed ones first; one entry for each name. Files that declare no action are left out. */
  async known(): Promise<KnownAction[]> {
    const entries = new Map<string, KnownAction>();
    for (const { action, digest, allowed } of await this.files())
      if (action && !entries.has(action.name))
        entries.set(action.name, { name: action.name, digest, title: action.title, allowed });
    return [...entries.values()];
  }

  async find(digest: string): Promise<RunbookAction | null> {
    const files = await this.files();
    return files.find((file) => file.allowed && file.digest === digest)?.action ?? null;
  }

  /** Every file, allowed ones first. */
  async files(): Promise<RunbookFile[]> {
    const own = await this.#ownFiles();
    const packs = await this.#packs();
    return [...own, ...packs.filter(({ digest }) => !own.some((file) => file.digest === digest))].sort(
      (a, b) => Number(b.allowed) - Number(a.allowed),
    );
  }

  /** @param what name of a known action, or path of a file @throws StratusError */
  async read(what: string, folder: string): Promise<RunbookFile> {
    const files = await this.files();
    const named = files.find(({ action }) => action?.name === what);
    if (named) return named;
    if (!/[/\\.]/.test(what)) {
      const names = files.flatMap(({ action }) => action?.name ?? []);
      throw new StratusError(
        'usage',
        `there is no action '${what}'${didYouMean(what, names) || '; give its file instead'}`,
      );
    }
    const path = resolve(folder, what);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new StratusError('usage', `${what} cannot be read: ${messageOf(error)}`);
    });
    const digest = digestOf(bytes);
    return fileOf(
      path,
      bytes,
      files.some((file) => file.allowed && file.digest === digest),
    );
  }

  /** Keeps a copy of exactly these bytes; another version of the same name is forbidden by it. @throws StratusError */
  async allow({ action, text, digest }: RunbookFile): Promise<void> {
    if (!action) throw new StratusError('usage', 'a file with problems cannot be allowed');
    const folder = this.#folder;
    await ownFolder(folder, 'move it away');
    const path = join(folder, `${digest}.yaml`);
    const draft = join(folder, `.draft-${process.pid}`);
    const file = await openOwn(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    for (const other of await this.#ownFiles())
      if (other.action?.name === action.name && other.digest !== digest) await rm(other.path, { force: true });
  }

  /** @returns whether it was allowed; what settings allow stays allowed */
  async forbid(name: string): Promise<boolean> {
    const named = (await this.#ownFiles()).filter(({ action }) => action?.name === name);
    for (const { path } of named) await rm(path, { force: true });
    return named.length > 0;
  }

  get #folder(): string {
    return join(this.#options.stateFolder, 'runbooks');
  }

  /** What lies under another digest than its own is not what was allowed. */
  async #ownFiles(): Promise<RunbookFile[]> {
    const names = await namesIn(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return [];
    });
    const files: RunbookFile[] = [];
    for (const name of names.sort()) {
      const digest = ALLOWED_NAME.exec(name)?.[1];
      if (digest === undefined) continue;
      const path = join(this.#folder, name);
      const bytes = await readOwn(path);
      files.push(fileOf(path, bytes, digestOf(bytes) === digest));
    }
    return files;
  }

  async #packs(): Promise<RunbookFile[]> {
    const { packFolder, allowed } = this.#options;
    if (packFolder === null) return [];
    // Nothing came with this build.
    const names = await readdir(packFolder).catch(() => []);
    const files: RunbookFile[] = [];
    for (const name of names.filter((one) => one.endsWith('.yaml')).sort()) {
      const path = join(packFolder, name);
      const bytes = await readFile(path);
      files.push(fileOf(path, bytes, allowed.includes(digestOf(bytes))));
    }
    return files;
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function fileOf(path: string, bytes: Buffer, allowed: boolean): RunbookFile {
  const text = bytes.toString('utf8');
  const { action, problems } = readRunbook(text);
  return { path, text, digest: digestOf(bytes), action, problems, allowed: allowed && action !== null };
}
