import { appendFileSync, closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../domain/run-event.ts';
import { NO_FOLLOW, ownFolder } from '../gateway/disk/trusted-files.ts';

const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | NO_FOLLOW;

/**
 * Event log of one run on disk, one JSON object a line, in `runs/` of the state folder. Appended synchronously so that
 * the order on disk is the order in which the reducer saw the events. It holds no Secret values: they are hidden in what
 * the gateway lets a run read, and in events before they come here. The transaction journal, not this log, is what undo
 * relies on.
 */
export class RunLog {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param run becomes part of the file name. @throws UntrustedPath, and what mkdir throws */
  static async open(stateFolder: string, run: string): Promise<RunLog> {
    const folder = join(stateFolder, 'runs');
    await ownFolder(folder, 'move it away');
    return new RunLog(join(folder, `${run}.jsonl`));
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
