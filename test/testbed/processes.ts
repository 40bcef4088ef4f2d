import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestbedError } from './testbed-error.ts';

/** A process we started. Pid and start time together name it for as long as the machine is up. */
export interface ProcessRecord {
  /** Component, for example `etcd`. */
  readonly name: string;
  readonly pid: number;
  /** Clock ticks between boot and the process's start, from /proc/PID/stat. */
  readonly startTime: string;
  /** File its output goes to. */
  readonly log: string;
}

/** Environment variable every process of an instance inherits; its value is the instance's id. */
export const INSTANCE_MARK = 'STRATUS_TESTBED_INSTANCE';

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command, in parentheses, may contain spaces and parentheses itself.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Start time of a live process as it stands in ProcessRecord; undefined when there is none (or only a zombie). */
export function startTimeOf(pid: number): string | undefined {
  const stat = readStat(pid);
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? stat.startTime : undefined;
}

/** Whether exactly this process still runs; false when its pid went to another one. */
export function isRunning(record: Pick<ProcessRecord, 'pid' | 'startTime'>): boolean {
  return startTimeOf(record.pid) === record.startTime;
}

/** Identifies this boot of the machine; pids of another boot mean nothing. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Pids of all processes, ours or not. */
function allPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Live processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return allPids().filter((other) => readStat(other)?.parent === pid && startTimeOf(other) !== undefined);
}

/**
 * Live processes that carry an instance's mark in their environment: what a launcher started but was killed before
 * it could record, and what such a process started. Processes of other users are not seen.
 */
export function processesWithMark(instanceId: string): ProcessRecord[] {
  const wanted = `${INSTANCE_MARK}=${instanceId}`;
  const found: ProcessRecord[] = [];
  for (const pid of allPids()) {
    if (pid === process.pid) continue;
    const startTime = startTimeOf(pid);
    if (startTime === undefined) continue;
    let environment: string;
    try {
      environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    } catch {
      continue;
    }
    if (environment.split('\0').includes(wanted)) found.push({ name: 'marked', pid, startTime, log: '' });
  }
  return found;
}

export interface DaemonCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; also where relative paths of its options start. */
  readonly cwd: string;
}

/**
 * Starts a process that outlives this one: own session, no standard input, output appended to its log.
 * It gets a small environment of its own plus the instance's mark.
 */
export async function startDaemon(daemon: DaemonCommand, instanceId: string): Promise<ProcessRecord> {
  const output = openSync(daemon.log, 'a');
  try {
    const child = spawn(daemon.command, daemon.args, {
      cwd: daemon.cwd,
      detached: true,
      stdio: ['ignore', output, output],
      env: { PATH: SYSTEM_PATH, HOME: daemon.cwd, [INSTANCE_MARK]: instanceId, ...daemon.env },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('spawn', () => resolve(child.pid!));
      child.once('error', (error) => reject(new TestbedError(`could not start ${daemon.name}: ${error.message}`)));
    });
    child.unref();
    return { name: daemon.name, pid, startTime: startTimeOf(pid) ?? 'gone', log: daemon.log };
  } finally {
    closeSync(output);
  }
}

/** Where system programs are, also for users whose own PATH leaves the administrator's folders out. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Kills exactly these processes and waits until they are gone. Already dead ones and recycled pids are left alone.
 * Throws a TestbedError naming the survivors after `timeoutMs`.
 */
export async function killProcesses(records: readonly ProcessRecord[], timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (const record of records) {
    if (!isRunning(record)) continue;
    try {
      process.kill(record.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') {
        throw new TestbedError(`${record.name} (pid ${record.pid}) belongs to another user; stop it as that user`);
      }
    }
  }
  for (;;) {
    const alive = records.filter(isRunning);
    if (alive.length === 0) return;
    if (performance.now() > deadline) {
      throw new TestbedError(`these processes do not end: ${alive.map((r) => `${r.name} (pid ${r.pid})`).join(', ')}`);
    }
    await sleep(20);
  }
}

/** The last lines of a log, for error messages; empty when there is no log. */
export function logTail(path: string, lines = 15): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
