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
