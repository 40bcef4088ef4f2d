import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { ForecastInput } from '../../../src/undo/forecast.ts';
import { forecastUndo } from '../../../src/undo/forecast.ts';

const object = (kind: string, more: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', namespace: 'n', uid: 'u', ...metadata },
  ...more,
});
const ask = (
  verb: ForecastInput['verb'],
  before: KubeObject | null,
  after: KubeObject | null,
  more: Partial<ForecastInput> = {},
) => {
  const { apiVersion, kind, metadata } = (before ?? after)!;
  return forecastUndo({
    verb,
    ref: { apiVersion, kind, namespace: 'n', name: metadata.name },
    before,
    after,
    createdHere: false,
    ...more,
  });
};
const controlled = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }],
};
const claim = (phase: string, spec: object = {}) =>
  object('PersistentVolumeClaim', { spec, status: { phase } }, { finalizers: ['kubernetes.io/pvc-protection'] });

describe('forecastUndo', () => {
  it.each<[string, ReturnType<typeof ask>, string]>([
    ['create', ask('create', null, object('ConfigMap')), 'exact'],
    ['create of something that works', ask('create', null, object('Job')), 'modulo'],
    [
      'edit',
      ask('update', object('ConfigMap', { data: { a: '1' } }), object('ConfigMap', { data: { a: '2' } })),
      'exact',
    ],
    [
      'edit of a template',
      ask('update', object('Deployment', { spec: { template: 1 } }), object('Deployment', { spec: { template: 2 } })),
      'modulo',
    ],
    ['edit to immutable', ask('update', object('Secret'), object('Secret', { immutable: true })), 'refused'],
    [
      'growth of a claim',
      ask(
        'update',
        object('PersistentVolumeClaim', { spec: { resources: 1 } }),
        object('PersistentVolumeClaim', { spec: { resources: 2 } }),
      ),
      'refused',
    ],
    [
      'edit of what is being deleted',
      ask('update', object('ConfigMap', {}, { deletionTimestamp: 'now' }), object('ConfigMap')),
      'refused',
    ],
    ['edit with unknown result', ask('update', object('ConfigMap'), null), 'refused'],
    ['delete', ask('delete', object('ConfigMap'), null), 'modulo'],
    ['delete of what this transaction made', ask('delete', object('Namespace'), null, { createdHere: true }), 'exact'],
    ['delete with a finalizer', ask('delete', object('ConfigMap', {}, { finalizers: ['a/b'] }), null), 'refused'],
    ['delete of a namespace', ask('delete', object('Namespace'), null), 'refused'],
    ['delete of a node', ask('delete', object('Node'), null), 'refused'],
    [
      'delete of a load balancer',
      ask('delete', object('Service', { spec: { type: 'LoadBalancer' } }), null),
      'refused',
    ],
    ['delete of a job', ask('delete', object('Job'), null), 'human'],
    ['delete of a bare pod', ask('delete', object('Pod'), null), 'human'],
    ['delete of a pod of a workload', ask('delete', object('Pod', {}, controlled), null), 'modulo'],
    ['forced delete of a pod', ask('delete', object('Pod', {}, controlled), null, { force: true }), 'refused'],
    ['eviction of a bare pod', ask('evict', object('Pod'), null), 'human'],
    ['delete of a pending claim', ask('delete', claim('Pending'), null), 'modulo'],
    [
      'delete of a pending claim that a bare pod wants',
      ask('delete', claim('Pending'), null, { consumers: [object('Pod')] }),
      'human',
    ],
    ['delete of a bound claim', ask('delete', claim('Bound', { volumeName: 'v' }), null), 'refused'],
    ['delete of a claim that lost its volume', ask('delete', claim('Lost'), null), 'refused'],
  ])('%s', (_name, forecast, expected) => {
    expect(forecast.class).toBe(expected);
    if (expected === 'exact') expect(forecast.residue).toEqual([]);
    else expect(forecast.residue.length).toBeGreaterThan(0);
  });

  it('names the pods that a replaced claim takes with it', () => {
    const pod = object('Pod', {}, { ...controlled, name: 'web-1' });
    expect(ask('delete', claim('Pending'), null, { consumers: [pod] }).residue.join()).toContain('web-1');
  });

  it('says who else may act on the object', () => {
    const managed = (metadata: object) =>
      ask('update', object('Deployment', {}, metadata), object('Deployment', {}, metadata)).warnings?.join() ?? '';
    expect(managed({ annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:n/x' } })).toContain(
      'Argo CD (shop:apps',
    );
    expect(managed({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } })).toContain('Flux (shop)');
    expect(managed({ annotations: { 'meta.helm.sh/release-name': 'shop' } })).toContain('Helm release shop');
    expect(
      managed({ ownerReferences: [{ apiVersion: 'v1', kind: 'Operator', name: 'op', uid: 'o', controller: true }] }),
    ).toContain('Operator op');
    expect(managed({})).toBe('');
    expect(managed({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'a\u001b[31mb' } })).not.toContain('\u001b');
  });
});
