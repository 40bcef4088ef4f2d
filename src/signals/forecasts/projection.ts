import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Sample } from '../../domain/telemetry.ts';
import { durationText } from '../../text/amount.ts';
import { counted } from '../../text/plain-text.ts';
import { median } from '../statistics/robust.ts';
import type { Trend } from '../statistics/theil-sen.ts';
import { trendOf } from '../statistics/theil-sen.ts';

export type Projection =
  /** It reaches the limit at `at`, between `from` and `to`; milliseconds since the epoch. */
  | { state: 'reached'; at: number; from: number; to: number; trend: Trend }
  /** Falls, stays, or comes there later than is asked for. */
  | { state: 'not-soon'; trend: Trend }
  /** Nothing can be said: why, one sentence without a full stop. */
  | { state: 'unknown'; reason: string };

/** Samples of a rise that began lately: fewer do not tell how fast it is. */
const LEAST_RISE = 5;
/** Of the way from where it usually is to the limit: it rises from here on. */
const RISEN = 0.1;
/** Of the way from the highest it was before: what goes up and down by nature has been there. */
const NEW_HEIGHT = 0.2;

/**
 * When a value that rises reaches a limit if it goes on like this: as over the whole history, else as since it began to rise.
 * Of hours the middle is what was before, however fast it fills up now.
 * @param samples oldest first, one for each time; @param horizonMs later does not count
 */
export function projected(
  samples: readonly Sample[],
  limit: number,
  horizonMs: number,
  settings: SignalSettings['forecast'],
): Projection {
  if (samples.length < settings.leastSamples)
    return {
      state: 'unknown',
      reason: `a history of ${counted(samples.length, 'sample')} is too short for a forecast`,
    };
  const whole = projectedOver(samples, limit, horizonMs, settings);
  const rise = whole.state === 'reached' ? [] : riseIn(samples, limit);
  if (rise.length === 0) return whole;
  if (rise.length >= LEAST_RISE) {
    const lately = projectedOver(rise, limit, horizonMs, settings);
    return lately.state === 'not-soon' ? whole : lately;
  }
  const reason = `it began to rise ${durationText(rise.at(-1)!.at - rise[0]!.at)} ago, too lately for a forecast`;
  return whole.state === 'not-soon' ? { state: 'unknown', reason } : whole;
}

/** The end of a history since it rises above all that was before; empty where it does not. */
function riseIn(samples: readonly Sample[], limit: number): readonly Sample[] {
  const usual = median(samples.map(({ value }) => value));
  const begins = usual + RISEN * (limit - usual);
  const start = samples.findLastIndex(({ value }) => value <= begins) + 1;
  const highest = samples.slice(0, start).reduce((most, { value }) => Math.max(most, value), usual);
  const { value } = samples.at(-1)!;
  return value >= highest + NEW_HEIGHT * (limit - highest) ? samples.slice(start) : [];
}

function projectedOver(
  samples: readonly Sample[],
  limit: number,
  horizonMs: number,
  settings: SignalSettings['forecast'],
): Projection {
  const trend = trendOf(samples, settings.confidence);
  if (!trend || trend.spanMs <= 0) return { state: 'unknown', reason: 'the history holds no two moments' };
  // A level that is there already needs no slope.
  if (trend.value >= limit || samples.at(-1)!.value >= limit)
    return { state: 'reached', at: trend.at, from: trend.at, to: trend.at, trend };
  if (trend.slope <= 0) return { state: 'not-soon', trend };
  const after = (slope: number): number => (limit - trend.value) / slope;
  const [middle, soonest] = [after(trend.slope), after(trend.slopeHigh)];
  if (soonest > horizonMs || middle > horizonMs) return { state: 'not-soon', trend };
  if (trend.slopeLow <= 0)
    return { state: 'unknown', reason: 'it varies more than it rises, so that no forecast can be made' };
  const latest = after(trend.slopeLow);
  if (latest > settings.mostSpread * soonest)
    return {
      state: 'unknown',
      reason: `it varies too much: somewhere from ${durationText(soonest)} to ${durationText(latest)} from now`,
    };
  if (middle > settings.reach * trend.spanMs)
    return {
      state: 'unknown',
      reason: `${durationText(trend.spanMs)} of history do not tell what is in ${durationText(middle)}`,
    };
  return { state: 'reached', at: trend.at + middle, from: trend.at + soonest, to: trend.at + latest, trend };
}

/** The line of a forecast, from the last sample to where it reaches the limit. */
export function forecastLine({ trend, at }: { trend: Trend; at: number }, limit: number): Sample[] {
  return [
    { at: trend.at, value: trend.value },
    { at, value: limit },
  ];
}

/** `in 5.2 h (4.1 to 7 h)`; `now` where it is there. */
export function whenText({ at, from, to }: { at: number; from: number; to: number }, now: number): string {
  if (at <= now) return 'now';
  return `in ${durationText(at - now)} (${durationText(Math.max(0, from - now))} to ${durationText(to - now)})`;
}
