import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import type { ChartData } from '../../../../src/domain/signals.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { chartOf } from '../../../../src/signals/charts/chart.ts';
import { withChanges } from '../../../../src/signals/charts/change-marks.ts';

const NOW = Date.parse('2026-11-21T03:00:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
const NAMESPACE = 'shop';

function template(image: string) {
  const env = [{ name: 'PORT', valueFrom: { configMapKeyRef: { name: 'geo', key: 'port' } } }];
  return { metadata: { labels: { app: 'geo' } }, spec: { containers: [{ name: 'geo', image, env }] } };
}

const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'geo', namespace: NAMESPACE, uid: 'd', creationTimestamp: ago(600) },
  spec: { selector: { matchLabels: { app: 'geo' } }, template: template('geo:2') },
};

const revision = (number: number, minutesAgo: number, image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: `geo-${number}`,
    namespace: NAMESPACE,
    creationTimestamp: ago(minutesAgo),
    annotations: { 'deployment.kubernetes.io/revision': String(number) },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'geo', uid: 'd', controller: true }],
  },
  spec: { template: template(image) },
});

const settings: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'geo',
    namespace: NAMESPACE,
    creationTimestamp: ago(600),
    managedFields: [{ manager: 'kubectl', time: ago(12), fieldsV1: { 'f:data': { 'f:port': {} } } }],
  },
  data: { port: '8083' },
};

const view = new ClusterView({
  takenAt: ago(0),
  namespaces: [NAMESPACE],
  objects: {
    Deployment: [deployment],
    ReplicaSet: [revision(1, 600, 'geo:1'), revision(2, 20, 'geo:2')],
    ConfigMap: [settings],
    Pod: [],
    Secret: [],
  },
  unreadable: {},
});
const GEO = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'geo' };

function chart(minutes: number): ChartData {
  const samples = [
    { at: NOW - minutes * 60_000, value: 1 },
    { at: NOW, value: 2 },
  ];
  return chartOf({
    title: 'geo',
    unit: 'ms',
    label: 'geo',
    samples,
    marks: [{ kind: 'alert', at: NOW, label: 'Slow' }],
  });
}

describe('changes on a chart', () => {
  it('are new revisions of the workload and changes of what it reads, beside what was marked', () => {
    expect(withChanges(chart(60), GEO, view).marks).toEqual([
      { kind: 'alert', at: NOW, label: 'Slow' },
      { kind: 'change', at: NOW - 20 * 60_000, label: 'Deployment geo, revision 2' },
      { kind: 'change', at: NOW - 12 * 60_000, label: 'ConfigMap geo' },
    ]);
  });

  it('are left out where they are older than the chart, and the making of a workload is none', () => {
    expect(withChanges(chart(15), GEO, view).marks.map(({ label }) => label)).toEqual(['Slow', 'ConfigMap geo']);
    expect(withChanges(chart(1_000), GEO, view).marks.map(({ label }) => label)).not.toContain(
      'Deployment geo, revision 1',
    );
  });

  it('of an object that is not there are none', () => {
    expect(withChanges(chart(60), { ...GEO, name: 'other' }, view)).toEqual(chart(60));
  });
});
