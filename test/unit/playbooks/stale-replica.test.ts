import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'stale-replica';

/** The template went back to an image that exists; the last pod is still of the revision in between. */
function rolledBack(seed: number, spec: Loose = {}, waiting: Loose = { reason: 'ImagePullBackOff' }) {
  const world = new World(seed);
  const container = world.container();
  const set = world.workload({
    kind: 'StatefulSet',
    replicas: 2,
    containers: [container],
    earlier: [{ containers: [{ ...container, image: 'wrong.example/x:1' }] }],
    spec,
  });
  const [bad] = world.revisionsOf(set);
  const pod = world.podsOf(set).at(-1)!;
  pod.metadata.labels!['controller-revision-hash'] = bad!.metadata.name;
  pod.status.conditions = [{ type: 'Ready', status: 'False' }];
  pod.status.containerStatuses[0] = { name: container.name, ready: false, restartCount: 0, state: { waiting } };
  return { world, set, pod };
}

describe.each([3, 77, 4096])('a StatefulSet that was mended (seed %i)', (seed) => {
  it('gets its broken pod of another revision made anew', async () => {
    const { world, pod } = rolledBack(seed);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes[0]!.commands).toEqual([
      ['delete', 'pod', pod.metadata.name, '-n', world.namespace, '--wait=false'],
    ]);
    expect(finding.message).toContain(pod.metadata.name);
  });

  it.each<[string, Loose, Loose?]>([
    [
      'the partition keeps the pod as it is',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 5 } } },
    ],
    ['pods are managed in parallel', { podManagementPolicy: 'Parallel' }],
    ['the pod is only starting', {}, { reason: 'ContainerCreating' }],
  ])('is let be where %s', async (_, spec, waiting) => {
    const { world } = rolledBack(seed, spec, waiting);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });

  it('is let be where the broken pod is of the present revision', async () => {
    const { world, set, pod } = rolledBack(seed);
    pod.metadata.labels!['controller-revision-hash'] = world.revisionsOf(set).at(-1)!.metadata.name;
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
