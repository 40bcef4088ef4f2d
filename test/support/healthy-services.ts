import { seededRandom } from '../../src/signals/statistics/random.ts';
import type { Behaviour } from './made-series.ts';

/** In bursts: three minutes of each twelve. */
const isBurst = (at: number) => at % 720 < 180;
/** Services that nothing is wrong with, by what is peculiar to them. */
export const HEALTHY: Record<string, (seed: number) => Behaviour> = {
  steady: () => ({ traffic: () => 10, latency: () => 40 }),
  'with a daily rhythm': (seed) => {
    const day = (at: number) => Math.sin((2 * Math.PI * (at + seed * 3_600)) / 86_400);
    return { traffic: (at) => 12 + 8 * day(at), latency: (at) => 40 + 15 * day(at) };
  },
  'in bursts that make it slower and fail more': () => ({
    traffic: (at) => (isBurst(at) ? 24 : 6),
    latency: (at) => (isBurst(at) ? 110 : 40),
    errors: (at) => (isBurst(at) ? 0.06 : 0.005),
  }),
  'with little traffic': () => ({ traffic: () => 0.3, latency: () => 60, spread: 0.8, errors: () => 0.01 }),
  'with almost none': () => ({ traffic: () => 0.02, latency: () => 60, errors: () => 0.05 }),
  'with long tails': () => ({ traffic: () => 8, latency: () => 30, spread: 1.2, errors: () => 0.002 }),
  'that always fails a little': () => ({ traffic: () => 5, latency: () => 50, errors: () => 0.03 }),
  'with noise that wanders': (seed) => {
    const random = seededRandom(seed);
    const walk = [1];
    for (let index = 0; index < 1_000; index++)
      walk.push(Math.min(1.3, Math.max(0.8, walk.at(-1)! + (random() - 0.5) * 0.1)));
    return { traffic: () => 6, latency: (at) => 40 * walk[Math.floor(at / 60)]! };
  },
};
