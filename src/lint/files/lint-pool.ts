import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FileChecker } from './check-file.ts';
import type { FileReport } from './check-file.ts';
import type { ConfigFileProblem } from './config-files.ts';
import type { FoundFile } from './lint-files.ts';

/** What a worker is told once, and what it then answers for each batch. */
export interface WorkerSettings {
  stratusLint: { config?: string | undefined; fix: boolean };
}
export type WorkerAnswer = { reports: FileReport[] } | { problems: ConfigFileProblem[] };

/** Fewer files are checked here: a worker takes longer to start than they take. */
const WORTH_A_WORKER = 300;
const BATCH = 40;
/** What a worker may throw away at once: more is only memory. */
const YOUNG_MB = 16;
/** Batches that a worker has before it, so that it never waits. */
const AHEAD = 2;

/**
 * Checks files, many of them by workers, and hands on their reports in the order of the files.
 * @param script the program that a worker runs; it calls {@link serveLintPool} when it finds itself in one
 * @returns what is wrong in the settings that were used
 */
export async function checkFiles(
  files: Generator<FoundFile>,
  settings: WorkerSettings['stratusLint'],
  script: URL | undefined,
  onReport: (report: FileReport) => void,
): Promise<ConfigFileProblem[]> {
  const first: FoundFile[] = [];
  for (let next = files.next(); !next.done; next = files.next()) {
    first.push(next.value);
    if (first.length >= WORTH_A_WORKER) break;
  }
  const all = oneAfterAnother(first, files);
  const workers = Math.min(4, availableParallelism()) - 1;
  const checker = new FileChecker(settings);
  if (first.length >= WORTH_A_WORKER && workers > 0 && script) {
    const workerData: WorkerSettings = { stratusLint: settings };
    const options = { workerData, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } };
    const started = Array.from({ length: workers }, () => new Worker(script, options));
    return new Pool(all, started, checker, onReport).run();
  }
  for (const file of all) onReport(checker.check(file));
  return checker.problems();
}

function* oneAfterAnother<T>(...lists: Iterable<T>[]): Generator<T> {
  for (const list of lists) yield* list;
}

class Pool {
  readonly #files: Iterator<FoundFile>;
  readonly #workers: readonly Worker[];
  readonly #checker: FileChecker;
  readonly #onReport: (report: FileReport) => void;
  readonly #done = new Map<number, FileReport[]>();
  readonly #problems = new Map<string, ConfigFileProblem>();
  #handedOut = 0;
  #told = 0;

  constructor(
    files: Iterator<FoundFile>,
    workers: readonly Worker[],
    checker: FileChecker,
    onReport: (report: FileReport) => void,
  ) {
    this.#files = files;
    this.#workers = workers;
    this.#checker = checker;
    this.#onReport = onReport;
  }

  async run(): Promise<ConfigFileProblem[]> {
    try {
      await Promise.all([...this.#workers.map((worker) => this.#feed(worker)), this.#work()]);
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
    for (const problem of this.#checker.problems()) this.#note(problem);
    return [...this.#problems.values()];
  }

  #batch(): { index: number; files: FoundFile[] } | undefined {
    const files: FoundFile[] = [];
    while (files.length < BATCH) {
      const next = this.#files.next();
      if (next.done) break;
      files.push(next.value);
    }
    return files.length === 0 ? undefined : { index: this.#handedOut++, files };
  }

  /** Keeps a worker busy until there is nothing left. */
  #feed(worker: Worker): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: number[] = [];
      const send = (): void => {
        while (waiting.length < AHEAD) {
          const batch = this.#batch();
          if (!batch) break;
          waiting.push(batch.index);
          worker.postMessage(batch.files);
        }
        if (waiting.length === 0) worker.postMessage(null);
      };
      worker.on('message', (answer: WorkerAnswer) => {
        if ('problems' in answer) {
          for (const problem of answer.problems) this.#note(problem);
          return resolve();
        }
        this.#tell(waiting.shift() ?? 0, answer.reports);
        send();
      });
      worker.on('error', reject);
      send();
    });
  }

  /** This thread works, too; between batches it hears the others. */
  async #work(): Promise<void> {
    for (let batch = this.#batch(); batch; batch = this.#batch()) {
      this.#tell(
        batch.index,
        batch.files.map((file) => this.#checker.check(file)),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #tell(index: number, reports: FileReport[]): void {
    this.#done.set(index, reports);
    for (let next = this.#done.get(this.#told); next; next = this.#done.get(this.#told)) {
      this.#done.delete(this.#told++);
      for (const report of next) this.#onReport(report);
    }
  }

  #note(problem: ConfigFileProblem): void {
    this.#problems.set(`${problem.path}:${problem.line}:${problem.message}`, problem);
  }
}
