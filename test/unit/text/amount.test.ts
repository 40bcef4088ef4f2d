import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountPair, amountText, durationText } from '../../../src/text/amount.ts';
import { sparkline } from '../../../src/text/sparkline.ts';

describe('amounts', () => {
  it.each([
    [412.4, 'ms', '412 ms'],
    [1_340, 'ms', '1.34 s'],
    [0.0523, 'ratio', '5.23 %'],
    [1.5 * 2 ** 30, 'bytes', '1.5 GiB'],
    [900, 'bytes', '900 B'],
    [14, 'per-second', '14 a second'],
    [13, 'days', '13 days'],
    [0.5, 'days', '12 h'],
    [-0.5, 'days', '-12 h'],
    [3, 'count', '3'],
    [0, 'ratio', '0 %'],
    [Number.NaN, 'ms', 'an unknown amount'],
    [1.7e307, 'ratio', 'an unknown amount'],
  ] as const)('%d %s is %s', (value, unit, text) => {
    expect(amountText(value, unit)).toBe(text);
  });

  it('share a unit with their spread', () => {
    expect(amountPair(95.2, 12, 'ms')).toBe('95.2 ± 12 ms');
    expect(amountPair(0, 0.005, 'ratio')).toBe('0 ± 0.5 %');
    expect(amountPair(1_500, 20, 'ms')).toBe('1.5 ± 0.02 s');
    expect(durationText(5.5 * 3_600_000)).toBe('5.5 h');
  });
});

describe('a sparkline', () => {
  it('goes from the lowest to the highest, with gaps, and keeps peaks', () => {
    expect(sparkline([0, 1, null, 7])).toBe('▁▂ █');
    expect(sparkline([5, 5])).toBe('▅▅');
    expect(sparkline([0, 0, 9, 0, 0, 0], 3)).toBe('▁█▁');
    expect(sparkline([null, Number.NaN])).toBe('');
  });

  it('is never wider than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double(), fc.constant(null))),
        fc.integer({ min: 1, max: 80 }),
        (values, width) => {
          const line = sparkline(values, width);
          expect(line.length).toBeLessThanOrEqual(width);
          expect(line).toMatch(/^[▁▂▃▄▅▆▇█ ]*$/);
        },
      ),
    );
  });
});
