import type { ServerResponse } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import type { ClusterMarks } from '../../../../src/telemetry/clusters/cluster-queries.ts';
import { ARM_LABEL } from '../../../../src/telemetry/clusters/cluster-queries.ts';
import { openSources } from '../../../../src/telemetry/open-sources.ts';
import type { SourceOptions } from '../../../../src/telemetry/settings/parse-source.ts';
import { parseSource } from '../../../../src/telemetry/settings/parse-source.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import * as forms from '../../../support/telemetry/forms.ts';
import type { Asked } from '../../../support/telemetry/source-server.ts';
import { serverPool } from '../../../support/telemetry/source-server.ts';

const serve = serverPool(afterEach);
const never = new AbortController().signal;
const MARKS: ClusterMarks = { pods: [{ namespace: 'shop', name: 'db-0', uid: 'aaaa-1111', isOld: true }], nodes: [] };

type Rows = Parameters<typeof forms.vector>;
const rows = (...labels: Record<string, string>[]): Rows => labels.map((each) => [each, '1']);

interface Holds {
  census: Rows;
  marks: Rows;
  config?: string;
}

/** A metric server that holds this, and beside it an Alertmanager with these alerts by cluster. */
async function openedWith({ census, marks, config }: Holds, alerts: string[] = [], options: SourceOptions = {}) {
  const queries: string[] = [];
  const query = (asked: Asked, response: ServerResponse) => {
    const text = asked.query.get('query') ?? new URLSearchParams(asked.body).get('query') ?? '';
    queries.push(text);
    const told = text.startsWith('topk by (__name__)')
      ? census
      : text.startsWith('topk by (stratus')
        ? marks
        : rows({});
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(forms.vector(...told)));
  };
  const prometheus = await serve({
    '/api/v1/status/buildinfo': { status: 'success', data: { version: '3.5.0', revision: 'x' } },
    '/api/v1/query': query,
    '/api/v1/alerts': forms.prometheusAlerts(),
    '/api/v1/rules': forms.rules({ name: 'A' }),
    ...(config === undefined ? {} : { '/api/v1/status/config': { status: 'success', data: { yaml: config } } }),
  });
  const manager = await serve({
    '/api/v2/status': { cluster: {}, config: { original: '' }, uptime: '', versionInfo: { version: '0.28.0' } },
    '/api/v2/alerts': forms.managerAlerts(...alerts.map((cluster) => ({ name: `Of-${cluster}`, labels: { cluster } }))),
  });
  const specs = [
    parseSource('--prometheus', 'metrics', prometheus.url, options),
    parseSource('--alertmanager', 'alerts', manager.url, options),
  ];
  const parts = { clock: new FakeClock(), clusterGet: null, marks: async () => MARKS };
  const { sources, opened } = await openSources(specs, parts, never);
  return { sources, opened, queries, own: () => queries.filter((text) => !/^topk by|^count\(\{__name__/.test(text)) };
}

const family = (...clusters: string[]): Rows =>
  rows(...clusters.map((cluster) => ({ __name__: 'kube_node_info', cluster })));
const ours = (cluster: string): Rows => rows({ [ARM_LABEL]: 'own_pod', cluster });
const namesIn = (answer: unknown) => (answer as { value: { name: string }[] }).value.map(({ name }) => name);

it('of several clusters the one of our pods is read, and told', async () => {
  const { sources, opened, own } = await openedWith({ census: family('eu', 'us'), marks: ours('eu') }, ['eu', 'us']);
  expect(opened[0]!.clusters).toMatch(/^of Prometheus at \S+ \(cluster: eu, us\) only cluster="eu" is read$/);
  await sources.metrics!.instant('sum(x)', never);
  await sources.metrics!.asWritten!.instant('sum(x)', never);
  // How often targets are read is asked of them alone, too.
  expect(own()).toEqual([expect.stringContaining('timestamp(up{cluster="eu"})'), 'sum(x{cluster="eu"})', 'sum(x)']);
  const alerts = await sources.alerts!.alerts(never);
  expect(namesIn(alerts)).toEqual(['Of-eu']);
  expect(alerts).toMatchObject({ note: '1 alert of other clusters left out (ours: cluster="eu")' });
});

it('where ours is not known nothing of it is read, and that is told', async () => {
  const { sources, opened, own } = await openedWith({ census: family('eu', 'us'), marks: [] }, ['eu', 'us']);
  expect(opened[0]).toMatchObject({ problem: null, clusters: /several clusters \(cluster: eu, us\)/ as never });
  expect(await sources.metrics!.instant('x', never)).toMatchObject({ state: 'unknown' });
  expect(own()).toEqual([]);
  expect(sources.metrics!.lagMs).toBe(60_000);
  const alerts = await sources.alerts!.alerts(never);
  expect(namesIn(alerts)).toEqual([]);
  expect(alerts).toMatchObject({ names: { doubtful: { alerts: [{ name: 'Of-eu' }, { name: 'Of-us' }] } } });
});

it('the settings say which is ours, for metrics and alerts', async () => {
  const held = { census: family('eu', 'us'), marks: [] };
  const { sources, own } = await openedWith(held, ['eu', 'us'], { cluster: 'cluster=us' });
  await sources.metrics!.instant('x', never);
  expect(own().at(-1)).toBe('x{cluster="us"}');
  expect(namesIn(await sources.alerts!.alerts(never))).toEqual(['Of-us']);
});

it('our own Prometheus says with which labels it sends alerts', async () => {
  const config = 'global:\n  external_labels:\n    cluster: us\n';
  const unlabelled = rows({ __name__: 'kube_node_info' });
  const proved = { census: unlabelled, marks: rows({ [ARM_LABEL]: 'own_pod' }), config };
  const { sources, opened } = await openedWith(proved, ['eu', 'us']);
  expect(opened[0]).not.toHaveProperty('clusters');
  expect(namesIn(await sources.alerts!.alerts(never))).toEqual(['Of-us']);
  // One of which nothing proves that it is ours says nothing of us, nor does one that does not tell.
  for (const held of [
    { ...proved, marks: [] },
    { census: proved.census, marks: proved.marks },
  ]) {
    const other = await openedWith(held, ['eu', 'us']);
    expect(namesIn(await other.sources.alerts!.alerts(never))).toEqual([]);
  }
});
