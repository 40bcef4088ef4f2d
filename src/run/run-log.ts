import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../domain/run-event.ts';

/**
 * Event log of one run on disk, one JSON object a line, in `runs/` of the state folder. Appended synchronously so that
 * the order on disk is the order in which the reducer saw the events. It holds no Secret values: they are hidden in what
 * the gateway lets a run read, and in events before they come here. The transaction journal, not this log, is what undo
 * relies on.
 */
export class RunLog {
  readonly path: string;

  /** @param run becomes part of the file name */
  constructor(stateFolder: string, run: string) {
    const folder = join(stateFolder, 'runs');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.path = join(folder, `${run}.jsonl`);
  }

  /** Never throws: a disk that is full must not stop a run that may have something to undo. */
  append(event: RunEvent): void {
    try {
      appendFileSync(this.path, `${JSON.stringify(event)}\n`, { mode: 0o600 });
    } catch {
      // The journal, without which nothing is written to the cluster, names the disk's trouble.
    }
  }
}
