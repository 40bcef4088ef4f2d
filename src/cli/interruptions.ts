/** What asked to stop: a signal, or output that nobody takes any more. */
export type StopRequest = NodeJS.Signals | 'output';

/**
 * What asks a process to stop: Ctrl-C, `kill`, a terminal that is closed, Ctrl-\. Windows knows the last one by another
 * name, and ends a process some seconds after its console was closed whatever it does.
 */
const SIGNALS: Record<'posix' | 'win32', readonly NodeJS.Signals[]> = {
  posix: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'],
  win32: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'],
};

interface SignalSource {
  on(name: NodeJS.Signals, handler: () => void): unknown;
}

/**
 * Requests to stop, for whoever has something to bring to an end. Until somebody listens a signal does what it does to any
 * program; from then on it never ends the process by itself: what is open then is for the listener, and what is done
 * keeps its exit code.
 */
export class Interruptions {
  readonly #source: SignalSource;
  readonly #signals: readonly NodeJS.Signals[];
  readonly #handlers = new Set<(by: StopRequest) => void>();
  #guarded = false;

  constructor(source: SignalSource, platform: NodeJS.Platform) {
    this.#source = source;
    this.#signals = SIGNALS[platform === 'win32' ? 'win32' : 'posix'];
  }

  /** Whether there is, or was, something to bring to an end. */
  get guarded(): boolean {
    return this.#guarded;
  }

  listen(handler: (by: StopRequest) => void): { dispose(): void } {
    if (!this.#guarded) {
      this.#guarded = true;
      for (const name of this.#signals) this.#source.on(name, () => this.interrupt(name));
    }
    this.#handlers.add(handler);
    return { dispose: () => void this.#handlers.delete(handler) };
  }

  interrupt(by: StopRequest): void {
    for (const handler of [...this.#handlers]) handler(by);
  }
}
