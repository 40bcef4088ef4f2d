import type { Handler } from '../../../src/gateway/wire/messages.ts';
import type { Upstream, UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';

const STAGES = {
  read: 'API server: reads',
  rights: 'API server: right to undo (once per object)',
  dryRun: 'API server: dry-run',
  write: 'API server: the write',
  intent: 'pre-image and intent forced to disk',
  outcome: 'outcome noted',
} as const;

/** Adds up where the time of commands goes. */
export class Stopwatch {
  readonly #points = new Map<string, number>();
  readonly #start: string | null;
  #stages = new Map<string, number>();
  #listening: boolean;
  #sum = 0;

  /** @param start fault point from which on a step counts; default: everything counts */
  constructor(start: string | null = null) {
    this.#start = start;
    this.#listening = start === null;
  }

  add(stage: string, ms: number): void {
    if (!this.#listening) return;
    this.#stages.set(stage, (this.#stages.get(stage) ?? 0) + ms);
  }

  /** Time of which the stages are parts. */
  total(ms: number): void {
    this.#sum += ms;
  }

  /** A fault point of the product was passed. */
  reached(point: string): void {
    this.#points.set(point, performance.now());
    if (this.#start !== null && point.startsWith('step.')) this.#listening = point === this.#start;
    if (point === 'write.after-intent') this.add(STAGES.intent, this.#since('write.before-intent'));
    // In a step kubectl has its answer by then.
    if (point === 'write.after-outcome' && this.#start === null)
      this.add(STAGES.outcome, this.#since('write.after-forward'));
  }

  at(point: string): number {
    return this.#points.get(point) ?? 0;
  }

  clear(): void {
    this.#stages = new Map();
    this.#sum = 0;
  }

  /** Mean times per command; `rest` is what no stage explains. */
  perCommand(commands: number, rest: string): Array<[stage: string, ms: number]> {
    const mean = (stage: string) => (this.#stages.get(stage) ?? 0) / commands;
    const named = Object.values(STAGES).map((stage): [string, number] => [stage, mean(stage)]);
    const own = this.#sum / commands - named.reduce((sum, [, ms]) => sum + ms, 0);
    return [...named.filter(([, ms]) => ms > 0), [rest, own]];
  }

  #since(point: string): number {
    return performance.now() - this.at(point);
  }
}

/** Counts the whole of each request. */
export function timedHandler(handler: Handler, watch: Stopwatch): Handler {
  return {
    async handle(request) {
      const from = performance.now();
      try {
        return await handler.handle(request);
      } finally {
        watch.total(performance.now() - from);
      }
    },
  };
}

/** Counts each request to the API server, until its answer begins, by purpose. */
export function timedUpstream(upstream: Upstream, watch: Stopwatch): Upstream {
  return {
    async request(request) {
      const from = performance.now();
      try {
        return await upstream.request(request);
      } finally {
        watch.add(STAGES[purposeOf(request)], performance.now() - from);
      }
    },
  };
}

function purposeOf({ method, path }: UpstreamRequest): keyof typeof STAGES {
  if (method === 'GET') return 'read';
  if (path.includes('selfsubjectaccessreviews')) return 'rights';
  return path.includes('dryRun=All') ? 'dryRun' : 'write';
}
