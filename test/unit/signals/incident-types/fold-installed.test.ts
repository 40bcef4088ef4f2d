import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../../src/domain/kube-object.ts';
import type { Signal, SignalKind } from '../../../../src/domain/signals.ts';
import type { Alert } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { alertsInScope } from '../../../../src/signals/alerts/alert-items.ts';
import { foldInstalled } from '../../../../src/signals/incident-types/fold-installed.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const view = new ClusterView(smallCluster());
const CART: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' };
const signal = (kind: SignalKind, object = CART): Signal => ({
  kind,
  level: 'incident',
  object,
  others: [],
  labels: {},
  since: 0,
  message: kind,
  value: 1,
  usual: null,
  threshold: null,
  unit: 'count',
  query: null,
  chart: null,
});
const fold = (kind: SignalKind, name: string, labels: Record<string, string>, more: Partial<Alert> = {}) => {
  const alert: Alert = {
    name,
    state: 'firing',
    labels: { alertname: name, namespace: 'shop', ...labels },
    annotations: {},
    startsAt: 0,
    fingerprint: name,
    ...more,
  };
  return foldInstalled([signal(kind)], alertsInScope([alert], view, ['shop']), view);
};

describe('an installed alert of the same meaning takes the signal as its evidence', () => {
  it.each<[SignalKind, string, Record<string, string>]>([
    ['latency', 'StratusHighLatency', { service_name: 'basket', stratus: 'latency' }],
    ['latency', 'HighRequestLatency', { deployment: 'cart' }],
    ['errors', 'TooManyErrors', { service: 'cart' }],
    ['errors', 'ErrorBudgetBurn', { deployment: 'cart' }],
    ['oom', 'ContainerOOMKilled', { pod: 'cart-5f6d8c7b9-abcd0' }],
    ['oom', 'ContainerHighMemoryUsage', { pod: 'cart-5f6d8c7b9-abcd0' }],
  ])('%s: %s', (kind, name, labels) => {
    const { kept, folded } = fold(kind, name, labels);
    expect(kept).toEqual([]);
    expect(folded.map(({ alert, signals }) => [alert.name, signals.length])).toEqual([[name, 1]]);
  });

  it.each<[string, SignalKind, string, Record<string, string>, Partial<Alert>?]>([
    ['of another meaning', 'latency', 'TooManyErrors', { deployment: 'cart' }],
    ['of another object', 'latency', 'HighRequestLatency', { deployment: 'web' }],
    ['that does not fire yet', 'latency', 'HighRequestLatency', { deployment: 'cart' }, { state: 'pending' }],
    ['of our own for another type', 'latency', 'HighRequestLatency', { deployment: 'cart', stratus: 'errors' }],
  ])('but not one %s', (_, kind, name, labels, more) => {
    expect(fold(kind, name, labels, more)).toMatchObject({ kept: [{ kind }], folded: [] });
  });

  it.each<[SignalKind, string[]]>([
    ['disk', ['KubePersistentVolumeFillingUp', 'NodeFilesystemSpaceFillingUp', 'NodeFilesystemAlmostOutOfSpace']],
    [
      'certificate',
      ['CertManagerCertExpirySoon', 'BlackboxSslCertificateWillExpireSoon', 'KubeClientCertificateExpiration'],
    ],
  ])('%s: names of well-known rule sets', (kind, names) => {
    const claim: ObjectRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'shop',
      name: 'data-store-0',
    };
    for (const name of names) {
      const labels = { alertname: name, namespace: 'shop', persistentvolumeclaim: claim.name };
      const alert: Alert = { name, state: 'firing', labels, annotations: {}, startsAt: 0, fingerprint: name };
      const { folded } = foldInstalled([signal(kind, claim)], alertsInScope([alert], view, ['shop']), view);
      expect({ name, folded: folded.length }).toEqual({ name, folded: 1 });
    }
  });
});
