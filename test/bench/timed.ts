import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export interface TimedRun {
  seconds: number;
  /** Of user and system, of all threads. */
  processor: number;
  /** Megabytes that the process held at most. */
  peak: number;
  /** Null when it was ended by a signal. */
  code: number | null;
  stdout: string;
}

const TICKS_PER_SECOND = 100;

/** Processor that a process has taken so far, of user and system, in seconds. @throws Error when there is no such process */
export function processorOf(pid: number | undefined): number {
  return ticksOf(pid) / TICKS_PER_SECOND;
}

function ticksOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(stat[11]) + Number(stat[12]);
}

/** Runs a program to its end and watches what it takes (of the process itself, as Linux counts); undefined when there is none. */
export function timed(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; keepOutput?: boolean } = {},
): Promise<TimedRun | undefined> {
  return new Promise((resolve) => {
    const start = performance.now();
    const stdio = ['ignore', options.keepOutput ? 'pipe' : 'ignore', 'ignore'] as const;
    const child = spawn(program, args, { stdio: [...stdio], env: options.env ?? process.env });
    let [peak, ticks, stdout] = [0, 0, ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const look = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
        ticks = ticksOf(child.pid);
      } catch {
        // It has ended since.
      }
    }, 20);
    child.on('error', () => {
      clearInterval(look);
      resolve(undefined);
    });
    child.on('close', (code) => {
      clearInterval(look);
      resolve({
        seconds: (performance.now() - start) / 1_000,
        processor: ticks / TICKS_PER_SECOND,
        peak,
        code,
        stdout,
      });
    });
  });
}
