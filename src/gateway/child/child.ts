import { spawn } from 'node:child_process';
import { basename } from 'node:path';

export interface ChildOutput {
  /** -1 when it was killed or could not be started. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Why it did not end by itself; empty otherwise. */
  killed: string;
}

/** Output beyond this is cut: nobody reads it, and a runaway command must not fill memory. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;
const KILL_GRACE_MS = 2_000;

/** Runs a program without a shell and without stdin, in a process group of its own that ends with it. */
export function supervise(
  path: string,
  argv: string[],
  place: { env: NodeJS.ProcessEnv; cwd: string },
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<ChildOutput> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ exitCode: -1, stdout: '', stderr: '', killed: 'cancelled' });
      return;
    }
    const child = spawn(path, argv, {
      ...place,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const output = { stdout: '', stderr: '' };
    let killed = '';
    let forced: NodeJS.Timeout | undefined;
    const kill = (reason: string) => {
      if (killed) return;
      killed = reason;
      signalGroup(child.pid, 'SIGTERM');
      forced = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_GRACE_MS);
    };
    const timer = setTimeout(() => kill(`no end within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
    const onAbort = () => kill('cancelled');
    signal?.addEventListener('abort', onAbort, { once: true });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < OUTPUT_LIMIT) output[name] = (output[name] + text).slice(0, OUTPUT_LIMIT);
        else kill(`more than ${OUTPUT_LIMIT} characters of output`);
      });
    }
    const end = (exitCode: number, extra = '') => {
      clearTimeout(timer);
      clearTimeout(forced);
      signal?.removeEventListener('abort', onAbort);
      resolve({ exitCode: killed ? -1 : exitCode, stdout: output.stdout, stderr: output.stderr + extra, killed });
    };
    child.on('error', (error) => end(-1, `${basename(path)} could not be started: ${error.message}`));
    child.on('close', (code) => end(code ?? -1));
  });
}

/** Reaches whatever the child started, too. */
function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, name);
  } catch {
    // Already gone.
  }
}

/** Where kubectl tells how to go on, after it said what is wrong. */
const ADVICE = /^(See '|Use "|Usage:|Run '|\s*$)/;
const FAILURE = /^(error|Error from server)\b/;

/** What a child says is wrong, in one line: what it calls an error, else what it said last. */
export function failureLine(text: string): string {
  const lines = text.trim().split('\n');
  const said = lines.filter((line) => !ADVICE.test(line));
  const line = said.findLast((one) => FAILURE.test(one)) ?? said.at(-1) ?? lines.at(-1);
  return (line || 'kubectl failed without a message').replace(/^error: /, '').slice(0, 500);
}
