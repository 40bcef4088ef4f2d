import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Sample } from '../../domain/telemetry.ts';
import { durationText } from '../../text/amount.ts';
import { counted } from '../../text/plain-text.ts';
import type { Trend } from '../statistics/theil-sen.ts';
import { trendOf } from '../statistics/theil-sen.ts';

export type Projection =
  /** It reaches the limit at `at`, between `from` and `to`; milliseconds since the epoch. */
  | { state: 'reached'; at: number; from: number; to: number; trend: Trend }
  /** Falls, stays, or comes there later than is asked for. */
  | { state: 'not-soon'; trend: Trend }
  /** Nothing can be said: why, one sentence without a full stop. */
  | { state: 'unknown'; reason: string };

/**
 * When a value that rises reaches a limit if it goes on like this.
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
  const trend = trendOf(samples, settings.confidence);
  if (!trend || trend.spanMs <= 0) return { state: 'unknown', reason: 'the history holds no two moments' };
  // A level that is there already needs no slope.
  if (trend.value >= limit) return { state: 'reached', at: trend.at, from: trend.at, to: trend.at, trend };
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
