import type { Clock } from '../domain/clock.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { ClusterReader, Confirmation, SnapshotSeries } from '../domain/ports.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { WrittenObject } from '../domain/transaction.ts';
import { stableJson } from '../json/stable-json.ts';
import type { Rewriter } from '../kube/rewriters.ts';
import { rewritersOf } from '../kube/rewriters.ts';
import { oneLine } from '../text/plain-text.ts';
import { controllersOf } from '../undo/field-owners.ts';
import type { TakenBack } from '../undo/taken-back.ts';
import { ownFields, takenBack } from '../undo/taken-back.ts';

const LOOK_MS = 2_000;
/** Values of these are blank in what is read: nothing can be compared. */
const BLANK_KINDS = new Set(['Secret']);

/** Watches what was written for as long as another controller needs to take it back, and no longer than that. */
export class Watchful implements Confirmation {
  readonly #reader: Pick<ClusterReader, 'get' | 'follow'>;
  readonly #clock: Clock;

  constructor(reader: Pick<ClusterReader, 'get' | 'follow'>, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  async confirm(
    all: WrittenObject[],
    before: ClusterSnapshot,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<string | null> {
    const written = all.filter(({ ref }) => !BLANK_KINDS.has(ref.kind));
    const touched = written.map((one) => ({
      ref: one.ref,
      fields: ownFields(one).map(({ field }) => field),
      managers: managersOf(one),
    }));
    const series = this.#reader.follow();
    try {
      return await this.#untilTold(written, rewritersOf(touched, before), series, signal, progress);
    } finally {
      series.close();
    }
  }

  async #untilTold(
    written: WrittenObject[],
    rewriters: Rewriter[],
    series: SnapshotSeries,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<string | null> {
    const started = this.#clock.monotonic();
    let told = '';
    for (;;) {
      const back = (await Promise.all(written.map((one) => this.#takenBack(one)))).flat();
      if (back.length > 0) return wordsFor(back, rewriters);
      const elapsed = this.#clock.monotonic() - started;
      const due = rewriters.filter(({ forMs }) => elapsed < forMs);
      const open = due.length > 0 ? await undecided(due, series, signal) : [];
      if (open.length === 0) return null;
      const seconds = Math.ceil((Math.max(...open.map(({ forMs }) => forMs)) - elapsed) / 1000);
      const why = open.map(({ text }) => text).join('; ');
      if (why !== told) progress(`watching for up to ${seconds} s whether it lasts: ${why}`);
      told = why;
      await this.#clock.sleep(LOOK_MS, signal);
    }
  }

  async #takenBack(written: WrittenObject): Promise<TakenBack[]> {
    let now: KubeObject | null;
    try {
      now = await this.#reader.get(written.ref);
    } catch {
      // Whether the cluster can be read at all is for the judge to find out.
      return [];
    }
    return takenBack(written, now);
  }
}

/** Those of whom only time can tell, or who have not yet agreed. */
async function undecided(due: Rewriter[], series: SnapshotSeries, signal: AbortSignal): Promise<Rewriter[]> {
  if (due.every(({ settled }) => settled === null)) return due;
  const now = await series.next(signal);
  return due.filter(({ settled }) => !settled?.(now));
}

function managersOf({ before, after, ref }: WrittenObject): string[] {
  if (!before) return [];
  const managers = ownFields({ ref, before, after }).flatMap(({ path }) => controllersOf(before, path));
  return [...new Set(managers)];
}

function wordsFor(back: TakenBack[], rewriters: Rewriter[]): string {
  const parts = back.slice(0, 3).map(({ ref, field, written, actual, by }) => {
    if (field === '') return `${refLabel(ref)} was created and is gone again`;
    const value = (one: unknown) => oneLine(one === undefined ? 'nothing' : stableJson(one), 80);
    const scaler = field === 'spec.replicas' ? rewriters.find(({ text }) => text.startsWith('Horizontal')) : undefined;
    const who = scaler ? `: ${scaler.text}` : by[0] ? `: taken back by ${by[0]}` : ' (nothing tells who took it back)';
    return `${refLabel(ref)}: ${field} was set to ${value(written)} and is ${value(actual)} again${who}`;
  });
  return `the change did not last: ${parts.join('; ')}`;
}
