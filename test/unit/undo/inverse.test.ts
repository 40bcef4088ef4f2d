import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { planInverse, rootsOf } from '../../../src/undo/inverse.ts';
import type { JournaledWrite } from '../../../src/undo/journaled-write.ts';

let seq = 0;
const object = (kind: string, name: string, data: object = {}, uid = `${kind}-${name}`): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'n', uid, resourceVersion: String(++seq) },
  ...data,
});
function write(
  before: KubeObject | null,
  after: KubeObject | null,
  more: Partial<JournaledWrite> = {},
): JournaledWrite {
  const { apiVersion, kind, metadata } = (before ?? after)!;
  return {
    seq: ++seq,
    step: 0,
    method: before ? (after ? 'PUT' : 'DELETE') : 'POST',
    ref: { apiVersion, kind, namespace: 'n', name: metadata.name },
    path: `/x/${kind}/${metadata.name}`,
    subresource: '',
    before,
    after,
    outcome: 'done',
    companions: [],
    ...more,
  };
}
const shape = (writes: JournaledWrite[]) =>
  planInverse(writes).map((step) => `${step.action} ${step.ref.kind}/${step.ref.name}`);

describe('planInverse', () => {
  it('has one step per object, last touched object first by first touch', () => {
    const [a1, a2, a3] = [1, 2, 3].map((n) => object('ConfigMap', 'a', { data: { n } }));
    const b = object('ConfigMap', 'b');
    expect(shape([write(a1!, a2!), write(b, object('ConfigMap', 'b', { data: {} })), write(a2!, a3!)])).toEqual([
      'restore ConfigMap/b',
      'restore ConfigMap/a',
    ]);
  });

  it('joins writes with nothing in between and keeps the others apart', () => {
    const state = (n: number, replicas = 1) => object('Deployment', 'd', { spec: { n, replicas } }, 'd');
    const joined = planInverse([write(state(1), state(2)), write(state(2), state(3))]);
    expect(joined[0]).toMatchObject({
      action: 'restore',
      edits: [{ before: { spec: { n: 1 } }, after: { spec: { n: 3 } } }],
    });
    const apart = planInverse([write(state(1), state(2)), write(state(2, 7), state(3, 7))]);
    expect(apart[0]).toMatchObject({
      action: 'restore',
      edits: [{ after: { spec: { n: 2 } } }, { before: { spec: { replicas: 7 } } }],
    });
  });

  it('takes a volume back when the claims made for it are gone', () => {
    const [kept, free] = ['former', undefined].map((uid) => object('PersistentVolume', 'v', { spec: { uid } }, 'v'));
    const [old, anew] = [
      object('PersistentVolumeClaim', 'c', {}, 'old'),
      object('PersistentVolumeClaim', 'c', {}, 'new'),
    ];
    expect(shape([write(old, null), write(kept!, free!), write(null, anew)])).toEqual([
      'replace PersistentVolumeClaim/c',
      'restore PersistentVolume/v',
    ]);
  });

  it('gives a workload the pause again in which its claims were exchanged', () => {
    const set = (replicas: number, note = '') => object('StatefulSet', 's', { spec: { replicas, note } }, 's');
    const claim = (uid: string) => object('PersistentVolumeClaim', 'data-s-0', {}, uid);
    const exchange = [
      write(set(2), set(0)),
      write(claim('old'), null),
      write(null, claim('new')),
      write(set(0), set(2)),
      write(set(2), set(2, 'noted')),
    ];
    const steps = planInverse(exchange);
    expect(steps.map((step) => `${step.action} ${step.ref.kind}`)).toEqual([
      'pause StatefulSet',
      'replace PersistentVolumeClaim',
      'restore StatefulSet',
    ]);
    expect(steps[0]).toMatchObject({
      edits: [{ before: { spec: { replicas: 0 } }, after: { spec: { note: 'noted' } } }],
    });
    // An undo that was interrupted in the pause must still know that there were replicas before.
    expect(steps[2]).toMatchObject({
      edits: [
        { before: { spec: { replicas: 2 } }, after: { spec: { replicas: 0 } } },
        { before: { spec: { replicas: 0 } }, after: { spec: { replicas: 2 } } },
      ],
    });
    const whole = ['replace PersistentVolumeClaim/data-s-0', 'restore StatefulSet/s'];
    expect(shape(exchange.slice(0, 3)), 'still scaled down').toEqual(whole);
    const afterwards = [
      write(set(2), set(0)),
      write(set(0), set(2)),
      write(claim('old'), null),
      write(null, claim('new')),
    ];
    expect(shape(afterwards)).toEqual(whole);
  });

  it('removes what was created, recreates what was deleted, replaces what was both', () => {
    const a = object('ConfigMap', 'a');
    const b = object('ConfigMap', 'b');
    const c = object('ConfigMap', 'c', {}, 'old');
    const fresh = object('ConfigMap', 'c', {}, 'new');
    const temporary = object('ConfigMap', 't');
    const steps = planInverse([
      write(null, a),
      write(b, null),
      write(c, null),
      write(null, fresh),
      write(null, temporary),
      write(temporary, null),
    ]);
    expect(steps.map((step) => [step.ref.name, step.action])).toEqual([
      ['t', 'absent'],
      ['c', 'replace'],
      ['b', 'recreate'],
      ['a', 'remove'],
    ]);
    expect(steps[1]).toMatchObject({ before: { metadata: { uid: 'old' } }, created: { metadata: { uid: 'new' } } });
  });

  it('recreates what others refer to first', () => {
    const deleted = ['ConfigMap', 'Role', 'RoleBinding', 'Service', 'Deployment', 'HorizontalPodAutoscaler'];
    const writes = deleted.map((kind) => write(object(kind, 'x'), null));
    expect(shape(writes)).toEqual(deleted.map((kind) => `recreate ${kind}/x`));
    expect(shape(writes.toReversed())).toEqual(deleted.map((kind) => `recreate ${kind}/x`));
  });

  it('keeps the edit that somebody made between our edit and our deletion', () => {
    const state = (data: object) => object('ConfigMap', 'a', { data }, 'a');
    const steps = planInverse([
      write(state({ x: '1' }), state({ x: '2' })),
      write(state({ x: '2', theirs: 'y' }), null),
    ]);
    expect(steps).toMatchObject([{ action: 'recreate', before: { data: { x: '1', theirs: 'y' } } }]);
  });

  it('leaves pods of workloads to their controller', () => {
    const pod = object('Pod', 'web-1');
    pod.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true },
    ];
    expect(shape([write(pod, null)])).toEqual(['derived Pod/web-1']);
    expect(shape([write(object('Pod', 'bare'), null)])).toEqual(['recreate Pod/bare']);
  });

  it('does nothing about writes that the server refused', () => {
    const writes = [write(object('ConfigMap', 'a'), object('ConfigMap', 'a'), { outcome: 'rejected' })];
    expect(planInverse(writes)).toEqual([]);
    expect(rootsOf(writes)).toEqual([]);
  });

  it('brings an autoscaled target back after the autoscaler is gone', () => {
    const target = object('Deployment', 'd', { spec: { replicas: 2 } });
    const companion = {
      ref: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'n', name: 'd' },
      path: '/d',
      before: target,
      field: ['spec', 'replicas'],
    };
    expect(shape([write(null, object('HorizontalPodAutoscaler', 'h'), { companions: [companion] })])).toEqual([
      'remove HorizontalPodAutoscaler/h',
      'companion Deployment/d',
    ]);
  });
});
