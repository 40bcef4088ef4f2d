import fc from 'fast-check';
import { expect, it } from 'vitest';
import { thinned } from '../../../src/domain/thinned.ts';

it('thinned samples are few, in order, of those that were given, and lose neither peak nor trough', () => {
  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 });
  fc.assert(
    fc.property(values, fc.integer({ min: 2, max: 100 }), (all, most) => {
      const samples = all.map((value, at) => ({ at, value }));
      const few = thinned(samples, most);
      expect(few.length).toBeLessThanOrEqual(Math.max(most, 2));
      expect(few.every((sample, index) => index === 0 || few[index - 1]!.at < sample.at)).toBe(true);
      expect(few.every((sample) => samples.includes(sample))).toBe(true);
      const found = few.map(({ value }) => value);
      expect([Math.min(...found), Math.max(...found)]).toEqual([Math.min(...all), Math.max(...all)]);
    }),
  );
});
