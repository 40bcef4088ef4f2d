import { describe, expect, it } from 'vitest';
import { bootstrap, numberText, percentText, wilson } from '../../catalogue/run/intervals.ts';

describe('Wilson’s interval', () => {
  it('is that of published examples', () => {
    // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for (const [successes, trials, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const found = wilson(successes, trials)!;
      expect(found.low).toBeCloseTo(low, 4);
      expect(found.high).toBeCloseTo(high, 4);
    }
  });

  it('says nothing of no trials', () => {
    expect(wilson(0, 0)).toBeNull();
    expect(percentText(null)).toBe('–');
  });

  it('is told in percent', () => {
    expect(percentText(wilson(81, 263))).toBe('30.8 % (25.5–36.6)');
  });
});

describe('bootstrap', () => {
  it('is a point where all numbers are alike', () => {
    expect(bootstrap([[3], [3, 3], [3]])).toEqual({ value: 3, low: 3, high: 3 });
  });

  it('is the same whenever it is drawn, and holds the mean', () => {
    const groups = [[1, 2], [4], [3, 9, 2], [], [7]];
    const first = bootstrap(groups)!;
    expect(bootstrap(groups)).toEqual(first);
    expect(first.value).toBe(4);
    expect(first.low).toBeLessThan(4);
    expect(first.high).toBeGreaterThan(4);
    expect(numberText(first)).toMatch(/^4\.0 \(\d\.\d–\d\.\d\)$/);
  });

  it('draws numbers of one group together', () => {
    const alone = bootstrap(Array.from({ length: 20 }, (_, index) => [index % 2]))!;
    const together = bootstrap([Array.from({ length: 10 }, () => 0), Array.from({ length: 10 }, () => 1)])!;
    expect(together.high - together.low).toBeGreaterThan(alone.high - alone.low);
  });

  it('says nothing of no numbers', () => {
    expect(bootstrap([[], []])).toBeNull();
  });
});
