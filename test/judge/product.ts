import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** One line of the product's `--json` output. */
export interface ProductEvent {
  type: string;
  [field: string]: unknown;
}

export interface ProductRun {
  pid: number | undefined;
  /** Milliseconds since the epoch. */
  started: number;
  /** Exit code; null when a signal ended it. */
  code: number | null;
  events: ProductEvent[];
  stdout: string;
  stderr: string;
  seconds: number;
}

export interface RunningProduct {
  /** SIGKILL to the whole process group, as when the machine loses power. */
  kill(): void;
  /** Stops it where it is until it is told to go on. */
  pause(): void;
  goOn(): void;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  ended: Promise<ProductRun>;
}

/** The command line of this checkout, started as a user's shell would. */
export const DEFAULT_COMMAND = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts'),
];

/** The product as a black box: a command, its environment, and the lines it prints. */
export class Product {
  readonly #command: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#command = command;
    this.#environment = environment;
  }

  /** Runs a command to its end; it is killed after `timeoutMs`. */
  run(args: readonly string[], timeoutMs: number): Promise<ProductRun> {
    return this.start(args, timeoutMs).ended;
  }

  start(args: readonly string[], timeoutMs: number): RunningProduct {
    const [began, started] = [Date.now(), performance.now()];
    const [program = '', ...first] = this.#command;
    const child = spawn(program, [...first, ...args], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const send = (signal: NodeJS.Signals) => (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group has ended already.
      }
    };
    const kill = send('SIGKILL');
    const timer = setTimeout(kill, timeoutMs);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<ProductRun>((resolve, reject) => {
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(new Error(`could not start ${program}: ${error.message}`));
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({
          pid: child.pid,
          started: began,
          code,
          events: parseEvents(stdout),
          stdout,
          stderr,
          seconds: (performance.now() - started) / 1000,
        });
      });
    });
    return { kill, pause: send('SIGSTOP'), goOn: send('SIGCONT'), stdout: () => stdout, stderr: () => stderr, ended };
  }
}

/** The last line of a run, when it is a result. */
export function resultOf(run: ProductRun): ProductEvent | undefined {
  const last = run.events.at(-1);
  return last?.type === 'result' ? last : undefined;
}

/** What a run says at its end: the reason in its result, else the last lines that it printed. */
export function tailOf(run: ProductRun): string {
  const reason = resultOf(run)?.reason;
  if (typeof reason === 'string') return reason;
  const text = run.stderr.trim() || run.stdout.trim();
  return text.split('\n').slice(-3).join(' | ').slice(-500);
}

function parseEvents(text: string): ProductEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as ProductEvent] : [];
    } catch {
      // A line that was cut by a kill.
      return [];
    }
  });
}
