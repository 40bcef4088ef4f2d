import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterMarks } from '../../../../src/telemetry/clusters/cluster-queries.ts';
import { OneClusterMetrics } from '../../../../src/telemetry/clusters/one-cluster-metrics.ts';
import { clusterNote, OwnCluster } from '../../../../src/telemetry/clusters/own-cluster.ts';
import { parseCluster } from '../../../../src/telemetry/settings/cluster-setting.ts';
import type { ClusterSetting } from '../../../../src/telemetry/settings/cluster-setting.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { family, HeldClusters, marked } from '../../../support/telemetry/held-clusters.ts';

const never = new AbortController().signal;
const WINDOW = { from: 0, to: 60_000, stepMs: 15_000 };
const EU = { cluster: 'eu' };
const US = { cluster: 'us' };
const MARKS: ClusterMarks = {
  pods: [
    { namespace: 'shop', name: 'db-0', uid: '0f0f0f0f-1111', isOld: true },
    { namespace: 'shop', name: 'web.1', uid: '0f0f0f0f-2222', isOld: false },
  ],
  nodes: [{ name: 'n1', uuid: 'EC2-3333-4444', isOld: true }],
};

let clock: FakeClock;
let server: HeldClusters;
beforeEach(() => {
  clock = new FakeClock();
  server = new HeldClusters(family('kube_node_info', EU, US), marked('own_pod', EU));
});

const clusterOf = (text?: string, marks = async () => MARKS) =>
  new OwnCluster({
    metrics: server,
    marks,
    clock,
    ...(text === undefined ? {} : { setting: parseCluster(text) as ClusterSetting }),
  });
const metricsOf = (...args: Parameters<typeof clusterOf>) => new OneClusterMetrics(server, clusterOf(...args));

describe('a metric server of which one cluster is seen', () => {
  it('is asked for that one only, in links, too', async () => {
    const metrics = metricsOf();
    await metrics.instant('sum(up)', never);
    await metrics.range('rate(a_total[5m])', WINDOW, never);
    expect(server.others).toEqual(['sum(up{cluster="eu"})', 'rate(a_total{cluster="eu"}[5m])']);
    expect(metrics.link('up', WINDOW)).toBe('http://thanos.example/up{cluster="eu"}');
  });

  it('is asked by what nobody else has, and once in a minute', async () => {
    const metrics = metricsOf();
    await Promise.all([metrics.instant('a', never), metrics.instant('b', never)]);
    const [census, marks, presence, ...more] = server.asked.filter((query) => !server.others.includes(query));
    expect(more).toEqual([]);
    expect(census).toMatch(
      /^topk by \(__name__\) \(50, count by \(__name__, cluster, cluster_name, .*namespace=~"shop"/,
    );
    expect(marks).toContain('kube_pod_info{uid=~"0f0f0f0f-1111|0f0f0f0f-2222"}');
    expect(marks).toContain('target_info{k8s_pod_uid=~"0f0f0f0f-1111|0f0f0f0f-2222"}');
    expect(marks).toContain(
      'container_memory_working_set_bytes{namespace=~"shop",pod=~"db-0|web\\\\.1",id=~".*(0f0f0f0f-1111|0f0f0f0f-2222|0f0f0f0f_1111|0f0f0f0f_2222).*"}',
    );
    expect(marks).toContain('kube_node_info{system_uuid=~"EC2-3333-4444"}');
    // A pod that has just come may have followed one of its name.
    expect(marks).toContain(
      'kube_pod_info{namespace=~"shop",pod=~"db-0",exported_pod="",uid!="",uid!~"0f0f0f0f-1111|0f0f0f0f-2222"}',
    );
    expect(marks).toContain('kube_node_info{node=~"n1",exported_node="",system_uuid!="",system_uuid!~"EC2-3333-4444"}');
    expect(presence).toMatch(/^count\(\{__name__=~".*",cluster="eu"\}\)$/);
    await clock.advance(59_000);
    await metrics.instant('c', never);
    expect(server.asked.length - server.others.length).toBe(3);
    await clock.advance(1_000);
    await metrics.instant('d', never);
    expect(server.asked.length - server.others.length).toBe(6);
  });

  it('follows a label that changes, and says nothing while there are two', async () => {
    const metrics = metricsOf();
    await metrics.instant('a', never);
    const renamed = { cluster: 'eu-1' };
    server.census = family('kube_node_info', EU, renamed, US);
    server.marks = marked('own_pod', EU, renamed);
    await clock.advance(60_000);
    expect(await metrics.instant('a', never)).toMatchObject({ state: 'unknown' });
    server.marks = marked('own_pod', renamed);
    await clock.advance(5_000);
    await metrics.instant('a', never);
    expect(server.others).toEqual(['a{cluster="eu"}', 'a{cluster="eu-1"}']);
  });

  it('says nothing from when another cluster comes to it', async () => {
    server.census = family('kube_node_info', {});
    server.marks = [];
    const metrics = metricsOf();
    expect(await metrics.instant('a', never)).toMatchObject({ state: 'ok' });
    server.census = family('kube_node_info', {}, US);
    await clock.advance(60_000);
    expect(await metrics.instant('a', never)).toMatchObject({
      state: 'unknown',
      reason: /none of it can be shown/ as never,
    });
    expect(metrics.link('a', WINDOW)).toBeNull();
  });

  it.each([
    [{ state: 'unknown' as const, reason: 'Thanos is down' }, 'whether Thanos holds several clusters is not known: Thanos is down'],
    [{ state: 'ok' as const, value: [], asOf: 0, cut: 'store a is down' }, 'whether Thanos holds several clusters is not known: store a is down'],
  ])('is unknown where that cannot be found out', async (answer, reason) => {
    server.instead = answer;
    expect(await metricsOf().instant('a', never)).toEqual({ state: 'unknown', reason });
  }); // prettier-ignore

  it('is unknown where nothing has the value that the settings name', async () => {
    server.marks = [];
    server.presence = [];
    expect(await metricsOf('cluster=nowhere').instant('a', never)).toEqual({
      state: 'unknown',
      reason: 'Thanos has nothing with cluster="nowhere"; it has cluster: eu, us: see --telemetry-cluster',
    });
  });

  it('is unknown where a value does not come back as it came', async () => {
    const odd = { cluster: 'eu west' };
    server.census = family('kube_node_info', odd, US);
    server.marks = marked('own_pod', odd);
    server.presence = [];
    expect(await metricsOf().instant('a', never)).toMatchObject({ state: 'unknown' });
    expect(server.others).toEqual([]);
  });

  it('is asked as ever where a person says that it has one cluster', async () => {
    await metricsOf('*').instant('a', never);
    expect(server.asked).toEqual(['a']);
  });

  it('knows nothing by marks that cannot be read, and does not fail', async () => {
    const metrics = metricsOf(undefined, async () => ({ pods: [], nodes: [] }));
    server.marks = [];
    expect(await metrics.instant('a', never)).toMatchObject({ state: 'unknown' });
    const broken = metricsOf(undefined, async () => {
      throw new Error('no cluster');
    });
    expect(await broken.instant('a', never)).toMatchObject({ state: 'unknown', reason: /no cluster/ as never });
  });

  it('does not make one question wait for the cancel of another', async () => {
    const first = new AbortController();
    let go = () => undefined as void;
    const waits = new Promise<void>((resolve) => (go = resolve));
    const cluster = clusterOf(undefined, async () => {
      await waits;
      return MARKS;
    });
    const [one, other] = [cluster.find(first.signal), cluster.find(never)];
    first.abort();
    go();
    await expect(one).rejects.toThrow();
    expect(await other).toMatchObject({ state: 'part' });
  });

  it('goes through what is put between it and the server', async () => {
    const seen: string[] = [];
    const metrics = metricsOf().over((source) => ({
      name: source.name,
      lagMs: 1,
      instant: (query, signal) => (seen.push(query), source.instant(query, signal)),
      range: (query, window, signal) => source.range(query, window, signal),
      link: () => null,
    }));
    await metrics.instant('a', never);
    expect(seen).toEqual(['a{cluster="eu"}']);
    expect(metrics.lagMs).toBe(1);
  });
});

describe('queries that people wrote', () => {
  const noteOf = async (metrics: OneClusterMetrics, query: string) => {
    const answer = await metrics.asWritten.instant(query, never);
    return answer.state === 'ok' ? answer.note : answer.reason;
  };

  it('are asked as they are, and that is said once', async () => {
    const metrics = metricsOf();
    const note = 'it is asked as it is written, of a server that holds several clusters (cluster: eu, us)';
    expect(await noteOf(metrics, 'sum(up)')).toBe(note);
    expect(await noteOf(metrics, 'sum(other)')).toBeUndefined();
    expect(await noteOf(metrics, 'sum(up)')).toBe(note);
    expect(server.others).toEqual(['sum(up)', 'sum(other)', 'sum(up)']);
  });

  it('are not spoken of where they name a cluster, or there is one only', async () => {
    expect(await noteOf(metricsOf(), 'sum(up{cluster="eu"})')).toBeUndefined();
    server.census = family('kube_node_info', EU);
    expect(await noteOf(metricsOf(), 'sum(up)')).toBeUndefined();
  });

  it('are answered where it is not known which cluster is ours', async () => {
    server.marks = [];
    expect(await noteOf(metricsOf(), 'sum(up)')).toMatch(/holds more than this cluster, as far as is known$/);
  });
});

describe('what is told of several clusters', () => {
  it('is what is read, or why nothing is', async () => {
    const noteOf = async (cluster: OwnCluster) => clusterNote(await cluster.find(never), 'Thanos');
    expect(await noteOf(clusterOf())).toBe('of Thanos (cluster: eu, us) only cluster="eu" is read');
    expect(await noteOf(clusterOf('*'))).toBeUndefined();
    server.marks = [];
    expect(await noteOf(clusterOf())).toMatch(/^Thanos holds several clusters/);
    server.census = family('kube_node_info', EU);
    expect(await noteOf(clusterOf())).toBeUndefined();
  });
});
