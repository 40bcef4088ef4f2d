import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import type { Sample } from '../../../../src/domain/telemetry.ts';
import type { FeatureSeries } from '../../../../src/signals/anomalies/anomaly.ts';
import { anomalyOf } from '../../../../src/signals/anomalies/anomaly.ts';
import { baselineSpan } from '../../../../src/signals/baselines/usual.ts';
import {
  cloudOf,
  distanceFor,
  normalQuantile,
  squaredDistance,
} from '../../../../src/signals/statistics/covariance.ts';
import { IsolationForest } from '../../../../src/signals/statistics/isolation-forest.ts';
import { seededRandom } from '../../../../src/signals/statistics/random.ts';

const MINUTE = 60_000;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' };
const settings = DEFAULT_SIGNAL_SETTINGS;

const normals = (seed: number) => {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
};

/** Latency and CPU follow traffic, as they do in a healthy service; `later` changes what comes after 80 min. */
function made(
  seed: number,
  later: (usual: { traffic: number; latency: number; cpu: number; errors: number }) => object,
): FeatureSeries {
  const normal = normals(seed);
  const lists = {
    latency: [] as Sample[],
    errors: [] as Sample[],
    saturation: [] as Sample[],
    traffic: [] as Sample[],
  };
  for (let at = 0; at <= 90 * MINUTE; at += 30_000) {
    const traffic = 20 + 2 * normal();
    const usual = {
      traffic,
      latency: 40 + traffic + 2 * normal(),
      cpu: 0.02 * traffic + 0.02 * normal(),
      errors: 0.002,
    };
    const now = { ...usual, ...(at > 80 * MINUTE ? later(usual) : {}) };
    lists.traffic.push({ at, value: now.traffic });
    lists.latency.push({ at, value: now.latency });
    lists.saturation.push({ at, value: now.cpu });
    lists.errors.push({ at, value: now.errors });
  }
  return lists;
}

function verdict(series: FeatureSeries, shift = 0) {
  const now = 90 * MINUTE + shift;
  const span = baselineSpan(now, null, settings.baseline);
  return anomalyOf(series, { object, labels: {}, now, span, over: 'over the last hour', settings, marks: [], seed: 1 });
}

describe('an anomaly', () => {
  it('is found where all four move together, and says what moved, of 8 seeds', () => {
    for (const seed of SEEDS) {
      const found = verdict(made(seed, ({ latency }) => ({ latency: latency * 3, errors: 0.08, cpu: 1.2 })));
      expect({ seed, found }).toMatchObject({
        found: { state: 'unusual', signal: { kind: 'anomaly', level: 'early' } },
      });
      if (found.state !== 'unusual') continue;
      expect(found.signal.message).toMatch(
        /^Deployment\/shop\/cart behaves unlike before: .*p99 latency .* against .* over the last hour$/,
      );
    }
  });

  it('is found where traffic falls away', () => {
    expect(verdict(made(1, () => ({ traffic: 0.1, latency: 41, cpu: 0.01 }))).state).toBe('unusual');
  });

  it('is not found in usual noise, nor where the service gets faster, of 8 seeds', () => {
    for (const seed of SEEDS) {
      expect(verdict(made(seed, () => ({}))).state).toBe('usual');
      expect(verdict(made(seed, ({ latency }) => ({ latency: latency / 2 }))).state).toBe('usual');
    }
  });

  it('is unknown with a short history, with one series alone, and without present samples', () => {
    const all = made(1, () => ({}));
    const cut = (from: number, to: number): FeatureSeries =>
      Object.fromEntries(
        Object.entries(all).map(([name, list]) => [name, list.filter(({ at }) => at >= from && at <= to)]),
      );
    expect(verdict(cut(75 * MINUTE, 90 * MINUTE)).state).toBe('unknown');
    expect(verdict({ latency: all.latency! }).state).toBe('unknown');
    expect(verdict(cut(0, 80 * MINUTE))).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/no present/),
    });
  });

  it('does not depend on when it is, nor on the unit of latency, traffic and CPU', () => {
    const broken = ({ latency }: { latency: number }) => ({ latency: latency * 1.6 });
    for (const seed of SEEDS) {
      const series = made(seed, broken);
      const scaled = Object.fromEntries(
        Object.entries(series).map(([name, list]) => [
          name,
          list.map(({ at, value }) => ({ at: at + 7 * MINUTE, value: name === 'errors' ? value : value * 1_000 })),
        ]),
      );
      expect(verdict(scaled, 7 * MINUTE).state).toBe(verdict(series).state);
    }
  });

  it('never throws', () => {
    const samples = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 180 }).map((step) => step * 30_000), value: fc.double() }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(samples, samples, samples, (latency, errors, traffic) => {
        const found = verdict({ latency, errors, traffic });
        if (found.state === 'unusual') expect(found.signal.message).not.toMatch(/NaN/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a cloud', () => {
  it('measures distances in its own spread, along and across what moves together', () => {
    const normal = normals(3);
    const cloud = cloudOf(
      Array.from({ length: 2_000 }, () => [normal(), normal()]).map(([a, b]) => [a!, a! + 0.1 * b!]),
    );
    expect(squaredDistance(cloud, [2, 2])).toBeLessThan(6);
    expect(squaredDistance(cloud, [2, -2])).toBeGreaterThan(100);
  });

  it('has a finite distance also where points are few, equal, or on a line', () => {
    for (const points of [
      [[1, 1, 1]],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [1, 1, 1],
        [2, 2, 2],
        [3, 3, 3],
      ],
    ]) {
      const distance = squaredDistance(cloudOf(points), [9, 9, 9]);
      expect(Number.isFinite(distance) && distance > 0).toBe(true);
    }
  });

  it('takes one point in a hundred for further out than the distance for 1 %', () => {
    const normal = normals(9);
    const draw = () => Array.from({ length: 4 }, normal);
    const cloud = cloudOf(Array.from({ length: 4_000 }, draw));
    const line = distanceFor(0.01, 4);
    expect(line).toBeCloseTo(13.28, 0);
    const out =
      Array.from({ length: 4_000 }, draw).filter((point) => squaredDistance(cloud, point) > line).length / 4_000;
    expect(out).toBeGreaterThan(0.006);
    expect(out).toBeLessThan(0.014);
    expect(normalQuantile(0.975)).toBeCloseTo(1.96, 2);
  });
});

describe('an isolation forest', () => {
  const normal = normals(5);
  const crowd = Array.from({ length: 300 }, () => [normal(), normal(), normal()]);

  it('scores what is alone above all of the crowd, and is the same for the same seed', () => {
    const forest = new IsolationForest(crowd, 7);
    const most = Math.max(...crowd.map((point) => forest.score(point)));
    const alone = forest.score([12, 12, 12]);
    expect(alone).toBeGreaterThan(Math.max(0.6, most));
    expect(new IsolationForest(crowd, 7).score([12, 12, 12])).toBe(alone);
    expect(forest.score([0, 0, 0])).toBeLessThan(0.5);
  });

  it('of one point, or of equal ones, says nothing', () => {
    expect(new IsolationForest([[1, 2]], 1).score([9, 9])).toBe(0.5);
    const same = new IsolationForest([[1], [1], [1], [1]], 1);
    expect(same.score([1])).toBe(same.score([9]));
  });
});
