import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { demandOf } from '../../../src/kube/autoscaler-demand.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch } from './json-patch.ts';
import { alertOn } from './telemetry-world.ts';

const SEEDS = [8, 31, 640];
const RULE = 'autoscaler-at-maximum';

const wanted = (target: Loose) => [{ type: 'Resource', resource: { name: 'cpu', target } }];
const current = (value: Loose) => [{ type: 'Resource', resource: { name: 'cpu', current: value } }];
const limited = (reason = 'TooManyReplicas', status = 'True') => [
  { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' },
  { type: 'ScalingLimited', status, reason, message: 'the desired replica count is more than the maximum' },
];

/** An autoscaler at its 2 replicas, whose pods use twice what is aimed at. */
function atMaximum(world: World, part: Loose = {}): { workload: KubeObject; scaler: KubeObject } {
  const resources = { requests: { cpu: '100m', memory: '64Mi' } };
  const workload = world.workload({ replicas: 2, containers: [world.container({ name: 'main', resources })] });
  const scaler = world.add('HorizontalPodAutoscaler', 'autoscaling/v2', world.random.name(), {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.metadata.name },
      minReplicas: 1,
      maxReplicas: 2,
      metrics: wanted({ type: 'Utilization', averageUtilization: 50 }),
    },
    status: {
      currentReplicas: 2,
      desiredReplicas: 2,
      currentMetrics: current({ averageUtilization: 100, averageValue: '100m' }),
      conditions: limited(),
      ...part,
    },
  });
  for (const node of world.list('Node')) node.status.allocatable = { cpu: '4', memory: '8Gi', pods: '110' };
  return { workload, scaler };
}

function maximumAfter(scaler: KubeObject, { fixes }: Awaited<ReturnType<typeof onlyFinding>>): number {
  const [change] = fixes[0]!.changes;
  if (change?.type !== 'json-patch') throw new Error('not a patch');
  return (applyPatch(scaler, change.ops) as KubeObject).spec.maxReplicas as number;
}

describe.each(SEEDS)('an autoscaler that may not add what its metrics ask for (seed %i)', (seed) => {
  it('may have that many and a little more, where an alert says that its target suffers', async () => {
    const world = new World(seed);
    const { workload, scaler } = atMaximum(world);
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    const found = await onlyFinding(world, RULE);
    expect(found.message).toContain('its metrics ask for 4: cpu is at 100 % of what is requested, 50 % are aimed at');
    expect(maximumAfter(scaler, found)).toBe(5);
    expect((await world.plan())!.findingId).toBe(found.id);
  });

  it('is told by an alert about itself, too', async () => {
    const world = new World(seed);
    const { scaler } = atMaximum(world);
    world.told.push(alertOn(world, 'AutoscalerAtMaximum', [scaler]));
    expect((await onlyFinding(world, RULE)).fixes).toHaveLength(1);
  });

  it('gets no more than a quota has left', async () => {
    const world = new World(seed);
    const { workload, scaler } = atMaximum(world);
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    world.add('ResourceQuota', 'v1', 'all', {
      status: { hard: { 'requests.cpu': '350m' }, used: { 'requests.cpu': '250m' } },
    });
    expect(maximumAfter(scaler, await onlyFinding(world, RULE))).toBe(3);
  });

  it.each([
    ['a metric that goes wrong', { averageUtilization: 9_000_000, averageValue: '100m' }],
    ['a load of twenty times', { averageUtilization: 1_000, averageValue: '1' }],
  ])('gets four times as many at most for %s where nobody here sees the nodes', async (_, value) => {
    const world = new World(seed);
    const { workload, scaler } = atMaximum(world, { currentMetrics: current(value) });
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    world.unreadable.Node = 'nodes is forbidden';
    const found = await onlyFinding(world, RULE);
    expect(maximumAfter(scaler, found)).toBe(8);
    expect(JSON.stringify(found.evidence)).toContain('the room on nodes is not known, so that it gets 6 more pods');
  });

  it('gets no more than nodes have room for, and says so where that is none', async () => {
    const world = new World(seed);
    const { workload } = atMaximum(world);
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    for (const node of world.list('Node')) node.status.allocatable.cpu = '0';
    const [first] = world.list('Node');
    first!.status.allocatable.cpu = '250m';
    const found = await onlyFinding(world, RULE);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('nodes have room for 0 more pods');
  });

  it('is a remark where nothing suffers', async () => {
    const world = new World(seed);
    atMaximum(world);
    world.told.push(alertOn(world, 'Elsewhere', [world.workload({ replicas: 1 })]));
    const found = await onlyFinding(world, RULE);
    expect(found.severity).toBe('info');
    expect(found.fixes).toEqual([]);
  });

  it('is told without a fix where it does not say what its metrics are', async () => {
    const world = new World(seed);
    const { workload } = atMaximum(world, { currentMetrics: [] });
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });
});

describe.each(SEEDS)('nothing is said of an autoscaler (seed %i)', (seed) => {
  it.each<[string, Loose]>([
    ['that is limited by its rate', { conditions: limited('ScaleUpLimit') }],
    ['that is held up by its minimum', { conditions: limited('TooFewReplicas') }],
    ['that is not limited', { conditions: limited('DesiredWithinRange', 'False') }],
    ['that still adds pods', { currentReplicas: 1 }],
  ])('%s', async (_, status) => {
    const world = new World(seed);
    const { workload } = atMaximum(world, status);
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    await noFinding(world, RULE);
  });

  it('of which a wider range was applied before: another rule goes back to that', async () => {
    const world = new World(seed);
    const { workload, scaler } = atMaximum(world);
    scaler.metadata.annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { maxReplicas: 6 } }),
    };
    world.told.push(alertOn(world, 'SlowRequests', [workload]));
    await noFinding(world, RULE);
  });
});

describe('what metrics ask for', () => {
  const scaler = (metric: Loose, now: Loose, replicas = 3): KubeObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a', namespace: 'b' },
    spec: { metrics: [metric] },
    status: { currentReplicas: replicas, currentMetrics: [now] },
  });
  it.each<[string, Loose, Loose, number | null]>([
    [
      'an average value',
      { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } },
      { type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '21' } } },
      7,
    ],
    [
      'a value of an object',
      { type: 'Object', object: { metric: { name: 'queue' }, target: { type: 'Value', value: '100' } } },
      { type: 'Object', object: { metric: { name: 'queue' }, current: { value: '250' } } },
      8,
    ],
    [
      'an average of an external metric',
      { type: 'External', external: { metric: { name: 'lag' }, target: { type: 'AverageValue', averageValue: '5' } } },
      { type: 'External', external: { metric: { name: 'lag' }, current: { value: '60' } } },
      12,
    ],
    [
      'the resource of one container',
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'main', target: { averageUtilization: 60 } },
      },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'main', current: { averageUtilization: 90 } },
      },
      5,
    ],
    [
      'a value within the tolerance',
      { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 60 } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 65 } } },
      null,
    ],
    [
      'another metric than that which is told',
      { type: 'Resource', resource: { name: 'memory', target: { averageUtilization: 60 } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 95 } } },
      null,
    ],
    ['nonsense', { type: 'Resource', resource: null }, { type: 'Resource', resource: 7 }, null],
  ])('follows from %s', (_, metric, now, replicas) => {
    expect(demandOf(scaler(metric, now))?.replicas ?? null).toBe(replicas);
  });

  it('is of the present size', () => {
    const { spec, status } = scaler(
      { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 50 } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 75 } } },
    );
    const sized = (currentReplicas: number) =>
      demandOf({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec, status: { ...status, currentReplicas } });
    expect(sized(2)?.replicas).toBe(3);
    expect(sized(10)?.replicas).toBe(15);
  });
});
