import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { comparable } from '../../../src/undo/comparable.ts';
import { normalise } from '../../../src/undo/normalise.ts';

const owner = (kind: string) => ({ apiVersion: 'apps/v1', kind, name: 'web', uid: 'u-1', controller: true });
const set = (replicas: number, owners?: object[]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: `u-${replicas}`,
    ...(owners ? { ownerReferences: owners } : {}),
  } as KubeObject['metadata'],
  spec: { replicas, selector: {} },
});

describe.each([
  ['an object', normalise],
  ['an object that was created again', comparable],
])('what must be the same after an undo of %s', (_, form) => {
  it('leaves out the size that a Deployment gives its ReplicaSet', () => {
    expect(form(set(2, [owner('Deployment')]))).toEqual(form(set(0, [owner('Deployment')])));
  });

  it('keeps the size of one that nobody owns, or somebody else', () => {
    expect(form(set(2))).not.toEqual(form(set(0)));
    expect(form(set(2, [owner('Rollout')]))).not.toEqual(form(set(0, [owner('Rollout')])));
  });
});

it('who owns an object that was created again is not compared: the reference goes with the old uid', () => {
  expect(comparable(set(2, [owner('Rollout')]))).toEqual(comparable(set(2)));
});
