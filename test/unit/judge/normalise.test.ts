import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../judge/api.ts';
import { differences, normalise } from '../../judge/normalise.ts';

const object: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'one',
    resourceVersion: '5',
    generation: 2,
    labels: {},
    annotations: { 'deployment.kubernetes.io/revision': '3' },
    ownerReferences: [{ kind: 'Thing', name: 'owner', uid: 'seven' }],
    finalizers: ['example.org/keep'],
  },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } } },
  status: { readyReplicas: 1 },
};

describe('differences', () => {
  it('are of own fields, whatever they are called', () => {
    const [before, after] = [{ data: {} }, JSON.parse('{"data":{"toString":"a","__proto__":"b"}}')];
    expect(differences(before, after).map(({ before: old, after: now }) => [old, now])).toEqual([
      [undefined, 'b'],
      [undefined, 'a'],
    ]);
  });
});

describe('normalise', () => {
  it('removes identity, status, revision, owner uids and empty maps, and keeps the rest', () => {
    expect(normalise(object)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web',
        namespace: 'shop',
        ownerReferences: [{ kind: 'Thing', name: 'owner' }],
        finalizers: ['example.org/keep'],
      },
      spec: object.spec,
    });
  });

  it('keeps what people wrote into annotations, also last-applied', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'x' };
    expect(normalise({ ...object, metadata: { ...object.metadata, annotations } }).metadata.annotations).toEqual(
      annotations,
    );
  });

  it('leaves its argument alone', () => {
    const copy = structuredClone(object);
    normalise(copy);
    expect(copy).toEqual(object);
  });
});

describe('differences', () => {
  it('ignores the order of keys but not that of lists', () => {
    expect(differences({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    expect(differences(['a', 'b'], ['b', 'a'])).toHaveLength(2);
  });

  it('names the path of each change, addition and removal', () => {
    expect(
      differences(
        { spec: { ports: [{ targetPort: 80 }], old: true }, 'a/b': 1 },
        { spec: { ports: [{ targetPort: 81 }, { port: 1 }] }, 'a/b': 2 },
      ),
    ).toEqual([
      { path: '["a/b"]', before: 1, after: 2 },
      { path: '.spec.old', before: true, after: undefined },
      { path: '.spec.ports[0].targetPort', before: 80, after: 81 },
      { path: '.spec.ports[1]', before: undefined, after: { port: 1 } },
    ]);
  });

  it('tells an empty map from none, and null from zero', () => {
    expect(differences({ a: {} }, {})).toEqual([{ path: '.a', before: {}, after: undefined }]);
    expect(differences({ a: null }, { a: 0 })).toHaveLength(1);
  });
});
