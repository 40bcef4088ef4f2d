import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { withoutOwnLeftovers } from '../../../src/run/incident/own-leftovers.ts';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const below = (kind: string, name: string, owner: { kind: string; name: string; uid: string }): KubeObject => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }],
  },
});
const set = (name: string, owner = 'web') => below('ReplicaSet', name, { kind: 'Deployment', name: owner, uid: owner });
const pod = (name: string, owner: string) =>
  below('Pod', name, { kind: 'ReplicaSet', name: owner, uid: `uid-${owner}` });
const snapshot = (objects: ClusterSnapshot['objects']): ClusterSnapshot => ({
  takenAt: '2031-01-01T00:00:00Z',
  namespaces: ['shop'],
  objects,
  unreadable: {},
});
const names = ({ objects }: ClusterSnapshot) =>
  Object.values(objects).flatMap((list) => (list ?? []).map(({ metadata }) => metadata.name));

describe('what undone attempts left behind', () => {
  const start = snapshot({ ReplicaSet: [set('web-1'), set('api-1', 'api')], Pod: [pod('a', 'web-1')] });
  const now = snapshot({
    ReplicaSet: [set('web-1'), set('web-2'), set('api-1', 'api'), set('api-2', 'api')],
    Pod: [pod('a', 'web-1'), pod('b', 'web-2'), pod('c', 'api-2')],
  });

  it('is not shown to the brain: no revision of it, and no pod', () => {
    expect(names(withoutOwnLeftovers(now, start, [DEPLOYMENT]))).toEqual(['web-1', 'api-1', 'api-2', 'a', 'c']);
  });

  it('is nothing where nothing was undone, or nothing was left', () => {
    expect(withoutOwnLeftovers(now, start, [])).toBe(now);
    expect(withoutOwnLeftovers(start, start, [DEPLOYMENT])).toBe(start);
  });
});
