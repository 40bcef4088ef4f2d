import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialTail, moreThan, wilsonLower } from '../../../src/signals/statistics/binomial.ts';
import { seededRandom } from '../../../src/signals/statistics/random.ts';
import { quantileOf, robustSpread, sortedFinite } from '../../../src/signals/statistics/robust.ts';

describe('robust statistics', () => {
  it('are not moved by four in ten that lie anywhere', () => {
    const usual = Array.from({ length: 60 }, (_, index) => 95 + (index % 5));
    const { center, deviation } = robustSpread([...usual, ...Array.from({ length: 40 }, () => 1e9)]);
    expect(center).toBeLessThan(100);
    expect(deviation).toBeLessThan(6);
  });

  it('still see a spread where most values are equal', () => {
    expect(robustSpread([0, 0, 0, 0, 0, 0, 4]).deviation).toBeGreaterThan(0.5);
    expect(robustSpread([7, 7, 7])).toEqual({ center: 7, deviation: 0 });
    expect(robustSpread([])).toEqual({ center: Number.NaN, deviation: 0 });
  });

  it('give quantiles between the ends, and never more for a smaller part', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, part) => {
          const sorted = sortedFinite(values);
          const value = quantileOf(sorted, part);
          expect(value >= sorted[0]! && value <= sorted.at(-1)!).toBe(true);
          expect(value <= quantileOf(sorted, Math.min(1, part + 0.1))).toBe(true);
        },
      ),
    );
  });
});

describe('chances', () => {
  it('are those of the binomial law', () => {
    expect(binomialTail(3, 3, 0.5)).toBeCloseTo(0.125, 10);
    expect(binomialTail(8, 10, 0.5)).toBeCloseTo(56 / 1024, 10);
    expect(binomialTail(40, 1_000, 0.02)).toBeCloseTo(4.1e-5, 5);
    expect(moreThan(10, 100, 0, 100)).toBeCloseTo(2 ** -10, 10);
    expect(moreThan(0, 100, 5, 100)).toBe(1);
  });

  it('lie between 0 and 1 whatever is counted, and fall as more is seen', () => {
    const count = fc.nat(2_000);
    fc.assert(
      fc.property(count, count, count, count, (hits, size, others, otherSize) => {
        const chance = moreThan(hits, size, others, otherSize);
        expect(chance >= 0 && chance <= 1).toBe(true);
        expect(moreThan(hits + 1, size, others, otherSize) <= chance + 1e-9).toBe(true);
      }),
    );
  });

  it('tell how much fails at least: less than what was seen, nearer with more requests', () => {
    expect(wilsonLower(5, 50, 3)).toBeCloseTo(0.0289, 4);
    expect(wilsonLower(5_000, 50_000, 3)).toBeCloseTo(0.096, 3);
    expect(wilsonLower(1, 0, 3)).toBe(0);
  });
});

it('seeded numbers are the same for the same seed, and even', () => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  const drawn = Array.from({ length: 10_000 }, a);
  expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, b));
  expect(drawn.reduce((sum, value) => sum + value, 0) / 10_000).toBeCloseTo(0.5, 1);
  expect(Math.min(...drawn) >= 0 && Math.max(...drawn) < 1).toBe(true);
});
