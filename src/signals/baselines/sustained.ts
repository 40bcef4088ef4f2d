import type { Sample } from '../../domain/telemetry.ts';
import { median } from '../statistics/robust.ts';

/** How a condition stands at a moment. */
export type Standing =
  /** Does not hold. */
  | { state: 'no' }
  /** Holds since then, and `held`: for as long as it has to. */
  | { state: 'yes'; since: number; held: boolean }
  /** The last sample is too old to speak of the present. */
  | { state: 'unknown'; lastAt: number | null };

/** Samples that are missing in between do not end it, as long as they are few. */
const HOLES = 3;
/** A scrape that fails now and then makes nothing unknown, in ms: what Prometheus itself looks back for a sample. */
const STALE_MS = 300_000;

/**
 * Whether a condition holds now, and since when without a break.
 * @param samples oldest first; @param stepMs between them; @param forMs so long it has to hold
 * @param staleMs an older sample speaks of the past only; never less than a few steps
 */
export function sustained<T extends Sample>(
  samples: readonly T[],
  holds: (sample: T) => boolean,
  now: number,
  stepMs: number,
  forMs: number,
  staleMs = STALE_MS,
): Standing {
  const last = samples.at(-1);
  if (!last || now - last.at > Math.max(staleMs, HOLES * stepMs)) return { state: 'unknown', lastAt: last?.at ?? null };
  let since: number | null = null;
  for (let index = samples.length - 1; index >= 0; index--) {
    const sample = samples[index]!;
    if (!holds(sample) || (since !== null && since - sample.at > HOLES * stepMs)) break;
    since = sample.at;
  }
  if (since === null) return { state: 'no' };
  return { state: 'yes', since, held: last.at - since >= forMs };
}

/** How often something came and went again: runs of samples for which it holds. */
export function episodes<T extends Sample>(samples: readonly T[], holds: (sample: T) => boolean): number {
  return samples.filter((sample, index) => holds(sample) && (index === 0 || !holds(samples[index - 1]!))).length;
}

/** What came so far above a line before was as bad as it is now: half as far. @param since when it rose above the line */
export function recurrenceLevel(samples: readonly Sample[], since: number, line: number): number {
  return (line + median(samples.filter(({ at }) => at >= since).map(({ value }) => value))) / 2;
}
