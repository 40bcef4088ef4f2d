import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ReadNearby } from '../applied-files.ts';
import { readConfigFile } from '../files/config-file.ts';
import type { ConfigProblem } from '../files/config-file.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import type { LintConfig } from '../config.ts';
import { readLintSettings } from '../lint-settings.ts';
import { nearbyFiles, nearestConfig } from '../files/nearby-files.ts';

/** What holds for one document. */
export interface Settings {
  enabled: boolean;
  codeLens: boolean;
  /** The same object as long as nothing changed. */
  config: LintConfig;
  /** Undefined for documents that are no files. */
  nearby?: ReadNearby;
}

/** What the settings need from the client. */
export interface SettingsClient {
  /** Section `stratus` of the client’s settings; undefined if it has none. */
  section(): Promise<unknown>;
  /** Workspace folders as file paths. */
  folders(): Promise<string[]>;
  /** Shows what is wrong in a settings file; an empty list takes it back. */
  showProblems(uri: string, text: string, problems: readonly ConfigProblem[]): void;
  /** A settings file of this folder, which is not in the workspace, would hold: called before it is looked for. */
  watch(folder: string): void;
  log(line: string): void;
}

type ClientSettings = Omit<Settings, 'nearby'>;

const DEFAULT_SETTINGS: ClientSettings = { enabled: true, codeLens: true, config: DEFAULT_CONFIG };

function readSection(section: unknown, log: (line: string) => void): ClientSettings {
  if (typeof section !== 'object' || section === null) return DEFAULT_SETTINGS;
  const { lint, protectedContexts } = section as { lint?: unknown; protectedContexts?: unknown };
  const own = typeof lint === 'object' && lint !== null ? (lint as Record<string, unknown>) : {};
  const names = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const { config, problems } = readLintSettings({
    ...own,
    // A linter that knows more protected contexts than the runs is fine; fewer would mislead.
    protectedContexts: [...names(protectedContexts), ...names(own['protectedContexts'])],
  });
  for (const { message } of problems) log(`settings: ${message}`);
  return { enabled: own['enabled'] !== false, codeLens: own['codeLens'] !== false, config };
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
}

/**
 * The settings of each document: what the `.stratus.yaml` at or above its workspace folder says wins, the rest comes from
 * the client. The command line looks for the same file from the folder it runs in.
 */
export class DocumentSettings {
  readonly #client: SettingsClient;
  readonly #shown = new Set<string>();
  #section: Promise<ClientSettings> | undefined;
  #configs = new Map<string, LintConfig>();

  constructor(client: SettingsClient) {
    this.#client = client;
  }

  /** Everything is read again at the next question. */
  forget(): void {
    this.#section = undefined;
    this.#configs = new Map();
  }

  async of(uri: string): Promise<Settings> {
    const configs = this.#configs;
    this.#section ??= this.#client.section().then(
      (section) => readSection(section, (line) => this.#client.log(line)),
      () => DEFAULT_SETTINGS,
    );
    const settings = await this.#section;
    // A client without folders.
    const folders = await this.#client.folders().catch((): string[] => []);
    const path = uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
    const root = path === undefined ? folders[0] : (folders.find((folder) => isWithin(folder, path)) ?? dirname(path));
    if (root === undefined) return settings;
    let config = configs.get(root);
    if (!config)
      configs.set(root, (config = settings.enabled ? this.#configOf(root, folders, settings.config) : settings.config));
    return { ...settings, config, ...(path === undefined ? {} : { nearby: nearbyFiles(root, dirname(path)) }) };
  }

  #configOf(root: string, workspace: readonly string[], base: LintConfig): LintConfig {
    const path = nearestConfig(root, (folder) => {
      if (!workspace.some((one) => isWithin(one, folder))) this.#client.watch(folder);
    });
    if (path === undefined) {
      this.#showNothing();
      return base;
    }
    const uri = pathToFileURL(path).href;
    try {
      const text = readFileSync(path, 'utf8');
      const { config, problems } = readConfigFile(text, base);
      if (problems.length > 0 || this.#shown.has(uri)) this.#client.showProblems(uri, text, problems);
      if (problems.length > 0) this.#shown.add(uri);
      else this.#shown.delete(uri);
      return config;
    } catch (error) {
      this.#client.log(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
      return base;
    }
  }

  /** A file that is gone has no problems any more. */
  #showNothing(): void {
    for (const uri of this.#shown) this.#client.showProblems(uri, '', []);
    this.#shown.clear();
  }
}
