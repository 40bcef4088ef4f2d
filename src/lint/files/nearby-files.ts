import { existsSync, globSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { NearbyFile, ReadNearby } from '../applied-files.ts';
import { CONFIG_NAME } from './config-file.ts';
import { decodeText } from './lint-files.ts';
import { localResources } from '../manifest/kustomization.ts';

/** Larger manifests are not opened from a script. */
const MAX_BYTES = 256 * 1024;
/** Of a folder or a kustomization so many files are read. */
const MAX_FILES = 50;
const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** A folder and those above it, up to the top. */
function* upwards(folder: string): Generator<string> {
  for (let at = folder; ; at = dirname(at)) {
    yield at;
    if (dirname(at) === at) return;
  }
}

/**
 * The nearest `.stratus.yaml` at or above a folder.
 * @param visit called with each folder before it is looked into
 */
export function nearestConfig(folder: string, visit?: (folder: string) => void): string | undefined {
  for (const at of upwards(folder)) {
    visit?.(at);
    const path = join(at, CONFIG_NAME);
    if (existsSync(path)) return path;
  }
  return undefined;
}

const ROOT_MARKS = ['.git', '.hg', CONFIG_NAME];

/** Without a mark of a project, scripts stand at most so many folders below it. */
const UNMARKED_LEVELS = 2;

/** The folder that a file's project stands in: the nearest one at or above it with a mark of one, else one not far above. */
export function projectRoot(folder: string): string {
  for (const at of upwards(folder)) if (ROOT_MARKS.some((name) => existsSync(join(at, name)))) return at;
  let root = folder;
  for (let level = 0; level < UNMARKED_LEVELS && dirname(dirname(root)) !== dirname(root); level++)
    root = dirname(root);
  return root;
}

/** The folders from one down to another below it, both included, at most five. */
function between(root: string, folder: string): string[] {
  const folders: string[] = [];
  for (let at = folder; at !== root && isWithin(root, at) && folders.length < 4; at = dirname(at)) folders.push(at);
  return [root, ...folders];
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/**
 * Opens the manifests that a script names: looked up from `root`, where scripts are usually started, then from the
 * script's own folder, in both first below the folder that the script changes to. Folders are read as kubectl does,
 * kustomizations with what they name. Only small regular text files whose real place is within `root`.
 */
export function nearbyFiles(root: string, scriptFolder: string): ReadNearby {
  return ({ path, recursive, kustomization, folder }) => {
    // Where scripts are started is not known: at the top, beside them, or somewhere between.
    const bases = [...new Set([root, scriptFolder, ...between(root, scriptFolder)])];
    const places = [...(folder === undefined ? [] : bases.map((base) => join(base, folder))), ...bases];
    for (const base of places) {
      const found = new Reader(root, base).read(path, { recursive, kustomization });
      if (found.length > 0) return found;
    }
    return [];
  };
}

class Reader {
  readonly #root: string;
  readonly #base: string;
  readonly #seen = new Set<string>();
  readonly #files: NearbyFile[] = [];

  constructor(root: string, base: string) {
    this.#root = root;
    this.#base = base;
  }

  read(path: string, { recursive, kustomization }: { recursive: boolean; kustomization: boolean }): NearbyFile[] {
    const names = /[*?[]/.test(path) ? this.#matches(path) : [path];
    for (const name of names) {
      if (kustomization) this.#kustomization(resolve(this.#base, name));
      else this.#add(resolve(this.#base, name), name, recursive ? Infinity : 1);
    }
    return this.#files;
  }

  #matches(pattern: string): string[] {
    try {
      return globSync(pattern, { cwd: this.#base }).sort().slice(0, MAX_FILES);
    } catch {
      // No folder to look into.
      return [];
    }
  }

  /** A file, or those of a folder down to `depth`. */
  #add(absolute: string, shown: string, depth: number): void {
    try {
      const real = realpathSync(absolute);
      if (this.#files.length >= MAX_FILES || this.#seen.has(real) || !isWithin(realpathSync(this.#root), real)) return;
      this.#seen.add(real);
      const stat = statSync(real);
      if (stat.isDirectory()) {
        if (depth <= 0) return;
        for (const name of readdirSync(real).sort()) {
          const inner = join(absolute, name);
          if (/\.(ya?ml|json)$/i.test(name) || (depth > 1 && isFolder(inner)))
            this.#add(inner, join(shown, name), depth - 1);
        }
        return;
      }
      const text = stat.isFile() && stat.size <= MAX_BYTES ? decodeText(readFileSync(real)) : undefined;
      if (text !== undefined) this.#files.push({ path: shown.split(sep).join('/'), text });
    } catch {
      // Not there, or not readable: scripts also write the files they apply.
    }
  }

  /** What a kustomization in a folder names, and what those it names name. */
  #kustomization(folder: string): void {
    const file = KUSTOMIZATIONS.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined || this.#seen.has(file) || this.#seen.size > MAX_FILES || !isWithin(this.#root, file))
      return;
    this.#seen.add(file);
    for (const name of localResources(readText(file) ?? '')) {
      const path = resolve(folder, name);
      if (isFolder(path)) this.#kustomization(path);
      else this.#add(path, relative(this.#base, path), 0);
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return decodeText(readFileSync(path));
  } catch {
    // Named but not there: kustomize would say so.
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
