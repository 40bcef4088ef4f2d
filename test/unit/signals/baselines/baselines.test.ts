import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import type { Sample } from '../../../../src/domain/telemetry.ts';
import { inOrder, ratesOf } from '../../../../src/signals/baselines/rates.ts';
import { episodes, sustained } from '../../../../src/signals/baselines/sustained.ts';
import { baselineSpan, rollingUsual, seasonalSpans, seasonalUsual } from '../../../../src/signals/baselines/usual.ts';

const settings = DEFAULT_SIGNAL_SETTINGS.baseline;
const MINUTE = 60_000;
const list = (values: readonly number[], stepMs = 30_000, from = 0): Sample[] =>
  values.map((value, index) => ({ at: from + index * stepMs, value }));

describe('rates of a counter', () => {
  it('are what it counts a second; a reset begins from 0, a hole is left open', () => {
    const samples = [...list([0, 30, 60, 5, 35], 10_000), { at: 500_000, value: 900 }, { at: 510_000, value: 910 }];
    expect(ratesOf({ labels: {}, samples }).samples).toEqual([
      { at: 10_000, value: 3 },
      { at: 20_000, value: 3 },
      { at: 30_000, value: 0.5 },
      { at: 40_000, value: 3 },
      { at: 510_000, value: 1 },
    ]);
  });

  it('are never negative, whatever the samples and their order', () => {
    const sample = fc.record({ at: fc.oneof(fc.integer(), fc.double()), value: fc.oneof(fc.nat(), fc.double()) });
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        const { samples: rates } = ratesOf({ labels: {}, samples });
        expect(rates.every(({ value }) => value >= 0)).toBe(true);
        expect(ratesOf({ labels: {}, samples: [...samples].reverse() }).samples).toEqual(rates);
      }),
    );
  });
});

describe('what is usual', () => {
  const now = 100 * MINUTE;
  const hour = (value: (index: number) => number) => list(Array.from({ length: 200 }, (_, index) => value(index)));

  it('is the middle of the hour before, and not moved by an incident in it', () => {
    const span = baselineSpan(now, null, settings);
    const calm = rollingUsual(
      hour((index) => 95 + (index % 5) * 6),
      span,
      now,
      settings,
    );
    const incident = rollingUsual(
      hour((index) => (index > 60 && index < 85 ? 2_000 : 95 + (index % 5) * 6)),
      span,
      now,
      settings,
    );
    expect(calm).toMatchObject({ center: 107, over: 'over the last hour' });
    expect(Math.abs(incident!.center - calm!.center)).toBeLessThan(7);
    expect(incident!.deviation).toBeLessThan(2.1 * calm!.deviation);
  });

  it('ends where something began, and leaves out what is judged', () => {
    const steps = hour((index) => (index >= 120 ? 900 : 100));
    expect(rollingUsual(steps, baselineSpan(now, 60 * MINUTE, settings), now, settings)).toMatchObject({
      center: 100,
      over: expect.stringMatching(/before it began$/),
    });
    expect(baselineSpan(now, null, settings)).toEqual({ from: 30 * MINUTE, to: 90 * MINUTE, isFrozen: false });
    expect(baselineSpan(now, now, settings).isFrozen).toBe(false);
  });

  it('is not known with fewer than 30 samples', () => {
    const span = baselineSpan(now, null, settings);
    expect(rollingUsual(list(Array(29).fill(1), 30_000, 40 * MINUTE), span, now, settings)).toBeNull();
    expect(rollingUsual(list(Array(30).fill(1), 30_000, 40 * MINUTE), span, now, settings)).toMatchObject({
      count: 30,
    });
  });

  it('of an hour of the week takes two weeks at least, each counting the same', () => {
    const week = (value: number, count = 60) => list(Array(count).fill(value));
    expect(seasonalUsual([week(50)], settings)).toBeNull();
    expect(seasonalUsual([week(50), week(60, 5)], settings)).toBeNull();
    expect(seasonalUsual([week(50, 600), week(60, 20), week(60, 20)], settings)).toMatchObject({
      center: 60,
      over: 'at this hour of the week in 3 earlier weeks',
    });
    expect(seasonalSpans(1e12, settings).map(({ from, to }) => [from + to, to - from])).toEqual(
      [1, 2, 3].map((weeks) => [2 * (1e12 - weeks * 7 * 86_400_000), 3_600_000]),
    );
  });

  it('moves with time and grows with the unit', () => {
    const values = fc.array(fc.double({ min: 1, max: 1_000, noNaN: true }), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.001, 1_000), fc.integer({ min: -1e6, max: 1e6 }), (all, scale, shift) => {
        const at = (time: number, by: number) =>
          list(
            all.map((value) => value * by),
            30_000,
            30 * MINUTE + time,
          );
        const plain = rollingUsual(at(0, 1), baselineSpan(now, null, settings), now, settings)!;
        const moved = rollingUsual(at(shift, scale), baselineSpan(now + shift, null, settings), now + shift, settings)!;
        expect(moved.center / scale).toBeCloseTo(plain.center, 6);
        expect(moved.deviation / scale).toBeCloseTo(plain.deviation, 6);
        expect(moved.over).toBe(plain.over);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a condition', () => {
  const high = ({ value }: Sample) => value > 1;
  const at = (values: readonly number[], now = (values.length - 1) * 30_000) =>
    sustained(list(values), high, now, 30_000, 60_000);

  it('holds since it last began, and is held when that is long enough', () => {
    expect(at([0, 2, 0, 2, 2])).toEqual({ state: 'yes', since: 90_000, held: false });
    expect(at([0, 2, 2, 2])).toEqual({ state: 'yes', since: 30_000, held: true });
    expect(at([2, 2, 2, 0])).toEqual({ state: 'no' });
  });

  it('is unknown without samples, and when the last is too old', () => {
    expect(at([])).toEqual({ state: 'unknown', lastAt: null });
    expect(at([2, 2, 2], 10 * MINUTE)).toEqual({ state: 'unknown', lastAt: 60_000 });
  });

  it('does not hold through a long hole', () => {
    const samples = [...list([2, 2, 2]), ...list([2, 2], 30_000, 20 * MINUTE)];
    expect(sustained(samples, high, 20 * MINUTE + 30_000, 30_000, 60_000)).toMatchObject({
      since: 20 * MINUTE,
      held: false,
    });
  });

  it('came and went as often as it has runs', () => {
    expect(episodes(list([2, 2, 0, 2, 0, 0, 2]), high)).toBe(3);
    expect(
      inOrder([
        { at: 2, value: 1 },
        { at: 1, value: Number.NaN },
        { at: 0, value: 1 },
        { at: 2, value: 3 },
      ]),
    ).toEqual([
      { at: 0, value: 1 },
      { at: 2, value: 3 },
    ]);
  });
});
