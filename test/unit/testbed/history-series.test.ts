import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Past, type LiveSeries } from '../../testbed/telemetry/history-series.ts';

const NOW = 1_750_000_000;
const bounds = ['0.01', '0.1', '1', '+Inf'];

interface Line {
  series: string;
  name: string;
  value: number;
  time: number;
}

function parse(lines: Iterable<string>): Line[] {
  return [...lines].map((line) => {
    const [, name = '', labels = '', value, time] = /^(\w+)\{(.*)\} (\S+) (\d+)\n$/.exec(line) ?? [];
    return { series: `${name}{${labels}}`, name, value: Number(value), time: Number(time) };
  });
}

function live(name: string, labels: Record<string, string>, values: number[]): LiveSeries {
  return {
    labels: { __name__: name, ...labels },
    samples: values.map((value, index) => [NOW - 60 + index * 5, value]),
  };
}

const growth = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 2, maxLength: 12 });
/** Cumulative in time and over buckets. */
const histogram = growth.map((steps): LiveSeries[] => {
  let total = 0;
  const totals = steps.map((step) => (total += step));
  const share = [0.5, 0.8, 0.95, 1];
  const labels = { service: 'geo' };
  return [
    ...bounds.map((le, at) =>
      live(
        'request_seconds_bucket',
        { ...labels, le },
        totals.map((sum) => sum * share[at]!),
      ),
    ),
    live('request_seconds_sum', labels, totals),
    live('request_seconds_count', labels, totals),
  ];
});

function chance(): () => number {
  let state = 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

it('keeps buckets cumulative, counters growing and times ascending, over several parts', () => {
  fc.assert(
    fc.property(histogram, growth, (series, values) => {
      const counter = live(
        'calls_total',
        { service: 'geo' },
        values.toSorted((a, b) => a - b),
      );
      const past = new Past([...series, counter], NOW, chance());
      const lines = parse([...past.lines(NOW - 200, NOW - 100, 15), ...past.lines(NOW - 100, NOW, 15)]);
      for (const own of Map.groupBy(lines, (line) => line.series).values()) {
        for (const [index, line] of own.slice(1).entries()) {
          expect(line.time).toBeGreaterThan(own[index]!.time);
          expect(line.value).toBeGreaterThanOrEqual(own[index]!.value);
        }
      }
      for (const [, at] of Map.groupBy(
        lines.filter(({ name }) => name.endsWith('_bucket')),
        (line) => line.time,
      )) {
        const sorted = bounds.map((le) => at.find((line) => line.series.includes(`le="${le}"`))!.value);
        for (const [index, value] of sorted.slice(1).entries()) {
          expect(value).toBeGreaterThanOrEqual(sorted[index]! - 1e-4);
        }
      }
    }),
  );
});

it('leaves a gauge that stands still where it stands, and ends before the live samples', () => {
  const past = new Past([live('limit_bytes', { pod: 'a"b' }, [64, 64, 64])], NOW, chance());
  const lines = parse(past.lines(NOW - 60, NOW, 15));
  expect(lines.map(({ value }) => value)).toEqual([64, 64, 64, 64]);
  expect(lines.every(({ time }) => time < NOW)).toBe(true);
  expect(lines[0]!.series).toBe('limit_bytes{pod="a\\"b"}');
});
