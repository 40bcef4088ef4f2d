import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Usual } from '../../domain/signals.ts';
import type { Sample } from '../../domain/telemetry.ts';
import { durationText } from '../../text/amount.ts';
import { counted } from '../../text/plain-text.ts';
import { robustSpread } from '../statistics/robust.ts';

type Settings = SignalSettings['baseline'];

const WEEK_MS = 7 * 86_400_000;
const HALF_HOUR_MS = 1_800_000;

/** What has been so for longer has become usual, in ms. */
export const LONGEST_OPEN_MS = 6 * 3_600_000;

/** Where what is usual is looked for, milliseconds since the epoch. */
export interface BaselineSpan {
  from: number;
  to: number;
  /** An open incident, or a change, ends it earlier than the present does. */
  isFrozen: boolean;
}

/**
 * The last hour without its end, which is judged. @param usualUntil when something began that is no longer usual (an incident
 * that is open, a change that is watched): what is usual stays what it was before; null for none
 */
export function baselineSpan(now: number, usualUntil: number | null, settings: Settings): BaselineSpan {
  const present = now - settings.gapMs;
  const to = usualUntil === null ? present : Math.min(present, usualUntil - settings.rateMs);
  return { from: to - settings.windowMs, to, isFrozen: to < present };
}

/** Of the steps of a baseline; below, samples come and go by nature. */
const STEADY = 0.9;

/** Whether there was a sample at nearly each step of a baseline, so that one that is missing now is missed. */
export function isSteady(samples: readonly Sample[], span: BaselineSpan, { stepMs, leastSamples }: Settings): boolean {
  const inside = within(samples, span);
  const [first] = inside;
  return inside.length >= leastSamples && inside.length >= STEADY * ((span.to - first!.at) / stepMs);
}

/** The same weekday and hour of the weeks before, half an hour on either side; nearest week first. */
export function seasonalSpans(now: number, settings: Settings): { from: number; to: number }[] {
  return Array.from({ length: settings.weeks }, (_, index) => {
    const then = now - (index + 1) * WEEK_MS;
    return { from: then - HALF_HOUR_MS, to: then + HALF_HOUR_MS };
  });
}

export function within<T extends Sample>(samples: readonly T[], { from, to }: { from: number; to: number }): T[] {
  return samples.filter(({ at }) => at >= from && at <= to);
}

/**
 * What is usual of these samples: median and what stands for a standard deviation around it, so that an earlier incident in
 * between moves neither. Null with too few samples: then nothing is usual, and nothing unusual.
 * @param now for words that say how far back they reach
 */
export function rollingUsual(
  samples: readonly Sample[],
  span: BaselineSpan,
  now: number,
  settings: Settings,
): Usual | null {
  const inside = within(samples, span);
  if (inside.length < settings.leastSamples) return null;
  const reach = span.isFrozen ? span.to - inside[0]!.at : Math.min(now - inside[0]!.at, settings.windowMs);
  const words = reach > 0.9 * settings.windowMs && settings.windowMs === 3_600_000 ? 'hour' : durationText(reach);
  return spreadOf(inside, span.isFrozen ? `over the ${words} before it began` : `over the last ${words}`, settings);
}

/**
 * The same of weeks before, by weekday and hour. Null for less than two weeks that have enough samples: one Monday is no habit.
 * @param weeks samples of {@link seasonalSpans}, in its order
 */
export function seasonalUsual(weeks: readonly (readonly Sample[])[], settings: Settings): Usual | null {
  const least = Math.ceil(settings.leastSamples / 2);
  const known = weeks.filter((samples) => samples.length >= least);
  if (known.length < 2) return null;
  // Each week counts the same, however many samples it has.
  const size = Math.min(...known.map((samples) => samples.length));
  const even = known.flatMap((samples) => thinned(samples, size));
  return spreadOf(even, `at this hour of the week in ${counted(known.length, 'earlier week')}`, settings);
}

function spreadOf(samples: readonly Sample[], over: string, settings: Settings): Usual {
  const { center, deviation } = robustSpread(samples.map(({ value }) => value));
  return {
    center,
    deviation: Math.max(deviation, settings.leastDeviation * Math.abs(center)),
    count: samples.length,
    over,
  };
}

/** So many of the samples, evenly spread. */
export function thinned<T>(list: readonly T[], size: number): T[] {
  if (list.length <= size) return [...list];
  return Array.from({ length: size }, (_, index) => list[Math.floor((index * list.length) / size)]!);
}
