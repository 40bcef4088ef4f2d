import { describe, expect, it } from 'vitest';
import type { OracleVerdict } from '../../../src/domain/ports.ts';
import type { Alert, AlertSource, Answer, MetricSource, Series } from '../../../src/domain/telemetry.ts';
import { AlertOracle } from '../../../src/severity/alert-oracle.ts';
import { SignalOracle } from '../../../src/severity/signal-oracle.ts';
import { SloOracle } from '../../../src/severity/slo-oracle.ts';
import { parseSlo } from '../../../src/severity/slo-spec.ts';
import { OneClusterMetrics } from '../../../src/telemetry/clusters/one-cluster-metrics.ts';
import { OwnCluster } from '../../../src/telemetry/clusters/own-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { madeSeries } from '../../support/made-series.ts';
import { requestSeries, START } from '../../support/signal-scene.ts';
import { SignalSource } from '../../support/signal-source.ts';
import { smallCluster } from '../../support/small-cluster.ts';
import { family, HeldClusters, marked } from '../../support/telemetry/held-clusters.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;
const EU = { cluster: 'eu' };
const US = { cluster: 'us' };

/** A server on which the cart of the cluster `us` has become slow, and that of `eu` has not; it says so without a difference where none is asked for. */
class TwoShops implements MetricSource {
  readonly name = 'Thanos';
  readonly lagMs = 15_000;
  readonly held: HeldClusters;
  readonly #shops: Record<string, SignalSource>;

  constructor(clock: FakeClock, held: HeldClusters) {
    this.held = held;
    const shop = (slow: number, seed: number) =>
      new SignalSource(
        clock,
        requestSeries(
          madeSeries({ traffic: () => 10, latency: (at) => (at >= 5_400 ? 40 * slow : 40) }, seed, 10_800, START),
        ),
      );
    this.#shops = { eu: shop(1, 1), us: shop(5, 2) };
  }

  instant(query: string): Promise<Answer<Series[]>> {
    return this.held.instant(query);
  }

  range(query: string, window: { from: number; to: number; stepMs: number }): Promise<Answer<Series[]>> {
    const [matcher, cluster = 'us'] = /cluster="(\w+)",?/.exec(query) ?? [];
    const plain = matcher === undefined ? query : query.replaceAll(matcher, '').replaceAll('{}', '');
    return this.#shops[cluster]!.range(plain, window);
  }

  link(): null {
    return null;
  }
}

function world(marks: Series[], census = family('kube_node_info', EU, US)) {
  const clock = new FakeClock(START + 110 * MINUTE);
  const server = new TwoShops(clock, new HeldClusters(census, marks));
  const cluster = new OwnCluster({ metrics: server, marks: async () => ({ pods: [{ namespace: 'shop', name: 'a', uid: 'aaaa-bbbb', isOld: true }], nodes: [] }), clock });
  const metrics = new OneClusterMetrics(server, cluster);
  const snapshot = { ...smallCluster(), takenAt: new Date(clock.now()).toISOString() };
  return { clock, metrics, snapshot, server };
} // prettier-ignore

const told = (verdict: OracleVerdict) => ('items' in verdict ? verdict.items.map(({ what }) => what) : verdict.reason);

describe('metrics of several clusters', () => {
  const signalsOf = async (marks: Series[], census?: Series[]) => {
    const { clock, metrics, snapshot } = world(marks, census);
    return new SignalOracle({ metrics, alerts: null, clock, judgesChanges: true }).evaluate(snapshot, never);
  };

  it('are judged by ours: what is wrong elsewhere is nothing that is wrong here', async () => {
    expect(told(await signalsOf(marked('own_pod', EU)))).toEqual([]);
    expect(told(await signalsOf(marked('own_pod', US)))).toEqual(['latency']);
  });

  it('make severity unknown where ours is not certain', async () => {
    const verdict = await signalsOf([]);
    expect(verdict.state).toBe('unknown');
    expect(told(verdict)).toMatch(
      /^Thanos holds several clusters \(cluster: eu, us\).*: give --telemetry-cluster LABEL=VALUE$/,
    );
  });

  it('leave objectives as people wrote them, and say so once', async () => {
    const { clock, metrics, snapshot, server } = world(marked('own_pod', EU));
    const specs = [parseSlo('a=sum(x) >= 1'), parseSlo('b=sum(y) >= 1'), parseSlo('c=sum(z{cluster="eu"}) >= 1')];
    server.held.rest = [{ labels: {}, samples: [{ at: 0, value: 1 }] }];
    const verdict = await new SloOracle(specs, metrics.asWritten, clock).evaluate(snapshot, never);
    expect(verdict).toMatchObject({
      state: 'ok',
      notes: ['SLO a: it is asked as it is written, of a server that holds several clusters (cluster: eu, us)'],
    });
  });
});

describe('alerts of which it is not known whether they are ours', () => {
  const alert = (name: string, labels: Record<string, string>): Alert => ({
    name,
    state: 'firing',
    labels: { alertname: name, ...labels },
    annotations: {},
    startsAt: 0,
    fingerprint: `${name} ${JSON.stringify(labels)}`,
  });
  const HERE = { namespace: 'shop', cluster: 'us' };

  function oracleOf(doubtful: () => Alert[], judges = true) {
    const clock = new FakeClock();
    const source: AlertSource = {
      name: 'Alertmanager',
      timing: { lagMs: 10_000, settleMs: 60_000 },
      alerts: async () => {
        const alerts = doubtful();
        const names = alerts.length > 0 ? { names: { doubtful: { alerts, reason: 'of several clusters' } } } : {};
        return { state: 'ok', value: [], asOf: clock.now(), ...names };
      },
    };
    const oracle = new AlertOracle(source, clock, judges);
    return async () => {
      await clock.advance(20_000);
      return oracle.evaluate({ ...smallCluster(), takenAt: new Date(clock.now()).toISOString() }, never);
    };
  }

  it('are known in part from the beginning, and unknown once there are more', async () => {
    let alerts = [alert('A', HERE)];
    const look = oracleOf(() => alerts);
    expect(await look()).toMatchObject({ state: 'ok', items: [], notes: ['of several clusters'] });
    alerts = [];
    expect(await look()).toMatchObject({ state: 'ok' });
    alerts = [alert('A', { ...HERE, cluster: 'eu' })];
    expect(await look()).toEqual({ state: 'unknown', reason: 'of several clusters' });
  });

  it('are nothing where they would not be of the scope', async () => {
    let alerts: Alert[] = [];
    const look = oracleOf(() => alerts);
    expect(await look()).toMatchObject({ state: 'ok' });
    alerts = [alert('A', { namespace: 'billing', cluster: 'us' })];
    const verdict = await look();
    expect(verdict).toMatchObject({ state: 'ok', items: [] });
    expect(verdict).not.toHaveProperty('notes');
  });

  it('are told to who only looks', async () => {
    let alerts: Alert[] = [];
    const look = oracleOf(() => alerts, false);
    await look();
    alerts = [alert('A', HERE)];
    expect(await look()).toMatchObject({ state: 'ok', notes: ['of several clusters'] });
  });
});
