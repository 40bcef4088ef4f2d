import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { alertOn, quietSignals, suspectOf } from './telemetry-world.ts';

const SEEDS = [5, 66, 1234];
const RULE = 'one-bad-replica';

function threePods(
  world: World,
  options: object = {},
): { workload: KubeObject; bad: KubeObject; others: KubeObject[] } {
  const workload = world.workload({ replicas: 3, ...options });
  const [bad, ...others] = world.podsOf(workload);
  return { workload, bad: bad!, others };
}

describe.each(SEEDS)('one pod of three that serves worse (seed %i)', (seed) => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    'of a %s is replaced when an alert names it',
    async (kind) => {
      const world = new World(seed);
      const { workload, bad } = threePods(world, { kind });
      world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad]));
      const found = await onlyFinding(world, RULE);
      expect(found.object).toEqual(refOf(bad));
      expect(found.fixes[0]!.changes).toEqual([{ type: 'delete', object: refOf(bad), wait: false }]);
      expect((await world.plan())!.findingId).toBe(found.id);
    },
  );

  it('is replaced when traces single it out, although alerts speak of its caller', async () => {
    const world = new World(seed);
    const { workload, bad } = threePods(world);
    world.told.push(alertOn(world, 'Slow', [world.workload({ replicas: 1 })]));
    world.signals = quietSignals({ suspects: { suspects: [suspectOf(workload, bad)], unknown: null } });
    const found = await onlyFinding(world, RULE);
    expect(found.evidence.map(({ source }) => source)).toContain('trace');
    expect(found.fixes[0]!.confidence).toBeGreaterThan(0.6);
  });

  it('waits for the rollback where its template was just changed', async () => {
    const world = new World(seed);
    const main = world.container({ name: 'main' });
    const of = (value: string) => [{ ...main, env: [{ name: 'DELAY', value }] }];
    const { workload, bad } = threePods(world, { containers: of('9'), earlier: [{ containers: of('0') }] });
    world.revisionsOf(workload).at(-1)!.metadata.creationTimestamp = '2031-05-06T07:02:00Z';
    world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad]));
    expect((await onlyFinding(world, RULE)).fixes[0]!.confidence).toBeLessThan(0.4);
    expect((await world.plan())!.steps[0]).toMatchObject({ argv: expect.arrayContaining(['undo']) as unknown });
  });

  it.each<[string, (world: World, bad: KubeObject) => void, RegExp]>([
    [
      'a budget lets none go',
      (world, bad) =>
        world.add('PodDisruptionBudget', 'policy/v1', 'all', {
          spec: { selector: { matchLabels: { app: bad.metadata.labels!['app'] } } },
          status: { disruptionsAllowed: 0 },
        }),
      /PodDisruptionBudget all/,
    ],
    ['finalizers would act', (_, bad) => (bad.metadata.finalizers = ['example.io/hold']), /finalizers/],
  ])('is told without a fix where %s', async (_, build, why) => {
    const world = new World(seed);
    const { workload, bad } = threePods(world);
    world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad]));
    build(world, bad);
    const found = await onlyFinding(world, RULE);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toMatch(why);
  });
});

describe.each(SEEDS)('no pod is singled out (seed %i)', (seed) => {
  it.each<[string, (world: World) => void]>([
    [
      'when an alert names two of three',
      (world) => {
        const { workload, bad, others } = threePods(world);
        world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad, others[0]!]));
      },
    ],
    [
      'when two alerts name one each',
      (world) => {
        const { workload, bad, others } = threePods(world);
        world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad]));
        world.told.push(alertOn(world, 'ReplicaFails', [workload], [others[0]!]));
      },
    ],
    [
      'when it is the only one',
      (world) => {
        const workload = world.workload({ replicas: 1 });
        world.told.push(alertOn(world, 'ReplicaSlow', [workload], world.podsOf(workload)));
      },
    ],
    [
      'when no other one is ready',
      (world) => {
        const { workload, bad, others } = threePods(world);
        for (const { status } of others) status.conditions[0].status = 'False';
        world.told.push(alertOn(world, 'ReplicaSlow', [workload], [bad]));
      },
    ],
    [
      'when the alert names the workload',
      (world) => world.told.push(alertOn(world, 'Slow', [threePods(world).workload])),
    ],
    [
      'when the others have another template',
      (world) => {
        const main = world.container({ name: 'main' });
        const workload = world.workload({
          replicas: 1,
          containers: [{ ...main, image: 'registry.example/a:2' }],
          earlier: [{ containers: [main], readyPods: 2 }],
        });
        const bad = world.podsOf(workload).filter(({ spec }) => spec.containers[0].image === 'registry.example/a:2');
        world.told.push(alertOn(world, 'ReplicaSlow', [workload], bad));
      },
    ],
  ])('%s', async (_, build) => {
    const world = new World(seed);
    build(world);
    await noFinding(world, RULE);
  });
});
