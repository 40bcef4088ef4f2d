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
        const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        ticks = Number(stat[11]) + Number(stat[12]);
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
      resolve({ seconds: (performance.now() - start) / 1_000, processor: ticks / 100, peak, code, stdout });
    });
  });
}
