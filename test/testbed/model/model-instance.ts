import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFolderLock } from '../folder-lock.ts';
import { stateHome } from '../paths.ts';
import { isRunning, killProcesses, logTail, startDaemon, type ProcessRecord } from '../processes.ts';
import type { Report } from '../report.ts';
import { TestbedError } from '../testbed-error.ts';
import { ensureModel, MODEL_NAME } from './fetch-model.ts';

export interface ModelOptions {
  /** Several can run side by side. Default: `default`. */
  name?: string;
  /** Default: a free one. */
  port?: number;
  /** Default: 4096. */
  contextTokens?: number;
  /** Default: 1: on a busy machine two are far slower, for they wait for each other. */
  threads?: number;
}

/** A running model server. */
export interface ModelInstance {
  name: string;
  /** With `/v1`. */
  baseUrl: string;
  model: string;
  contextTokens: number;
  /** Milliseconds that the weights took. */
  loadMs: number;
  process: ProcessRecord;
  healthy: boolean;
}

const LOAD_TIMEOUT_MS = 180_000;
const CONTEXT_TOKENS = 4_096;

/** Starts the small model, fetching what it needs first. @throws TestbedError; then nothing is left running */
export async function upModel(options: ModelOptions, report: Report): Promise<ModelInstance> {
  const { name = 'default', port = 0, contextTokens = CONTEXT_TOKENS, threads = 1 } = options;
  const files = await ensureModel(report);
  const folder = folderOf(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return withFolderLock(join(folder, '.lock'), { timeoutMs: LOAD_TIMEOUT_MS }, async () => {
    if (readModel(name)?.healthy)
      throw new TestbedError(`the model is running; stop it first: npm run testbed -- model down`);
    const ready = join(folder, 'ready.json');
    const log = join(folder, 'server.log');
    for (const file of [ready, log]) rmSync(file, { force: true });
    return report.step(`Loading ${MODEL_NAME}`, async () => {
      const args = [join(import.meta.dirname, 'model-server.ts'), files.engine, files.weights, MODEL_NAME];
      const record = await startDaemon(
        {
          name: 'model',
          command: process.execPath,
          args: [...args, `${port}`, `${contextTokens}`, `${threads}`, ready],
          log,
          cwd: folder,
        },
        randomUUID(),
      );
      write(folder, { process: record, contextTokens });
      const deadline = performance.now() + LOAD_TIMEOUT_MS;
      while (!existsSync(ready)) {
        if (isRunning(record) && performance.now() < deadline) {
          await sleep(50);
          continue;
        }
        await killProcesses([record]);
        rmSync(join(folder, FILE), { force: true });
        throw new TestbedError('the model does not start', logTail(log));
      }
      return readModel(name)!;
    });
  });
}

/** Stops it, and only it. False: it was not running. */
export async function downModel(name = 'default'): Promise<boolean> {
  const found = readModel(name) ?? unfinished(name);
  if (!found) return false;
  const running = isRunning(found.process);
  await killProcesses([found.process]);
  rmSync(folderOf(name), { recursive: true, force: true });
  return running;
}

/** What is recorded of it; undefined when it never got ready. */
export function readModel(name = 'default'): ModelInstance | undefined {
  const folder = folderOf(name);
  const record = read<Saved>(join(folder, FILE));
  const ready = read<{ baseUrl: string; loadMs: number }>(join(folder, 'ready.json'));
  if (!record || !ready) return undefined;
  return { name, model: MODEL_NAME, ...ready, ...record, healthy: isRunning(record.process) };
}

const FILE = 'model.json';
interface Saved {
  process: ProcessRecord;
  contextTokens: number;
}

function unfinished(name: string): Saved | undefined {
  return read<Saved>(join(folderOf(name), FILE));
}

/** Beside the clusters, under a name that no cluster can have. */
function folderOf(name: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(name)) throw new TestbedError(`'${name}' cannot be the name of a model server`);
  return join(stateHome(), `.model-${name}`);
}

function write(folder: string, record: Saved): void {
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

function read<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    // Not there, or not whole: there is none.
    return undefined;
  }
}
