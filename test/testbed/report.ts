/** Where the testbed tells a person what it is doing. Standard output stays free for data. */
export interface Report {
  /**
   * Shows `title` while `work` runs, then its duration; a failure is shown as failed and thrown on.
   * `work` may call `progress` with a short text (counts, the name of what is being waited for).
   */
  step<T>(title: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T>;
  /** One line a person should read (a fall-back taken, something missing). */
  notice(text: string): void;
}

/** Swallows everything; for callers that show progress of their own. */
export const silentReport: Report = {
  step: (_title, work) => work(() => undefined),
  notice: () => undefined,
};

interface RunningStep {
  readonly title: string;
  readonly startedAt: number;
  detail: string;
}

/**
 * Writes steps to a stream. On a terminal the running step is one line that counts the seconds; elsewhere a
 * step gets a line when it starts to take long, one every ten seconds, and one when it ends.
 */
export class StreamReport implements Report {
  readonly #stream: NodeJS.WriteStream;
  readonly #running: RunningStep[] = [];
  #drawn = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  async step<T>(title: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T> {
    const step: RunningStep = { title, startedAt: performance.now(), detail: '' };
    this.#running.push(step);
    const period = this.#stream.isTTY ? 200 : 1000;
    let ticks = 0;
    const ticker = setInterval(() => {
      ticks += 1;
      if (this.#stream.isTTY) this.#draw();
      else if (ticks === 1 || ticks % 10 === 0) this.#line(`  … ${this.#describe(step)}`);
    }, period);
    ticker.unref();
    try {
      const result = await work((text) => {
        step.detail = text;
      });
      this.#finish(step, '✓');
      return result;
    } catch (error) {
      this.#finish(step, '✗');
      throw error;
    } finally {
      clearInterval(ticker);
    }
  }

  notice(text: string): void {
    this.#line(`  ! ${text}`);
  }

  #finish(step: RunningStep, mark: string): void {
    this.#running.splice(this.#running.indexOf(step), 1);
    this.#line(`  ${mark} ${step.title} (${seconds(step)})`);
  }

  #describe(step: RunningStep): string {
    return `${step.title} ${seconds(step)}${step.detail ? `: ${step.detail}` : ''}`;
  }

  #line(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
  }

  #erase(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }

  #draw(): void {
    const step = this.#running.at(-1);
    if (!step) return;
    this.#erase();
    this.#stream.write(`  … ${this.#describe(step)}`.slice(0, (this.#stream.columns || 80) - 1));
    this.#drawn = true;
  }
}

function seconds(step: RunningStep): string {
  return `${((performance.now() - step.startedAt) / 1000).toFixed(1)} s`;
}
