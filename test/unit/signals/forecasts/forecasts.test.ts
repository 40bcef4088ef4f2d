import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import type { Sample } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { projected } from '../../../../src/signals/forecasts/projection.ts';
import { forecastAsks, readForecasts } from '../../../../src/signals/forecasts/read-forecasts.ts';
import { seededRandom } from '../../../../src/signals/statistics/random.ts';
import { trendOf } from '../../../../src/signals/statistics/theil-sen.ts';
import { answersTo, sceneAt, START } from '../../../support/signal-scene.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const HOUR = 3_600_000;
const settings = DEFAULT_SIGNAL_SETTINGS.forecast;
const line = (hours: number, value: (hour: number) => number, stepMs = 120_000): Sample[] =>
  Array.from({ length: Math.round((hours * HOUR) / stepMs) }, (_, index) => ({
    at: START + index * stepMs,
    value: value((index * stepMs) / HOUR),
  }));
const noise = (seed: number, size: number) => {
  const random = seededRandom(seed);
  return () => size * (random() + random() + random() - 1.5);
};

describe('a trend', () => {
  it('is found through noise and a quarter of samples that lie anywhere, of 20 seeds, and its interval holds it in nine of ten', () => {
    const hits = Array.from({ length: 20 }, (_, seed) => {
      const [shake, random] = [noise(seed + 1, 0.02), seededRandom(seed + 100)];
      const trend = trendOf(
        line(6, (hour) => (random() < 0.25 ? 5 * random() : 0.3 + 0.05 * hour + shake())),
        0.95,
      )!;
      expect(trend.slope * HOUR).toBeGreaterThan(0.04);
      expect(trend.slope * HOUR).toBeLessThan(0.065);
      return trend.slopeLow * HOUR <= 0.05 && trend.slopeHigh * HOUR >= 0.05;
    });
    expect(hits.filter(Boolean).length).toBeGreaterThanOrEqual(18);
  });

  it('does not depend on when it is, and grows with the unit', () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        (list, scale, shift) => {
          const samples = list.map((value, index) => ({ at: index * 1_000, value }));
          const trend = trendOf(samples, 0.95)!;
          const moved = trendOf(
            samples.map(({ at, value }) => ({ at: at + shift, value: value * scale })),
            0.95,
          )!;
          expect(moved.slope).toBeCloseTo(trend.slope * scale, 6);
          expect(moved.slopeLow).toBeCloseTo(trend.slopeLow * scale, 6);
          expect(moved.at).toBe(trend.at + shift);
          expect(trend.slopeLow <= trend.slope && trend.slope <= trend.slopeHigh).toBe(true);
        },
      ),
    );
  });
});

describe('a projection', () => {
  it('tells when the limit is reached, and between when and when', () => {
    const shake = noise(3, 0.01);
    const found = projected(
      line(6, (hour) => 0.4 + 0.05 * hour + shake()),
      1,
      24 * HOUR,
      settings,
    );
    expect(found.state).toBe('reached');
    if (found.state !== 'reached') return;
    expect((found.at - START) / HOUR).toBeCloseTo(12, 0);
    expect(found.from).toBeLessThan(found.at);
    expect(found.to).toBeGreaterThan(found.at);
  });

  it('tells of what began to rise lately, however long it stayed before', () => {
    const late = projected(
      line(6, (hour) => Math.max(0.2, 0.2 + 0.8 * (hour - 5.5))),
      1,
      24 * HOUR,
      settings,
    );
    expect(late.state).toBe('reached');
    if (late.state === 'reached') expect((late.at - START) / HOUR).toBeCloseTo(6.5, 1);
    expect(
      projected(
        line(6, (hour) => (hour > 5.9 ? 0.2 + 6 * (hour - 5.9) : 0.2)),
        1,
        24 * HOUR,
        settings,
      ),
    ).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/too lately for a forecast/) as string,
    });
  });

  it.each([
    ['falls', 'not-soon', line(6, (hour) => 0.9 - 0.05 * hour)],
    ['stays', 'not-soon', line(6, () => 0.9)],
    ['comes there later', 'not-soon', line(6, (hour) => 0.1 + 0.001 * hour)],
    ['is emptied again and again', 'not-soon', line(6, (hour) => 0.5 + 0.3 * (hour % 0.5))],
    ['jumped once', 'not-soon', line(6, (hour) => (hour > 5 ? 0.8 : 0.3))],
    ['has few samples', 'unknown', line(0.3, (hour) => 0.5 + hour)],
    ['is too short', 'unknown', line(0.5, (hour) => 0.5 + 0.05 * hour)],
    ['varies more than it rises', 'unknown', line(1, (hour) => 0.7 + 0.05 * Math.sin(40 * hour) + 0.05 * hour)],
    ['is there', 'reached', line(6, () => 1)],
  ])('of what %s is %s', (_, state, samples) => {
    const found = projected(samples, 1, 24 * HOUR, settings);
    expect(found).toMatchObject({ state });
    if (found.state === 'unknown') expect(found.reason).not.toMatch(/NaN|Infinity/);
  });

  it('of noise around a level tells no day, of 50 seeds', () => {
    const told = Array.from({ length: 50 }, (_, seed) => {
      const shake = noise(seed + 1, 0.1);
      return projected(
        line(6, () => 0.6 + shake()),
        1,
        24 * HOUR,
        settings,
      ).state;
    });
    expect(told.filter((state) => state === 'reached')).toEqual([]);
  });

  it('never throws, and never tells a time before now', () => {
    const sample = fc.record({
      at: fc.integer({ min: 0, max: 1e8 }),
      value: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    });
    const samples = fc.uniqueArray(sample, { selector: ({ at }) => at, maxLength: 90 });
    fc.assert(
      fc.property(samples, fc.double({ min: -10, max: 1e6, noNaN: true }), (list, limit) => {
        const sorted = [...list].sort((a, b) => a.at - b.at);
        const found = projected(sorted, limit, 24 * HOUR, settings);
        if (found.state === 'reached')
          expect(found.from >= found.trend.at && found.at >= found.from && found.to >= found.at).toBe(true);
      }),
    );
  });
});

describe('forecasts', () => {
  const now = START + 6 * HOUR;
  const snapshot = smallCluster();
  const quota: KubeObject = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'room', namespace: 'shop' } };
  const scaler: KubeObject = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
  };
  snapshot.objects.ResourceQuota = [quota];
  snapshot.objects.HorizontalPodAutoscaler = [scaler];
  for (const pod of snapshot.objects.Pod!) pod.spec.containers[0].resources = { limits: { memory: '100Mi' } };
  const scene = sceneAt(now, { view: new ClusterView(snapshot) });
  const rising = (from: number, perHour: number) => line(6, (hour) => from + perHour * hour);
  const read = (series: Parameters<typeof answersTo>[1]) =>
    readForecasts(answersTo(forecastAsks(scene), series), scene);

  it('tell of disks, memory, quotas, autoscalers and certificates, with a chart of what is to come', () => {
    const shop = { namespace: 'shop' };
    const { signals } = read({
      'disk/claims': [{ labels: { ...shop, persistentvolumeclaim: 'data-store-0' }, samples: rising(0.3, 0.05) }],
      'forecast/memory': [
        {
          labels: { ...shop, pod: 'web-5f6d8c7b9-abcd0', container: 'web' },
          samples: rising(40 * 2 ** 20, 5 * 2 ** 20),
        },
      ],
      'forecast/quota': [
        { labels: { ...shop, resourcequota: 'room', resource: 'requests.cpu' }, samples: rising(0.5, 0.05) },
      ],
      'forecast/autoscaler': [{ labels: { ...shop, horizontalpodautoscaler: 'web' }, samples: rising(0.4, 0.06) }],
      'certificate/issued': [
        { labels: { ...shop, name: 'web' }, samples: [{ at: now, value: (now + 20 * 24 * HOUR) / 1_000 }] },
      ],
    });
    expect(signals.every(({ level }) => level === 'forecast')).toBe(true);
    expect(signals.map(({ kind, object }) => `${kind} ${refLabel(object!)}`)).toEqual([
      'certificate Certificate/shop/web',
      'disk PersistentVolumeClaim/shop/data-store-0',
      'memory Deployment/shop/web',
      'quota ResourceQuota/shop/room',
      'autoscaler HorizontalPodAutoscaler/shop/web',
    ]);
    const [, disk] = signals;
    expect(disk!.message).toMatch(
      /^PersistentVolumeClaim\/shop\/data-store-0 is at 59.\d % and is full in 8 h \(8 h to 8 h\), if it goes on as in the last 5.9\d h$/,
    );
    expect(disk!.chart!.lines.map(({ label }) => label)).toEqual([expect.anything(), 'if it goes on like this']);
  });

  it('foretell nothing of what nobody tells of any more', () => {
    const labels = { namespace: 'shop', persistentvolumeclaim: 'data-store-0' };
    const ended = rising(0.3, 0.1).filter(({ at }) => at < now - HOUR);
    const { signals, unjudged } = read({ 'disk/claims': [{ labels, samples: ended }] });
    expect(signals).toEqual([]);
    expect(unjudged).toContainEqual(
      expect.objectContaining({ reason: expect.stringMatching(/nothing was told of it for 1(\.\d+)? h/) as string }),
    );
  });

  it('say where nothing can be foretold, and take no other run of a container for this one', () => {
    const labels = { namespace: 'shop', persistentvolumeclaim: 'data-store-0' };
    const short = rising(0.5, 0.1)
      .slice(0, 8)
      .map(({ at, value }) => ({ at: at + 5.7 * HOUR, value }));
    expect(read({ 'disk/claims': [{ labels, samples: short }] }).unjudged).toContainEqual(
      expect.objectContaining({ reason: expect.stringMatching(/8 samples is too short/) }),
    );
    const pod = snapshot.objects.Pod!.find(({ metadata }) => metadata.name === 'web-5f6d8c7b9-abcd0')!;
    pod.status.containerStatuses = [
      { name: 'web', state: { running: { startedAt: new Date(now - 600_000).toISOString() } } },
    ];
    const memory = [
      {
        labels: { namespace: 'shop', pod: pod.metadata.name, container: 'web' },
        samples: rising(40 * 2 ** 20, 5 * 2 ** 20),
      },
    ];
    expect(read({ 'forecast/memory': memory }).signals).toEqual([]);
  });
});
