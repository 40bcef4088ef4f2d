import { expect, it } from 'vitest';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { earlierRevisions } from '../../../src/kube/revisions.ts';
import { World } from '../playbooks/builders.ts';

it('what a rollback or an undo has given up again is no earlier revision, but while its pods are ready', () => {
  const world = new World(3);
  const workload = world.workload({ pods: 'pending', earlier: [{ podSpec: { nodeSelector: { a: 'b' } } }] });
  const [former, current] = world.revisionsOf(workload);
  const numbers = () =>
    earlierRevisions(new ClusterView(world.snapshot()), workload).map(({ source }) => source.metadata.name);
  former!.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  current!.metadata.creationTimestamp = '2026-01-02T00:00:00Z';
  expect(numbers()).toEqual([former!.metadata.name]);
  former!.metadata.creationTimestamp = '2026-01-03T00:00:00Z';
  former!.status = { ...former!.status, readyReplicas: 0 };
  expect(numbers()).toEqual([]);
  former!.status = { ...former!.status, readyReplicas: 1 };
  expect(numbers()).toEqual([former!.metadata.name]);
});
