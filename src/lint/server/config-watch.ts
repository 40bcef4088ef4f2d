import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { CONFIG_NAME } from '../files/config-file.ts';

/** A file is often written in several steps. */
const SETTLE_MS = 100;

/**
 * Tells when a `.stratus.yaml` appears, changes or goes in folders that the client does not watch. A folder that cannot
 * be watched is left out: its file is read again when something else changes.
 */
export class ConfigWatch {
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whatever happens to the folder's file after this returned is told. */
  add(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || name === CONFIG_NAME) this.#soon();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // Not readable, or the system has no watches left.
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, SETTLE_MS);
    this.#timer.unref();
  }
}
