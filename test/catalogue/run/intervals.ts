import { createRandom } from '../../judge/random.ts';

/** A figure with the bounds within which it lies with 95 % confidence. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/** Standard normal quantile of 97.5 %. */
const Z = 1.959_963_985;
const DRAWS = 2_000;

/** Share of successes, with Wilson's score interval (E. B. Wilson, JASA 22, 1927). Null of no trials. */
export function wilson(successes: number, trials: number): Interval | null {
  if (trials === 0) return null;
  const value = successes / trials;
  const middle = (value + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half = (Z / (1 + Z ** 2 / trials)) * Math.sqrt((value * (1 - value)) / trials + Z ** 2 / (4 * trials ** 2));
  return { value, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * Mean with a percentile bootstrap interval; the same numbers give the same bounds. Numbers of one group (seeds of one
 * fault, say) are drawn together, since they are not independent.
 */
export function bootstrap(groups: readonly (readonly number[])[]): Interval | null {
  const held = groups.filter((group) => group.length > 0);
  if (held.length === 0) return null;
  const random = createRandom(held.length, 'bootstrap');
  const means = Array.from({ length: DRAWS }, () => mean(held.map(() => random.pick(held)).flat())).sort(
    (a, b) => a - b,
  );
  const at = (share: number) => means[Math.min(DRAWS - 1, Math.floor(share * DRAWS))]!;
  return { value: mean(held.flat()), low: at(0.025), high: at(0.975) };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** `41.0 % (38.1–44.0)`; `–` for none. */
export function percentText(interval: Interval | null): string {
  if (!interval) return '–';
  const percent = (share: number) => (share * 100).toFixed(1);
  return `${percent(interval.value)} % (${percent(interval.low)}–${percent(interval.high)})`;
}

export function numberText(interval: Interval | null, digits = 1): string {
  if (!interval) return '–';
  return `${interval.value.toFixed(digits)} (${interval.low.toFixed(digits)}–${interval.high.toFixed(digits)})`;
}
