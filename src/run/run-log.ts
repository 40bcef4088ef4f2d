import { appendFileSync, closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../domain/run-event.ts';
import { ProcessLock } from '../gateway/disk/process-lock.ts';
import { NO_FOLLOW, ownFolder } from '../gateway/disk/trusted-files.ts';

const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | NO_FOLLOW;

/**
 * Event log of one run on disk, one JSON object a line, in `runs/` of the state folder. Appended synchronously so that
 * the order on disk is the order in which the reducer saw the events. It holds no Secret values: they are hidden in what
 * the gateway lets a run read, and in events before they come here. The transaction journal, not this log, is what undo
 * relies on. While it is open a lock file beside it tells others that the run goes on.
 */
export class RunLog {
  readonly path: string;
  readonly #lock: ProcessLock | null;

  private constructor(path: string, lock: ProcessLock | null) {
    this.path = path;
    this.#lock = lock;
  }

  /** @param run becomes part of the file name. @throws UntrustedPath, and what mkdir throws */
  static async open(stateFolder: string, run: string): Promise<RunLog> {
    const folder = join(stateFolder, 'runs');
    await ownFolder(folder, 'move it away');
    // Without it others take the run for one that was interrupted; the journal, not this, keeps them from its changes.
    const lock = await ProcessLock.acquire(lockOf(folder, run), `run ${run}`, 0).catch(() => null);
    return new RunLog(join(folder, `${run}.jsonl`), lock);
  }

  /** Whether a live process has the log of this run open. */
  static async isOpen(stateFolder: string, run: string): Promise<boolean> {
    return (await ProcessLock.heldBy(lockOf(join(stateFolder, 'runs'), run))) !== null;
  }

  /** The run has ended, or its process is about to. */
  async close(): Promise<void> {
    await this.#lock?.release();
  }

  /** Never throws: a disk that is full must not stop a run that may have something to undo. */
  append(event: RunEvent): void {
    try {
      const file = openSync(this.path, APPEND, 0o600);
      try {
        appendFileSync(file, `${JSON.stringify(event)}\n`);
      } finally {
        closeSync(file);
      }
    } catch {
      // The journal, without which nothing is written to the cluster, names the disk's trouble.
    }
  }
}

function lockOf(folder: string, run: string): string {
  return join(folder, `${run}.lock`);
}
