import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refLabel, refOf } from '../../../src/domain/kube-object.ts';
import type { UndoForecast } from '../../../src/domain/transaction.ts';
import type { ForecastInput } from '../../../src/undo/forecast.ts';
import { forecastUndo } from '../../../src/undo/forecast.ts';
import { factsOf } from './consequences/fake-facts.ts';

const VERSIONS: Record<string, string> = {
  Deployment: 'apps/v1', StatefulSet: 'apps/v1', DaemonSet: 'apps/v1', ReplicaSet: 'apps/v1', Job: 'batch/v1',
  CronJob: 'batch/v1', HorizontalPodAutoscaler: 'autoscaling/v2', CustomResourceDefinition: 'apiextensions.k8s.io/v1',
  Gadget: 'example.test/v1', NetworkPolicy: 'networking.k8s.io/v1', ResourceClaim: 'resource.k8s.io/v1',
}; // prettier-ignore
const CLUSTER_WIDE = new Set(['Namespace', 'Node', 'PersistentVolume', 'CustomResourceDefinition']);

const object = (kind: string, more: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: VERSIONS[kind] ?? 'v1',
  kind,
  metadata: { name: 'x', ...(CLUSTER_WIDE.has(kind) ? {} : { namespace: 'n' }), uid: `uid of ${kind}`, ...metadata },
  ...more,
});

interface Around extends Partial<ForecastInput> {
  others?: KubeObject[];
  hidden?: string[];
}

const ask = (
  verb: ForecastInput['verb'],
  before: KubeObject | null,
  after: KubeObject | null,
  { others = [], hidden = [], ...more }: Around = {},
): Promise<UndoForecast> => {
  const ref = refOf((before ?? after)!);
  const builtIn = !ref.apiVersion.includes('example.test');
  const input = { verb, ref, before, after, createdHere: false, builtIn, ...more };
  return forecastUndo(input, factsOf([...(before ? [before] : []), ...others], hidden));
};
const create = (created: KubeObject, around: Around = {}) => ask('create', null, created, around);
const remove = (removed: KubeObject, around: Around = {}) => ask('delete', removed, null, around);
const change = (kind: string, from: object, to: object, around: Around = {}) =>
  ask('update', object(kind, from), object(kind, to), around);

const ownedBy = (owner: KubeObject, controller = true) => ({
  ownerReferences: [
    { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid!, controller },
  ],
});
const set = object('ReplicaSet', { spec: { replicas: 1, selector: { matchLabels: { app: 'web' } } } });
const podOf = (name: string, more: object = {}) =>
  object('Pod', more, { name, uid: name, labels: { app: 'web' }, ...ownedBy(set) });
const bare = object('Pod', {}, { name: 'bare', uid: 'bare' });
const claim = (phase: string, spec: object = {}) =>
  object('PersistentVolumeClaim', { spec, status: { phase } }, { finalizers: ['kubernetes.io/pvc-protection'] });
const user = (pod: KubeObject) => ({
  ...pod,
  spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'x' } }] },
});

describe('forecastUndo', () => {
  it.each<[string, Promise<UndoForecast>, UndoForecast['class']]>([
    ['create', create(object('ConfigMap')), 'exact'],
    ['create of something that works', create(object('Job')), 'consequences'],
    ['create of a kind that is not known', create(object('ResourceClaim')), 'unknown'],
    ['create of a custom resource', create(object('Gadget')), 'unknown'],
    ['edit', change('ConfigMap', { data: { a: '1' } }, { data: { a: '2' } }), 'exact'],
    ['edit of a field that is not known', change('ConfigMap', {}, { later: 1 }), 'unknown'],
    ['edit of a custom resource', change('Gadget', { spec: 1 }, { spec: 2 }), 'unknown'],
    ['edit to immutable', change('ConfigMap', {}, { immutable: true }), 'one-way'],
    [
      'edit of what is being deleted',
      ask('update', object('ConfigMap', {}, { deletionTimestamp: 'now' }), object('ConfigMap')),
      'one-way',
    ],
    ['edit with unknown result', ask('update', object('ConfigMap'), null), 'one-way'],
    ['delete', remove(object('ConfigMap')), 'consequences'],
    ['delete of what this transaction made', remove(object('ConfigMap'), { createdHere: true }), 'exact'],
    [
      'edit of what this transaction made',
      change('ConfigMap', { data: { a: '1' } }, { immutable: true }, { createdHere: true }),
      'exact',
    ],
    [
      'finalizer on what this transaction made',
      ask('update', object('ConfigMap'), object('ConfigMap', {}, { finalizers: ['a/b'] }), { createdHere: true }),
      'unknown',
    ],
    [
      'load balancer for what this transaction made',
      change('Service', { spec: { type: 'ClusterIP' } }, { spec: { type: 'LoadBalancer' } }, { createdHere: true }),
      'one-way',
    ],
    [
      'claims for what this transaction made',
      change(
        'StatefulSet',
        { spec: { replicas: 0, volumeClaimTemplates: [{ metadata: { name: 'data' } }] } },
        { spec: { replicas: 1, volumeClaimTemplates: [{ metadata: { name: 'data' } }] } },
        { createdHere: true },
      ),
      'consequences',
    ],
    ['delete of a custom resource', remove(object('Gadget')), 'unknown'],
    ['delete with a finalizer', remove(object('ConfigMap', {}, { finalizers: ['a/b'] })), 'one-way'],
    ['delete of a namespace', remove(object('Namespace')), 'one-way'],
    ['delete of a node', remove(object('Node')), 'one-way'],
    ['delete of a load balancer', remove(object('Service', { spec: { type: 'LoadBalancer' } })), 'one-way'],
    ['delete of a job', remove(object('Job')), 'losses'],
    ['delete of a bare pod', remove(bare), 'losses'],
    ['delete of a pod of a workload', remove(podOf('web-1'), { others: [set] }), 'consequences'],
    ['delete of a pod whose workload is gone', remove(podOf('web-1')), 'losses'],
    ['forced delete of a pod', remove(podOf('web-1'), { force: true, others: [set] }), 'one-way'],
    ['eviction of a bare pod', ask('evict', bare, null), 'losses'],
    ['delete of a pending claim', remove(claim('Pending')), 'consequences'],
    ['delete of a pending claim that a bare pod wants', remove(claim('Pending'), { others: [user(bare)] }), 'losses'],
    ['delete of a pending claim, pods unreadable', remove(claim('Pending'), { hidden: ['Pod'] }), 'unknown'],
    ['delete of a bound claim', remove(claim('Bound', { volumeName: 'v' })), 'one-way'],
    ['delete of a claim that lost its volume', remove(claim('Lost')), 'one-way'],
  ])('%s', async (_name, asked, expected) => {
    const forecast = await asked;
    expect(forecast.class).toBe(expected);
    if (expected === 'exact') expect(forecast.residue).toEqual([]);
    else expect(forecast.residue.length).toBeGreaterThan(0);
    const needs = { unknown: ['unknown'], losses: ['losses'] }[expected as string];
    expect(forecast.needs).toEqual(needs);
  });

  it('names the pods that a replaced claim takes with it', async () => {
    const forecast = await remove(claim('Pending'), { others: [set, user(podOf('web-1'))] });
    expect(forecast.residue.join()).toContain('web-1');
    expect(forecast.consequences?.some(({ object: named }) => named && refLabel(named) === 'Pod/n/web-1')).toBe(true);
  });

  it('names what garbage collection takes along, however far below', async () => {
    const owner = object('ConfigMap', {}, { name: 'top', uid: 'top' });
    const middle = object('ConfigMap', {}, { name: 'middle', uid: 'middle', ...ownedBy(owner, false) });
    const below = object('Secret', {}, { name: 'below', uid: 'below', ...ownedBy(middle, false) });
    const forecast = await remove(owner, { others: [middle, below] });
    expect(forecast.class).toBe('losses');
    expect(forecast.consequences?.filter(({ back }) => !back).map(({ object: lost }) => lost?.name)).toEqual([
      'middle',
      'below',
    ]);
    expect((await remove(owner, { hidden: ['Secret'] })).class).toBe('unknown');
  });

  it('lets no owner be named that does not exist', async () => {
    const owner = object('ConfigMap', {}, { name: 'owner', uid: 'owner' });
    const named = (uid: string) =>
      ask(
        'update',
        object('Secret'),
        object('Secret', {}, ownedBy({ ...owner, metadata: { ...owner.metadata, uid } }, false)),
        { others: [owner] },
      );
    expect((await named('owner')).class).toBe('exact');
    expect((await named('other')).class).toBe('one-way');
    const namespace = object('Namespace');
    expect(
      (
        await ask('update', namespace, {
          ...namespace,
          metadata: { ...namespace.metadata, ...ownedBy(object('ConfigMap', {}, { uid: 'dead', name: 'dead' })) },
        })
      ).class,
    ).toBe('one-way');
    expect((await create(object('ConfigMap', {}, ownedBy(object('Job', {}, { uid: 'dead' }), false)))).class).toBe(
      'one-way',
    );
  });

  it('says who else may act on the object', async () => {
    const managed = async (metadata: object) =>
      (await ask('update', object('Deployment', {}, metadata), object('Deployment', {}, metadata))).warnings?.join() ??
      '';
    expect(await managed({ annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:n/x' } })).toContain(
      'Argo CD (shop:apps',
    );
    expect(await managed({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } })).toContain('Flux (shop)');
    expect(await managed({ annotations: { 'meta.helm.sh/release-name': 'shop' } })).toContain('Helm release shop');
    expect(
      await managed({
        ownerReferences: [{ apiVersion: 'v1', kind: 'Operator', name: 'op', uid: 'o', controller: true }],
      }),
    ).toContain('Operator op');
    expect(await managed({})).toBe('');
    expect(await managed({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'a\u001b[31mb' } })).not.toContain('\u001b');
  });
});
