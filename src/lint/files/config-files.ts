import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import type { LintConfig } from '../config.ts';
import { placeFinder } from '../positions.ts';
import { CONFIG_NAME, readConfigFile } from './config-file.ts';
import { reason } from './lint-files.ts';

/** One thing wrong in a settings file; `line` is one-based, `broken`: nothing of the file is in force. */
export interface ConfigFileProblem {
  path: string;
  line: number;
  message: string;
  broken: boolean;
}

/** The settings of folders, each file read once. */
export class ConfigFiles {
  readonly #only: string | undefined;
  readonly #byFolder = new Map<string, LintConfig>();
  readonly #byPath = new Map<string, LintConfig>();
  readonly #problems: ConfigFileProblem[] = [];

  /** @param only the one file to use, whatever stands near a folder */
  constructor(only?: string) {
    this.#only = only;
    if (only !== undefined) this.#read(only);
  }

  nearest(folder: string): LintConfig {
    const known = this.#byFolder.get(folder);
    if (known) return known;
    const own = join(folder, CONFIG_NAME);
    let config = DEFAULT_CONFIG;
    if (this.#only !== undefined) config = this.#read(this.#only);
    else if (existsSync(own)) config = this.#read(own);
    else if (dirname(folder) !== folder) config = this.nearest(dirname(folder));
    this.#byFolder.set(folder, config);
    return config;
  }

  problems(): ConfigFileProblem[] {
    return [...this.#problems];
  }

  #read(path: string): LintConfig {
    const known = this.#byPath.get(path);
    if (known) return known;
    let config = DEFAULT_CONFIG;
    try {
      const text = readFileSync(path, 'utf8');
      const file = readConfigFile(text);
      ({ config } = file);
      const place = placeFinder(text);
      for (const { message, start } of file.problems)
        this.#problems.push({ path, line: place(start).line + 1, message, broken: file.broken });
    } catch (error) {
      const message = reason(error);
      this.#problems.push({ path, line: 1, message, broken: true });
    }
    this.#byPath.set(path, config);
    return config;
  }
}
