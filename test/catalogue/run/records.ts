import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { TrialReport } from './trial.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const FILE = /^incidents-([0-9a-f]{12})(\+changes)?\.json$/;

/** A report as it is kept: with what was tested, where and when. */
export interface RecordedReport extends TrialReport {
  /** `+changes` when the work tree differed from it. */
  commit: string;
  machine: string;
  /** ISO time of its end. */
  at: string;
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();

export function commitHere(): string {
  return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '+changes' : '');
}

/** Reports by incident and seed, in a file of the commit. */
export class Records {
  readonly commit: string;
  readonly #folder: string;
  readonly #own = new Map<string, RecordedReport>();
  readonly #former: ReadonlyMap<string, RecordedReport>;

  /**
   * @param fresh forgets what was recorded for this commit
   * @param since what passed at this commit, or between it and the present one, is not tried again
   */
  constructor(
    { fresh = false, since }: { fresh?: boolean; since?: string },
    folder = join(root, 'test-results'),
    commit = commitHere(),
  ) {
    this.commit = commit;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    if (fresh) rmSync(this.#file, { force: true });
    this.#read();
    this.#former = since ? passedBetween(folder, since) : new Map();
  }

  /** What was found before; a trial that could not be held is held again. */
  of(entry: string, seed: number): RecordedReport | undefined {
    const key = keyOf({ entry, seed });
    const own = this.#own.get(key);
    return own && own.verdict !== 'invalid' ? own : this.#former.get(key);
  }

  keep(report: TrialReport): RecordedReport {
    const recorded = { ...report, commit: this.commit, machine: machine(), at: new Date().toISOString() };
    // Another process may record for the same commit.
    this.#read();
    this.#own.set(keyOf(report), recorded);
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(Object.fromEntries(this.#own), null, 2)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
    return recorded;
  }

  #read(): void {
    for (const report of readRecords(this.#file)) this.#own.set(keyOf(report), report);
  }

  get #file(): string {
    return join(this.#folder, `incidents-${this.commit}.json`);
  }
}

const keyOf = ({ entry, seed }: Pick<TrialReport, 'entry' | 'seed'>): string => `${entry} ${seed}`;

export function readRecords(file: string): RecordedReport[] {
  try {
    return Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, RecordedReport>);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The newest of each that passed; work trees that differed from their commit prove nothing for another one. */
function passedBetween(folder: string, since: string): Map<string, RecordedReport> {
  const oldest = git('rev-parse', '--verify', `${since}^{commit}`);
  const newestFirst = [...git('rev-list', `${oldest}..HEAD`).split('\n').filter(Boolean), oldest];
  const files = readdirSync(folder).filter((name) => FILE.test(name) && !name.includes('+changes'));
  const found = new Map<string, RecordedReport>();
  for (const commit of newestFirst) {
    const file = files.find((name) => commit.startsWith(FILE.exec(name)![1]!));
    for (const report of file ? readRecords(join(folder, file)) : []) {
      const key = keyOf(report);
      if (report.passed && !found.has(key)) found.set(key, report);
    }
  }
  return found;
}

function machine(): string {
  const processor = cpus()[0]?.model.trim() || arch();
  return `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`;
}
