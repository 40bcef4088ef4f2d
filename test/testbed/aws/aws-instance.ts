import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFolderLock } from '../folder-lock.ts';
import { stateHome } from '../paths.ts';
import { isRunning, killProcesses, logTail, startDaemon, type ProcessRecord } from '../processes.ts';
import type { Report } from '../report.ts';
import { TestbedError } from '../testbed-error.ts';
import { ensureMoto } from './fetch-moto.ts';

/** A running stand-in for AWS: CloudWatch and CloudWatch Logs of moto, in memory. */
export interface AwsInstance {
  readonly name: string;
  /** Takes requests of any AWS SDK; whatever credentials are given are taken. */
  readonly endpoint: string;
  readonly region: string;
  readonly process: ProcessRecord;
  readonly healthy: boolean;
}

const START_TIMEOUT_MS = 60_000;
const REGION = 'eu-central-1';

/** Starts moto's server, or returns the one of that name that runs. @throws TestbedError; then nothing is left running */
export async function upAws(name: string, report: Report): Promise<AwsInstance> {
  const python = await ensureMoto(report);
  const folder = folderOf(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return withFolderLock(join(folder, '.lock'), { timeoutMs: START_TIMEOUT_MS }, async () => {
    const old = readAws(name);
    if (old?.healthy) return old;
    const log = join(folder, 'server.log');
    rmSync(log, { force: true });
    return report.step('Starting the stand-in for AWS', async () => {
      const record = await startDaemon(
        {
          name: 'aws',
          command: python,
          args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'],
          env: { PYTHONUNBUFFERED: '1' },
          log,
          cwd: folder,
        },
        randomUUID(),
      );
      write(folder, record);
      const deadline = performance.now() + START_TIMEOUT_MS;
      while (!endpointIn(log)) {
        if (isRunning(record) && performance.now() < deadline) {
          await sleep(50);
          continue;
        }
        await killProcesses([record]);
        rmSync(join(folder, FILE), { force: true });
        throw new TestbedError('the stand-in for AWS does not start', logTail(log));
      }
      return readAws(name)!;
    });
  });
}

/** Stops it, and only it. False: it was not running. */
export async function downAws(name: string): Promise<boolean> {
  const record = readProcess(name);
  if (!record) return false;
  const running = isRunning(record);
  await killProcesses([record]);
  rmSync(folderOf(name), { recursive: true, force: true });
  return running;
}

/** What is recorded of it; undefined when it never answered. */
export function readAws(name: string): AwsInstance | undefined {
  const record = readProcess(name);
  const endpoint = record && endpointIn(record.log);
  if (!record || !endpoint) return undefined;
  return { name, endpoint, region: REGION, process: record, healthy: isRunning(record) };
}

const FILE = 'aws.json';

function readProcess(name: string): ProcessRecord | undefined {
  const path = join(folderOf(name), FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord) : undefined;
}

function write(folder: string, record: ProcessRecord): void {
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** It takes a free port and says which. */
function endpointIn(log: string): string | undefined {
  return existsSync(log) ? /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(readFileSync(log, 'utf8'))?.[1] : undefined;
}

/** Beside the clusters, under a name that no cluster can have. */
function folderOf(name: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(name)) throw new TestbedError(`'${name}' cannot be the name of a stand-in for AWS`);
  return join(stateHome(), `.aws-${name}`);
}
