import type { Product, ProductEvent, RunningProduct } from '../../judge/product.ts';
import { tailOf } from '../../judge/product.ts';
import type { NamedObject } from './scenes.ts';

/** Opening the sources takes the command some seconds on a busy machine. */
const START_MS = 60_000;
const ASK_EVERY_MS = 100;

/** An incident as `stratus watch` told of it when it opened it. */
export interface Opened {
  /** Milliseconds since the epoch. */
  at: number;
  /** The same for as long as it is open. */
  fingerprint: string;
  title: string;
  /** Where it is said to begin. */
  root: NamedObject | null;
  members: Member[];
  /** As the command lists them. */
  findings: unknown;
}

export interface Member {
  source: string;
  objects: NamedObject[];
  labels: Record<string, string>;
  message: string;
}

/** `stratus watch --json` as it runs beside what it watches. */
export class Watching {
  readonly #running: RunningProduct;
  #over: string | null = null;

  private constructor(running: RunningProduct) {
    this.#running = running;
    running.ended.then(
      (run) => (this.#over = `it ended with ${run.code}: ${tailOf(run)}`),
      (error: Error) => (this.#over = error.message),
    );
  }

  /** Returns when it has begun. @throws Error when it does not */
  static async start(product: Product, args: readonly string[], mostMs: number): Promise<Watching> {
    const watching = new Watching(product.start(['watch', '--json', ...args], mostMs));
    if (await watching.until(START_MS, () => watching.events('started').length > 0)) return watching;
    watching.stop();
    throw new Error('stratus watch did not begin');
  }

  /** Those that it has told of so far, of one type. */
  events(type: string): ProductEvent[] {
    return eventsIn(this.#running.stdout()).filter((event) => event.type === type);
  }

  opened(): Opened[] {
    return this.events('opened').map(openedOf);
  }

  /** What it told last of an incident that it opened. */
  latest({ fingerprint }: Opened): Opened {
    const told = eventsIn(this.#running.stdout()).filter(({ type }) => type === 'opened' || type === 'grew');
    return told.map(openedOf).findLast((one) => one.fingerprint === fingerprint)!;
  }

  /** Waits until something holds. @returns whether it did within the time @throws Error when the watch has ended */
  async until(mostMs: number, holds: () => boolean): Promise<boolean> {
    for (const end = performance.now() + mostMs; ;) {
      if (holds()) return true;
      if (this.#over !== null) throw new Error(`stratus watch does not watch: ${this.#over}`);
      if (performance.now() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }

  /** It writes nothing, so that nothing can be left half done. */
  stop(): void {
    this.#running.kill();
  }
}

/** Lines that are whole. */
function eventsIn(text: string): ProductEvent[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as ProductEvent] : []));
}

export function openedOf(event: ProductEvent): Opened {
  const { at, incident, diagnosis } = event as unknown as {
    at: number;
    incident: { fingerprint: string; title: string; root: { object: NamedObject } | null; members: Member[] };
    diagnosis: { findings: unknown } | null;
  };
  const { fingerprint, title, root, members } = incident;
  return { at, fingerprint, title, root: root?.object ?? null, members, findings: diagnosis?.findings ?? [] };
}
