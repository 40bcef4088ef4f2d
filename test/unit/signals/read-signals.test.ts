import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, Series } from '../../../src/domain/telemetry.ts';
import { chartOf, chartText } from '../../../src/signals/charts/chart.ts';
import { readSignals, signalAsks } from '../../../src/signals/read-signals.ts';
import { madeSeries } from '../../support/made-series.ts';
import { answersTo, requestSeries, sceneAt, START } from '../../support/signal-scene.ts';

const MINUTE = 60_000;

describe('all signals', () => {
  const broken = {
    traffic: () => 10,
    latency: (at: number) => (at > 5_400 ? 200 : 40),
    errors: (at: number) => (at > 5_400 ? 0.3 : 0),
  };

  it('tell once what several judgements find in one object', () => {
    const scene = sceneAt(START + 97 * MINUTE);
    const { signals } = readSignals(
      answersTo(signalAsks(scene), requestSeries(madeSeries(broken, 1, 7_200, START))),
      scene,
    );
    expect(signals.map(({ kind, level }) => `${kind} ${level}`)).toEqual(['latency incident', 'errors incident']);
  });

  it('ask for each thing once, within the time that is judged', () => {
    const scene = sceneAt(START);
    const asks = signalAsks(scene);
    expect(new Set(asks.map(({ key }) => key)).size).toBe(asks.length);
    for (const { window } of asks) {
      expect(window.to).toBe(START);
      expect((window.to - window.from) / window.stepMs).toBeLessThan(11_000);
    }
  });

  it('are no health where nothing was answered', () => {
    const scene = sceneAt(START);
    const down: Answer<Series[]> = { state: 'unknown', reason: 'connection refused' };
    const { signals, unjudged } = readSignals(new Map(signalAsks(scene).map(({ key }) => [key, down])), scene);
    expect(signals).toEqual([]);
    expect(new Set(unjudged.map(({ kind }) => kind))).toEqual(
      new Set(['oom', 'latency', 'errors', 'disk', 'certificate', 'anomaly', 'memory', 'quota', 'autoscaler']),
    );
    expect(readSignals(new Map(), scene).unjudged.length).toBeGreaterThan(8);
  });
});

describe('whatever is answered', () => {
  const name = fc.constantFrom(
    'shop',
    'cart',
    'basket',
    'web-5f6d8c7b9-abcd0',
    'node1',
    '',
    '__proto__',
    'https://x',
    '*',
    '\u001b[2J',
  );
  const label = fc.constantFrom(
    'namespace',
    'service_name',
    'pod',
    'container',
    'instance',
    'name',
    'service',
    'persistentvolumeclaim',
    'node',
    'job',
    'mountpoint',
  );
  const value = fc.oneof(
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.double(),
    fc.constantFrom(0, 1e300, -1e300, 5e9),
  );
  const samples = fc
    .array(value, { maxLength: 150 })
    .map((list) => list.map((one, index) => ({ at: START - (list.length - index) * 30_000, value: one })));
  const series = fc.array(fc.record({ labels: fc.dictionary(label, name), samples }), { maxLength: 3 });

  it('nothing throws, and what is told is fit to be shown', () => {
    const scene = sceneAt(START);
    const asks = signalAsks(scene);
    const answers = fc.array(series, { minLength: asks.length, maxLength: asks.length });
    fc.assert(
      fc.property(answers, (all) => {
        const given = new Map(
          asks.map(({ key }, index): [string, Answer<Series[]>] => [
            key,
            { state: 'ok', value: all[index]!, asOf: START },
          ]),
        );
        for (const { message } of readSignals(given, scene).signals)
          expect(message).toMatch(/^(?!.*(NaN|Infinity|undefined))[^\u0000-\u001f]+$/);
      }),
      { numRuns: 100 },
    );
  });

  it('is judged the same at another time, and latency in another unit', () => {
    const parts = fc.record({
      base: fc.double({ min: 5, max: 50, noNaN: true }),
      rise: fc.double({ min: 0.5, max: 4, noNaN: true }),
      from: fc.integer({ min: 80, max: 100 }),
      shift: fc.integer({ min: 1, max: 10_000 }).map((steps) => steps * 30_000),
      scale: fc.constantFrom(0.01, 1_000),
    });
    fc.assert(
      fc.property(
        parts,
        fc.array(fc.double({ min: 0.8, max: 1.25, noNaN: true }), { minLength: 200, maxLength: 200 }),
        ({ base, rise, from, shift, scale }, noise) => {
          const levels = (by: number, later: number) => {
            const scene = sceneAt(START + later);
            const at = (index: number) => START + later - (200 - index) * 30_000;
            const list = noise.map((one, index) => ({
              at: at(index),
              value: by * base * one * (index >= 2 * from ? rise : 1),
            }));
            const calls = noise.map((_, index) => ({ at: at(index), value: 10 }));
            const made = { p99: list, timed: calls, answered: calls, failed: [] };
            const { signals } = readSignals(answersTo(signalAsks(scene), requestSeries(made)), scene);
            return signals.map(({ kind, level, since }) => [kind, level, since - later]);
          };
          expect(levels(scale, shift)).toEqual(levels(1, 0));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a chart', () => {
  const samples = Array.from({ length: 2_000 }, (_, index) => ({
    at: index * 1_000,
    value: index === 777 ? 99 : index % 7,
  }));

  it('holds what can be drawn, with every peak, and marks within its time', () => {
    const chart = chartOf({
      title: 'p99\u001b[31m',
      unit: 'ms',
      label: 'p99',
      samples,
      threshold: 50,
      usual: { center: 3, deviation: 2, count: 9, over: 'over the last hour' },
      marks: [
        { kind: 'change', at: 500_000, label: 'rollout' },
        { kind: 'fix', at: 9e9, label: 'later' },
      ],
    });
    expect(chart.lines[0]!.samples).toHaveLength(240);
    expect(Math.max(...chart.lines[0]!.samples.map(({ value }) => value))).toBe(99);
    expect(chart).toMatchObject({
      title: 'p99',
      threshold: { value: 50, label: '50 ms' },
      band: { low: 0, high: 9, label: 'usual over the last hour' },
      marks: [{ label: 'rollout' }],
    });
    const [bars, words] = chartText(chart, 40);
    expect(bars).toHaveLength(40);
    expect(words).toBe('0 ms to 99 ms, line at 50 ms, change: rollout');
  });

  it('of nothing says so', () => {
    expect(chartText(chartOf({ title: 'x', unit: 'ms', label: 'x', samples: [] }))).toEqual(['no samples']);
  });
});
