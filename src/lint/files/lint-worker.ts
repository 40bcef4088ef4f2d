import { parentPort, workerData } from 'node:worker_threads';
import { FileChecker } from './check-file.ts';
import type { WorkerAnswer, WorkerSettings } from './lint-pool.ts';
import type { FoundFile } from './lint-files.ts';

/** Checks what the pool sends until it sends nothing more; false outside a worker of the pool. */
export function serveLintPool(): boolean {
  const settings = (workerData as Partial<WorkerSettings> | null)?.stratusLint;
  if (!parentPort || !settings) return false;
  const port = parentPort;
  const checker = new FileChecker(settings);
  const answer = (message: WorkerAnswer): void => port.postMessage(message);
  port.on('message', (files: FoundFile[] | null) => {
    if (files === null) answer({ problems: checker.problems() });
    else answer({ reports: files.map((file) => checker.check(file)) });
  });
  return true;
}
