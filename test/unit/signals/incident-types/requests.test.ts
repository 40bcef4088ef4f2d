import { describe, expect, it } from 'vitest';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import type { SignalReading } from '../../../../src/domain/signals.ts';
import { anomalyAsks, readAnomalies } from '../../../../src/signals/anomalies/read-anomalies.ts';
import { errors } from '../../../../src/signals/incident-types/errors.ts';
import type { Answers, Scene } from '../../../../src/signals/incident-types/incident-type.ts';
import { latency } from '../../../../src/signals/incident-types/latency.ts';
import { seasonalAsks } from '../../../../src/signals/incident-types/request-asks.ts';
import type { Behaviour, MadeSeries } from '../../../support/made-series.ts';
import { HEALTHY } from '../../../support/healthy-services.ts';
import { madeSeries } from '../../../support/made-series.ts';
import { answersTo, CART, requestSeries, sceneAt, START } from '../../../support/signal-scene.ts';

const MINUTE = 60_000;
const HOUR_S = 3_600;
const SEEDS = [1, 2, 3, 4, 5, 6];

function read(
  made: MadeSeries,
  now: number,
  more: Partial<Scene> = {},
): Record<'latency' | 'errors' | 'anomaly', SignalReading> {
  const scene = sceneAt(now, more);
  const asks = anomalyAsks(scene);
  const answers: Answers = answersTo(asks, requestSeries(made));
  return {
    latency: latency.judge(answers, scene),
    errors: errors.judge(answers, scene),
    anomaly: readAnomalies(answers, scene),
  };
}

describe('a healthy service', () => {
  it.each(Object.entries(HEALTHY))('%s is no incident in 40 min of 6 seeds, looked at each minute', (_, behaviour) => {
    const found = SEEDS.flatMap((seed) => {
      const made = madeSeries(behaviour(seed), seed, 2 * HOUR_S, START);
      return Array.from({ length: 40 }, (__, minute) => START + (80 + minute) * MINUTE).flatMap((now) =>
        Object.values(read(made, now)).flatMap(({ signals }) => signals.filter(({ level }) => level === 'incident')),
      );
    });
    expect(found.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([]);
  });
});

/** When an incident of a kind is there first after a change at 90 min, in seconds; null for never within ten minutes. */
function foundAfter(behaviour: Behaviour, kind: 'latency' | 'errors', seed: number): number | null {
  const made = madeSeries(behaviour, seed, 2 * HOUR_S, START);
  for (let second = 0; second <= 600; second += 30) {
    const now = START + 90 * MINUTE + second * 1_000;
    if (read(made, now)[kind].signals.some(({ level }) => level === 'incident')) return second;
  }
  return null;
}

const after = (at: number, before: number, then: number) => (at >= 90 * 60 ? then : before);

const STEPS: [name: string, kind: 'latency' | 'errors', behaviour: Behaviour][] = [
  ['latency of all requests doubled', 'latency', { traffic: () => 10, latency: (at) => after(at, 40, 80) }],
  [
    'latency three times as long with little traffic',
    'latency',
    { traffic: () => 1, latency: (at) => after(at, 40, 120) },
  ],
  [
    'a fifth of requests failing',
    'errors',
    { traffic: () => 5, latency: () => 40, errors: (at) => after(at, 0.005, 0.2) },
  ],
  [
    'a third failing with little traffic',
    'errors',
    { traffic: () => 0.5, latency: () => 40, errors: (at) => after(at, 0, 0.33) },
  ],
];

describe('a step', () => {
  it.each(STEPS)('%s is found within its time and two minutes, of 6 seeds', (_, kind, behaviour) => {
    const times = SEEDS.map((seed) => foundAfter(behaviour, kind, seed));
    const most = (kind === 'latency' ? 120 : 60) + 120;
    expect(times.filter((seconds) => seconds !== null && seconds <= most)).toHaveLength(SEEDS.length);
  });

  const slower: Behaviour = { traffic: () => 10, latency: (at) => after(at, 40, 120) };

  it('says what was compared, since when, of which object, with a chart', () => {
    const made = madeSeries(slower, 1, 2 * HOUR_S, START);
    const [signal] = read(made, START + 95 * MINUTE).latency.signals;
    expect(signal!.message).toMatch(
      /^p99 latency of Deployment\/shop\/cart is \d+ ms against \d+(\.\d+)? ± \d+(\.\d+)? ms over the last hour$/,
    );
    expect(refLabel(signal!.object!)).toBe('Deployment/shop/cart');
    expect(Math.abs(signal!.since - (START + 90 * MINUTE))).toBeLessThanOrEqual(MINUTE);
    expect(signal!.threshold).toBeGreaterThan(signal!.usual!.center);
    expect(signal!.chart).toMatchObject({ unit: 'ms', threshold: { value: signal!.threshold } });
  });

  it('is early first, and an incident when it has held', () => {
    const made = madeSeries(slower, 1, 2 * HOUR_S, START);
    const levels = [1, 2, 3, 4].map((minute) => read(made, START + (90 + minute) * MINUTE).latency.signals[0]?.level);
    expect(levels.indexOf('early')).toBe(0);
    expect(levels.at(-1)).toBe('incident');
  });

  it('stays an incident for as long as it lasts where what was usual is kept', () => {
    const made = madeSeries(slower, 1, 4 * HOUR_S, START);
    const late = START + 200 * MINUTE;
    expect(read(made, late).latency.signals).toEqual([]);
    const [kept] = read(made, late, { usualUntil: START + 90 * MINUTE }).latency.signals;
    expect(kept).toMatchObject({ level: 'incident' });
    expect(kept!.message).toMatch(/over the hour before it began$/);
  });

  it('is found again soon after an earlier one of the same size', () => {
    const twice: Behaviour = {
      traffic: () => 10,
      latency: (at) => ((at >= 3_600 && at < 4_200) || at >= 5_400 ? 120 : 40),
    };
    expect(foundAfter(twice, 'latency', 2)).not.toBeNull();
  });

  it('that comes every week at this hour is usual', () => {
    const made = madeSeries(slower, 1, 2 * HOUR_S, START);
    const scene = sceneAt(START + 95 * MINUTE);
    const weekly = seasonalAsks(scene, ['p99']);
    const answers = new Map([
      ...answersTo(latency.asks(scene), requestSeries(made)),
      ...weekly.map(({ key, window }) => {
        const samples = madeSeries({ traffic: () => 10, latency: () => 115 }, 9, HOUR_S, window.from).p99;
        const labels = requestSeries(made)['requests/0/p99'][0]!.labels;
        const value = key.startsWith('requests/0/') ? [{ labels, samples }] : [];
        return [key, { state: 'ok' as const, value, asOf: window.to }] as const;
      }),
    ]);
    expect(latency.judge(answers, scene).signals).toEqual([]);
  });
});

describe('what is not known', () => {
  it.each([
    ['a short history', { traffic: () => 10, latency: () => 40 }, 20 * 60],
    ['too little traffic for a quantile', { traffic: () => 0.1, latency: () => 40 }, 2 * HOUR_S],
  ])('is said: %s', (_, behaviour, seconds) => {
    const made = madeSeries(behaviour, 1, seconds, START);
    const { latency: reading } = read(made, START + seconds * 1_000 - 30_000);
    expect(reading.signals).toEqual([]);
    expect(reading.unjudged).toEqual([
      {
        kind: 'latency',
        object: expect.objectContaining({ name: 'cart' }),
        reason: expect.stringMatching(/too few requests/),
      },
    ]);
  });

  it('is said: no requests any more', () => {
    const made = madeSeries({ traffic: (at) => after(at, 10, 0), latency: () => 40 }, 1, 2 * HOUR_S, START);
    const reading = read(made, START + 110 * MINUTE);
    expect(reading.latency.unjudged).toHaveLength(1);
    expect(reading.errors.unjudged).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/no requests/) }),
    ]);
  });

  it('is said: failures that may be among those that were left out', () => {
    const scene = sceneAt(START + 100 * 60_000);
    const answered = { labels: CART, samples: [{ at: scene.now, value: 10 }] };
    const answers: Answers = new Map([
      ['requests/0/answered', { state: 'ok', value: [answered], asOf: 0 }],
      ['requests/0/failed', { state: 'ok', value: [], asOf: 0, cut: 'only 10000 of 20000 series are taken' }],
    ]);
    const { unjudged } = errors.judge(answers, scene);
    expect(unjudged[0]).toMatchObject({
      reason: expect.stringMatching(/^failed requests of .*cart are not here: only 10000/) as string,
    });
  });

  it('is said: an answer that did not come, one that was cut, one that was not asked for', () => {
    const scene = sceneAt(START);
    const answers: Answers = new Map([
      ['requests/0/p99', { state: 'unknown', reason: 'Prometheus did not answer in 10 s' }],
      ['requests/1/p99', { state: 'ok', value: [], asOf: 0 }],
      ['requests/2/p99', { state: 'absent', reason: 'no metrics are connected' }],
      [
        'requests/3/p99',
        { state: 'ok', value: [{ labels: {}, samples: [] }], asOf: 0, cut: 'more than 10,000 series' },
      ],
    ]);
    const { signals, unjudged, absent } = latency.judge(answers, scene);
    expect(signals).toEqual([]);
    expect(unjudged.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/did not answer in 10 s/),
      expect.stringMatching(/more than 10,000 series/),
      expect.stringMatching(/was not asked for/),
    ]);
    expect(absent).toEqual([
      expect.stringMatching(/^nobody exports \w+$/),
      expect.stringMatching(/no metrics are connected/),
      expect.stringMatching(/^nobody exports \w+ of shop$/),
    ]);
  });

  it('does not make errors out of a history that is not there, but shows them', () => {
    const made = madeSeries({ traffic: () => 10, latency: () => 40, errors: () => 0.4 }, 1, 15 * 60, START);
    const { errors: reading } = read(made, START + 14 * MINUTE);
    expect(reading.signals).toEqual([
      expect.objectContaining({ level: 'early', message: expect.stringMatching(/not known yet/) }),
    ]);
    expect(reading.unjudged).toHaveLength(1);
  });
});

describe('series of others', () => {
  const made = madeSeries({ traffic: () => 10, latency: (at) => after(at, 40, 200) }, 1, 2 * HOUR_S, START);
  const now = START + 100 * MINUTE;
  const levelOf = (labels: Record<string, string>) => {
    const scene = sceneAt(now);
    return latency
      .judge(answersTo(latency.asks(scene), requestSeries(made, labels)), scene)
      .signals.map(({ level }) => level);
  };

  it('in another namespace are left out, those that do not say where are early signs', () => {
    expect(levelOf({ service_name: 'web', k8s_namespace_name: 'blog' })).toEqual([]);
    expect(levelOf({ service_name: 'somewhere' })).toEqual(['early']);
    expect(levelOf({ service_name: 'basket' })).toEqual(['incident']);
  });
});
