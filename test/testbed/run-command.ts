import { spawn } from 'node:child_process';
import { TestbedError } from './testbed-error.ts';

export interface CommandOptions {
  readonly cwd?: string;
  /** Replaces the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text for standard input, or an open file descriptor; nothing when left out. */
  readonly input?: string | number;
  /** Called for every line of standard error. */
  readonly onErrorLine?: (line: string) => void;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Runs a program to its end, without a shell. Throws a TestbedError when it cannot be started or takes too long. */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const input = typeof options.input === 'number' ? options.input : options.input === undefined ? 'ignore' : 'pipe';
    const child = spawn(command, args, {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: options.env ?? process.env,
      stdio: [input, 'pipe', 'pipe'],
    });
    // An interrupted launcher does not leave a build or an installation running.
    const endChild = () => child.kill('SIGKILL');
    process.once('exit', endChild);
    let stdout = '';
    let stderr = '';
    let partial = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (!options.onErrorLine) return;
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) options.onErrorLine(line);
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new TestbedError(`${command} did not end within ${timeoutMs / 1000} s`, lastLines(stderr)));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      process.off('exit', endChild);
      reject(new TestbedError(`could not start ${command}: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', endChild);
      resolve({ code: code ?? 1, stdout, stderr: signal ? `${stderr}\n(ended by ${signal})` : stderr });
    });
    if (typeof options.input === 'string') {
      // A program that ends before it has read everything is judged by its exit code.
      child.stdin!.on('error', () => undefined);
      child.stdin!.end(options.input);
    }
  });
}

/** Like runCommand, and throws a TestbedError with the end of standard error unless it exits with 0. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code === 0) return result.stdout;
  const shown = argv.slice(0, 6).join(' ');
  throw new TestbedError(`${shown} failed with exit code ${result.code}`, lastLines(result.stderr || result.stdout));
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-15).join('\n');
}
