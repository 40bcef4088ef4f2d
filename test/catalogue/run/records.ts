import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { LookReport } from './looks.ts';
import type { TrialReport } from './report.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const FOLDER = join(root, 'test-results');

/** A report as it is kept: with what was tested, where and when. */
export type Recorded<T> = T & {
  /** `+changes` when the work tree differed from it. */
  commit: string;
  machine: string;
  /** Processes that wanted a processor in the last minute of it, on average: above the number of processors it had to wait. */
  load?: number;
  /** ISO time of its end. */
  at: string;
};

interface Keyed {
  entry: string;
  seed: number;
  way?: string;
}

/** One kind of report, and what it is worth. */
export interface Shelf<T extends Keyed> {
  name: string;
  /** The trial could be held: it need not be repeated for its commit. */
  held(report: T): boolean;
  /** It need not be repeated for a later commit either. */
  lasts(report: T): boolean;
}

export const TRIALS: Shelf<TrialReport> = {
  name: 'incidents',
  held: ({ verdict }) => verdict !== 'invalid',
  lasts: ({ verdict, passed, way }) => passed || (way !== 'stratus' && verdict !== 'invalid'),
};
export const LOOKS: Shelf<LookReport> = {
  name: 'looks',
  held: ({ problem }) => problem === '',
  lasts: ({ problem }) => problem === '',
};

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();

export function commitHere(): string {
  return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '+changes' : '');
}

export interface RecordOptions {
  /** Forgets what was recorded for this commit. */
  fresh?: boolean;
  /** What passed at this commit, or between it and the present one, is not tried again. */
  since?: string;
}

/** Reports by incident, seed and way, in a file of the commit. */
export class Records<T extends Keyed> {
  readonly commit: string;
  readonly #shelf: Shelf<T>;
  readonly #file: string;
  readonly #own = new Map<string, Recorded<T>>();
  readonly #former: ReadonlyMap<string, Recorded<T>>;

  constructor(shelf: Shelf<T>, { fresh, since }: RecordOptions, folder = FOLDER, commit = commitHere()) {
    this.commit = commit;
    this.#shelf = shelf;
    this.#file = join(folder, `${shelf.name}-${commit}.json`);
    mkdirSync(folder, { recursive: true });
    if (fresh) rmSync(this.#file, { force: true });
    this.#read();
    this.#former = since ? formerOf(shelf, folder, since) : new Map();
  }

  /** What was found before; a trial that could not be held is held again. */
  of(key: Keyed): Recorded<T> | undefined {
    const own = this.#own.get(keyOf(key));
    return own && this.#shelf.held(own) ? own : this.#former.get(keyOf(key));
  }

  keep(report: T): Recorded<T> {
    const load = Math.round(loadavg()[0]! * 10) / 10;
    const recorded = { ...report, commit: this.commit, machine: machineHere(), load, at: new Date().toISOString() };
    // Another process may record for the same commit.
    this.#read();
    this.#own.set(keyOf(report), recorded);
    const next = `${this.#file}.${process.pid}.new`;
    writeFileSync(next, `${JSON.stringify(Object.fromEntries(this.#own), null, 2)}\n`);
    renameSync(next, this.#file);
    return recorded;
  }

  #read(): void {
    for (const report of readRecords<T>(this.#file)) this.#own.set(keyOf(report), report);
  }
}

/** The newest report of each trial that was held, of whatever commit and seed. */
export function newestRecords<T extends Keyed>(shelf: Shelf<T>, folder = FOLDER): Recorded<T>[] {
  const newest = new Map<string, Recorded<T>>();
  for (const file of filesOf(shelf, folder)) {
    for (const report of readRecords<T>(join(folder, file))) {
      const known = newest.get(keyOf(report));
      if (shelf.held(report) && (!known || known.at < report.at)) newest.set(keyOf(report), report);
    }
  }
  return [...newest.values()];
}

const keyOf = ({ entry, seed, way = '' }: Keyed): string => [entry, seed, way].join(' ').trim();

function filesOf({ name }: Pick<Shelf<never>, 'name'>, folder: string): string[] {
  const pattern = new RegExp(`^${name}-[0-9a-f]{12}(\\+changes)?\\.json$`);
  return readdirSync(folder).filter((file) => pattern.test(file));
}

function readRecords<T>(file: string): Recorded<T>[] {
  try {
    return Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded<T>>);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Work trees that differed from their commit prove nothing for another one. */
function formerOf<T extends Keyed>(shelf: Shelf<T>, folder: string, since: string): Map<string, Recorded<T>> {
  const oldest = git('rev-parse', '--verify', `${since}^{commit}`);
  const newestFirst = [...git('rev-list', `${oldest}..HEAD`).split('\n').filter(Boolean), oldest];
  const files = filesOf(shelf, folder);
  const found = new Map<string, Recorded<T>>();
  for (const commit of newestFirst) {
    const file = files.find((name) => name === `${shelf.name}-${commit.slice(0, 12)}.json`);
    for (const report of file ? readRecords<T>(join(folder, file)) : []) {
      const key = keyOf(report);
      if (shelf.lasts(report) && !found.has(key)) found.set(key, report);
    }
  }
  return found;
}

/** Processor, memory and system of this machine. */
export function machineHere(): string {
  const processor = cpus()[0]?.model.trim() || arch();
  return `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`;
}
