import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../../src/domain/telemetry.ts';
import { AlertmanagerAlerts } from '../../../../src/telemetry/alertmanager/alertmanager.ts';
import { alertOf } from '../../../../src/telemetry/alerts/alert.ts';
import { LabelledClusters } from '../../../../src/telemetry/clusters/alert-clusters.ts';
import { externalLabels } from '../../../../src/telemetry/prometheus/external-labels.ts';
import { PrometheusAlerts } from '../../../../src/telemetry/prometheus/prometheus-alerts.ts';
import { parseCluster } from '../../../../src/telemetry/settings/cluster-setting.ts';
import type { ClusterSetting } from '../../../../src/telemetry/settings/cluster-setting.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { clientAt } from '../../../support/telemetry/adapters.ts';
import * as forms from '../../../support/telemetry/forms.ts';
import { serverPool } from '../../../support/telemetry/source-server.ts';

const serve = serverPool(afterEach);
const never = new AbortController().signal;
const alert = (name: string, labels: Record<string, string> = {}): Alert =>
  alertOf({ state: 'firing', labels: { alertname: name, ...labels }, annotations: {}, startsAt: 0, link: undefined });
const names = (alerts: readonly Alert[]) => alerts.map(({ name }) => name);
const clusters = (known: Record<string, string> = {}, text?: string) =>
  new LabelledClusters(
    text === undefined ? undefined : (parseCluster(text) as ClusterSetting),
    async () => new Map(Object.entries(known)),
  );

describe('alerts of several clusters', () => {
  const MIXED = [alert('Ours', { cluster: 'eu' }), alert('Theirs', { cluster: 'us' }), alert('Bare')];

  it("are left out where they are another one's, and counted", async () => {
    const sorted = await clusters({ cluster: 'eu' }).sort(MIXED, never);
    expect(names(sorted.ours)).toEqual(['Ours', 'Bare']);
    expect(sorted.doubtful).toEqual([]);
    expect(sorted.note).toBe('1 alert of other clusters left out (ours: cluster="eu")');
    expect(names((await clusters({}, 'cluster=us').sort(MIXED, never)).ours)).toEqual(['Theirs', 'Bare']);
    expect(names((await clusters({}, 'cluster=').sort(MIXED, never)).ours)).toEqual(['Bare']);
    expect(names((await clusters({}, '*').sort(MIXED, never)).ours)).toEqual(['Ours', 'Theirs', 'Bare']);
  });

  it('are doubtful where ours is not known', async () => {
    const sorted = await clusters().sort(MIXED, never);
    expect(names(sorted.ours)).toEqual(['Bare']);
    expect(names(sorted.doubtful)).toEqual(['Ours', 'Theirs']);
    expect(sorted.reason).toBe(
      '2 alerts of several clusters (cluster: eu, us), of which it is not known which is this one: give --telemetry-cluster LABEL=VALUE',
    );
    // What is known of another label says nothing of this one.
    expect(names((await clusters({ k8s_cluster_name: 'eu' }).sort(MIXED, never)).doubtful)).toHaveLength(2);
  });

  it('of one value are ours until another is seen', async () => {
    const both = clusters();
    const [ours, theirs] = [alert('Ours', { cluster: 'eu' }), alert('Watchdog', { cluster: 'us' })];
    expect(names((await both.sort([ours], never)).ours)).toEqual(['Ours']);
    expect(names((await both.sort([ours, theirs], never)).doubtful)).toEqual(['Ours', 'Watchdog']);
    expect(names((await both.sort([ours], never)).doubtful)).toEqual(['Ours']);
  });

  it('of thousands of clusters are told in a few words', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => alert('A', { cluster: `c${at}"${'x'.repeat(500)}` }));
    const { doubtful, reason } = await clusters().sort(many, never);
    expect(doubtful).toHaveLength(10_000);
    expect(reason!.length).toBeLessThan(600);
  });
});

describe('Alertmanager of several clusters', () => {
  const form = (name: string, cluster: string) => ({ name, labels: { cluster } });
  async function managerOf(alerts: () => unknown, known: () => Record<string, string>) {
    const server = await serve({ '/api/v2/alerts': (_: unknown, response: { end(text: string): void }) => response.end(JSON.stringify(alerts())) });
    const sorted = new LabelledClusters(undefined, async () => new Map(Object.entries(known())));
    return new AlertmanagerAlerts(clientAt(server.url, new FakeClock()), () => 15_000, sorted);
  } // prettier-ignore

  it('tells of ours, notes how many are others\', and keeps what is doubtful apart', async () => {
    let known: Record<string, string> = { cluster: 'eu' };
    const manager = await managerOf(() => forms.managerAlerts(form('A', 'eu'), form('B', 'us')), () => known);
    const told = await manager.alerts(never);
    expect(told).toMatchObject({ state: 'ok', value: [{ name: 'A' }], note: '1 alert of other clusters left out (ours: cluster="eu")' });
    known = {};
    expect(await manager.alerts(never)).toMatchObject({ value: [], names: { doubtful: { alerts: [{ name: 'A' }, { name: 'B' }] } } });
  }); // prettier-ignore

  it('misses our watchdog although another cluster\'s is there, and no other\'s', async () => {
    let alerts = forms.managerAlerts(form('Watchdog', 'eu'), form('Watchdog', 'us'));
    let known: Record<string, string> = {};
    const manager = await managerOf(() => alerts, () => known);
    expect(await manager.alerts(never)).toMatchObject({ state: 'ok' });
    known = { cluster: 'eu' };
    alerts = forms.managerAlerts(form('Watchdog', 'eu'));
    expect(await manager.alerts(never)).toMatchObject({ state: 'ok' });
    alerts = forms.managerAlerts(form('Watchdog', 'us'));
    expect(await manager.alerts(never)).toMatchObject({ state: 'unknown', reason: /watchdog/ as never });
    alerts = forms.managerAlerts(form('Watchdog', 'eu'));
    expect(await manager.alerts(never)).toMatchObject({ state: 'ok' });
  }); // prettier-ignore
});

it('rules of several clusters are told apart as well', async () => {
  const server = await serve({
    '/api/v1/alerts': forms.prometheusAlerts({ name: 'A', cluster: 'eu' }, { name: 'B', cluster: 'us' }),
    '/api/v1/rules': forms.rules({ name: 'A' }, { name: 'B' }),
  });
  const rules = new PrometheusAlerts(clientAt(server.url, new FakeClock()), () => 15_000, clusters({ cluster: 'us' }));
  expect(await rules.alerts(never)).toMatchObject({
    value: [{ name: 'B' }],
    note: /^1 alert of other clusters/ as never,
  });
});

describe('labels with which a Prometheus sends its alerts', () => {
  const CONFIG = `global:
  scrape_interval: 30s
  external_labels:
    cluster: eu
    prometheus: monitoring/k8s
    site: \${SITE}
    zone: a

alerting:
  alert_relabel_configs:
  - target_label: zone
    replacement: b
scrape_configs:
- job_name: cluster
`;
  const labelsOf = async (yaml: string) => {
    const server = await serve({ '/api/v1/status/config': { status: 'success', data: { yaml } } });
    return externalLabels(clientAt(server.url, new FakeClock()), never);
  };

  it('are read from its configuration, without those that it may change on the way', async () => {
    expect(await labelsOf(CONFIG)).toEqual({ cluster: 'eu', prometheus: 'monitoring/k8s' });
  });

  it.each(['', 'global: {}', 'global:\n  external_labels: 3\n', 'global:\n  external_labels: [a\n', 'scrape_configs: []\n', `global:\n  external_labels:\n    cluster: ${'x'.repeat(30_000)}\n`])(
    'are none in %.40j',
    async (yaml) => {
      expect(await labelsOf(yaml)).toEqual({});
    },
  ); // prettier-ignore
});
