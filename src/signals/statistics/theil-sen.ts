import type { Sample } from '../../domain/telemetry.ts';
import { normalQuantile } from './covariance.ts';
import { median, quantileOf, sortedFinite } from './robust.ts';

/** A straight line through samples: value at a moment, and slope a millisecond with its confidence interval. */
export interface Trend {
  /** Value that the line has at `at`, the last sample's time. */
  value: number;
  at: number;
  slope: number;
  slopeLow: number;
  slopeHigh: number;
  samples: number;
  /** First to last sample, in ms. */
  spanMs: number;
}

/** Pairs grow with the square: of more samples the medians of neighbours are taken. */
const MOST_SAMPLES = 80;

/**
 * The median of the slopes of all pairs (Theil, 1950; Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau",
 * 1968): up to 29 % of the samples may lie anywhere. The interval is Sen's; where neighbours resemble each other it is as
 * much wider as if there were fewer samples (Hamed and Rao, 1998). Null for fewer than three samples.
 * @param samples oldest first, one for each time
 */
export function trendOf(samples: readonly Sample[], confidence: number): Trend | null {
  const points = grouped(samples);
  const count = points.length;
  if (count < 3) return null;
  const slopes: number[] = [];
  for (let first = 0; first < count; first++) {
    for (let second = first + 1; second < count; second++) {
      const [a, b] = [points[first]!, points[second]!];
      slopes.push((b.value - a.value) / (b.at - a.at));
    }
  }
  const sorted = sortedFinite(slopes);
  if (sorted.length === 0) return null;
  const slope = quantileOf(sorted, 0.5);
  const last = points.at(-1)!.at;
  const value = median(points.map((point) => point.value + slope * (last - point.at)));
  const rest = points.map((point) => point.value - value - slope * (point.at - last));
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18) * Math.sqrt(inflation(rest));
  const reach = (normalQuantile((1 + confidence) / 2) * deviation) / 2 / sorted.length;
  return {
    value,
    at: last,
    slope,
    slopeLow: quantileOf(sorted, 0.5 - reach),
    slopeHigh: quantileOf(sorted, 0.5 + reach),
    samples: samples.length,
    spanMs: last - points[0]!.at,
  };
}

/** How many times as much the slope varies because what is left over of one sample tells of the next. */
function inflation(rest: readonly number[]): number {
  const total = rest.reduce((sum, value) => sum + value * value, 0);
  if (!(total > 0)) return 1;
  const shared = rest.slice(1).reduce((sum, value, index) => sum + value * rest[index]!, 0);
  const likeness = Math.min(0.95, Math.max(0, shared / total));
  return (1 + likeness) / (1 - likeness);
}

function grouped(samples: readonly Sample[]): Sample[] {
  if (samples.length <= MOST_SAMPLES) return [...samples];
  return Array.from({ length: MOST_SAMPLES }, (_, index) => {
    const from = Math.floor((index * samples.length) / MOST_SAMPLES);
    const group = samples.slice(from, Math.floor(((index + 1) * samples.length) / MOST_SAMPLES));
    return { at: median(group.map(({ at }) => at)), value: median(group.map(({ value }) => value)) };
  });
}
