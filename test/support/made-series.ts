import type { Sample } from '../../src/domain/telemetry.ts';
import { seededRandom } from '../../src/signals/statistics/random.ts';

/** How a service behaves at a time, in seconds from the beginning. */
export interface Behaviour {
  /** Requests a second. */
  traffic: (at: number) => number;
  /** Median duration in ms. */
  latency: (at: number) => number;
  /** Spread of the logarithm of durations. */
  spread?: number;
  /** Chance that a request fails. */
  errors?: (at: number) => number;
}

export interface MadeSeries {
  p99: Sample[];
  timed: Sample[];
  answered: Sample[];
  failed: Sample[];
}

export const STEP_S = 30;
const WINDOW_STEPS = 4;
/** As OpenTelemetry's SDKs have them, in ms. */
const BOUNDS = [1, 2, 5, 10, 25, 50, 75, 100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 5_000, 7_500, 10_000];
/** More are not drawn one by one: their quantile is as steady. */
const DRAWN = 600;

/**
 * What Prometheus answers for a service that behaves like that: requests are drawn one by one, counted in a histogram, and
 * read by `rate()` over two minutes and `histogram_quantile`. @param start of the first sample, milliseconds since the epoch
 */
export function madeSeries(behaviour: Behaviour, seed: number, seconds: number, start: number): MadeSeries {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { traffic, latency, spread = 0.4, errors = () => 0 } = behaviour;
  const steps: { buckets: number[]; count: number; failed: number }[] = [];
  const made: MadeSeries = { p99: [], timed: [], answered: [], failed: [] };
  for (let second = 0; second < seconds; second += STEP_S) {
    const expected = traffic(second) * STEP_S;
    const count = Math.max(0, Math.round(expected + Math.sqrt(expected) * normal()));
    const drawn = Math.min(count, DRAWN);
    const buckets = BOUNDS.map(() => 0);
    let failed = 0;
    for (let request = 0; request < drawn; request++) {
      const ms = latency(second) * Math.exp(spread * normal());
      const at = BOUNDS.findIndex((bound) => ms <= bound);
      if (at >= 0) buckets[at]!++;
      if (random() < errors(second)) failed++;
    }
    const scale = drawn > 0 ? count / drawn : 0;
    steps.push({ buckets: buckets.map((value) => value * scale), count, failed: failed * scale });
    if (steps.length < WINDOW_STEPS) continue;
    const window = steps.slice(-WINDOW_STEPS);
    const rate = (value: (step: (typeof steps)[number]) => number) =>
      window.reduce((sum, step) => sum + value(step), 0) / (WINDOW_STEPS * STEP_S);
    const at = start + second * 1_000;
    const total = rate((step) => step.count);
    made.timed.push({ at, value: total });
    made.answered.push({ at, value: total });
    made.failed.push({ at, value: rate((step) => step.failed) });
    if (total > 0)
      made.p99.push({
        at,
        value: quantile(
          0.99,
          BOUNDS.map((_, index) => rate((step) => step.buckets[index]!)),
          total,
        ),
      });
  }
  return made;
}

/** As `histogram_quantile` does: linear within a bucket, the last bound above all of them. */
function quantile(part: number, buckets: readonly number[], total: number): number {
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (below + count >= part * total) {
      const low = index === 0 ? 0 : BOUNDS[index - 1]!;
      return low + (BOUNDS[index]! - low) * ((part * total - below) / count);
    }
    below += count;
  }
  return BOUNDS.at(-1)!;
}
