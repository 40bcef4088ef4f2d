import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { MemoryVerdict } from '../../../src/domain/signals-now.ts';
import { quantity } from '../../../src/kube/quantity.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch } from './json-patch.ts';
import { MINUTE, NOW, alertOn, quietSignals, signalOf } from './telemetry-world.ts';

const SEEDS = [3, 58, 901];
const LEAK = 'memory-leak';
const NEAR = 'memory-near-limit';
const MI = 2 ** 20;

interface Shape {
  limit?: string;
  earlier?: string;
  /** When the present template came, ISO 8601. */
  changed?: string;
  kind?: 'Deployment' | 'StatefulSet';
  spec?: object;
}

function running(world: World, { limit = '100Mi', earlier, changed, kind, spec }: Shape = {}): KubeObject {
  const main = world.container({ name: 'main' });
  const of = (memory: string) => [{ ...main, resources: { limits: { memory } } }];
  const workload = world.workload({
    replicas: 2,
    containers: of(limit),
    ...(kind ? { kind } : {}),
    ...(spec ? { spec } : {}),
    ...(earlier ? { earlier: [{ containers: of(earlier) }] } : {}),
  });
  if (changed) world.revisionsOf(workload).at(-1)!.metadata.creationTimestamp = changed;
  return workload;
}

function told(world: World, workload: KubeObject, verdict: Partial<MemoryVerdict>): void {
  const labels = { container: 'main' };
  const message = 'container main uses 95 MiB, 95 % of its limit, for 6 min';
  world.told.push(alertOn(world, 'MemoryNearLimit', [workload]));
  world.signals = quietSignals({
    reading: { signals: [signalOf('oom', workload, { labels, message })], unjudged: [], absent: [] },
    memory: [
      {
        workload: refOf(workload),
        container: 'main',
        cause: 'leak',
        evidence: ['memory rose from 40 MiB to 95 MiB in 50 min, while traffic did not rise'],
        peakBytes: 95 * MI,
        ...verdict,
      },
    ],
  });
}

function killed(world: World, workload: KubeObject, at: string): void {
  for (const pod of world.podsOf(workload)) {
    Object.assign(pod.status.containerStatuses[0], {
      restartCount: 1,
      ready: false,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { reason: 'OOMKilled', startedAt: '2031-05-06T06:00:00Z', finishedAt: at } },
    });
  }
}

describe.each(SEEDS)('a container that leaks (seed %i)', (seed) => {
  it('gets its pods started anew, and what was seen is told', async () => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, {});
    const found = await onlyFinding(world, LEAK);
    expect(found.message).toContain('rose from 40 MiB to 95 MiB');
    expect(found.fixes[0]!.changes).toEqual([{ type: 'rollout-restart', object: refOf(workload) }]);
    expect((await world.plan())!.findingId).toBe(found.id);
  });

  it('goes back first to the template before, where a change brought it', async () => {
    const world = new World(seed);
    const workload = running(world, { earlier: '101Mi', changed: '2031-05-06T07:00:00Z' });
    told(world, workload, {});
    const found = await onlyFinding(world, LEAK);
    const plan = await world.plan();
    expect(plan!.steps[0]).toMatchObject({ type: 'kubectl', argv: expect.arrayContaining(['undo']) as unknown });
    expect(found.fixes[0]!.confidence).toBeLessThan(0.5);
  });

  it('gets no higher limit when it is killed: that would be filled as well', async () => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, {});
    killed(world, workload, new Date(NOW - MINUTE).toISOString());
    const findings = await world.diagnose();
    const patches = findings.flatMap(({ fixes }) => fixes.flatMap(({ changes }) => changes));
    expect(patches.filter(({ type }) => type === 'json-patch')).toEqual([]);
    expect(findings.find(({ rule }) => rule === 'memory-limit')?.message).toMatch(/leaks memory/);
    const found = await onlyFinding(world, LEAK);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('killed and started again just now');
  });

  it('is told without a fix where nothing would replace its pods', async () => {
    const world = new World(seed);
    const workload = running(world, { kind: 'StatefulSet', spec: { updateStrategy: { type: 'OnDelete' } } });
    told(world, workload, {});
    const found = await onlyFinding(world, LEAK);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('OnDelete');
  });
});

describe.each(SEEDS)('a container with a limit that is too tight (seed %i)', (seed) => {
  const tight: Partial<MemoryVerdict> = { cause: 'tight-limit', evidence: ['memory stays at 95 MiB without rising'] };

  it('gets the limit back that it had', async () => {
    const world = new World(seed);
    const workload = running(world, { earlier: '160Mi' });
    told(world, workload, tight);
    const found = await onlyFinding(world, NEAR);
    expect(limitAfter(workload, found)).toBe('160Mi');
  });

  it('gets what it used at most, and head room', async () => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, tight);
    const limit = quantity(limitAfter(workload, await onlyFinding(world, NEAR)))!;
    expect(95 * MI).toBeLessThan(0.8 * limit);
    expect(limit).toBeLessThan(1.5 * 100 * MI);
  });

  it.each<[string, (world: World) => void]>([
    [
      'a LimitRange',
      (world) =>
        world.add('LimitRange', 'v1', 'most', { spec: { limits: [{ type: 'Container', max: { memory: '110Mi' } }] } }),
    ],
    [
      'a quota',
      (world) =>
        world.add('ResourceQuota', 'v1', 'all', {
          status: { hard: { 'limits.memory': '210Mi' }, used: { 'limits.memory': '200Mi' } },
        }),
    ],
    ['the nodes', (world) => world.list('Node').forEach((node) => (node.status.allocatable = { memory: '200Mi' }))],
  ])('gets none that %s would not have', async (_, build) => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, tight);
    build(world);
    const found = await onlyFinding(world, NEAR);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('no room');
  });

  it('is left alone where nobody can tell it from a leak, and what is missing is said', async () => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, { cause: 'unknown', evidence: ['no life of the container of 5 min was seen'] });
    const found = await onlyFinding(world, NEAR);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('no life of the container of 5 min was seen');
  });
});

function limitAfter(workload: KubeObject, { fixes }: Awaited<ReturnType<typeof onlyFinding>>): string {
  const [change] = fixes[0]!.changes;
  if (change?.type !== 'json-patch') throw new Error('not a patch');
  const after = applyPatch(workload, change.ops) as KubeObject;
  return after.spec.template.spec.containers[0].resources.limits.memory as string;
}

describe.each(SEEDS)('nothing is said (seed %i)', (seed) => {
  it.each([LEAK, NEAR])('by %s of a container without a signal about its memory', async (rule) => {
    const world = new World(seed);
    running(world);
    world.signals = quietSignals();
    if (rule === LEAK) await noFinding(world, LEAK);
    else await noFinding(world, NEAR);
  });

  it('of a tight limit where the container was killed: another rule knows that', async () => {
    const world = new World(seed);
    const workload = running(world);
    told(world, workload, { cause: 'tight-limit', evidence: ['memory stays'] });
    killed(world, workload, new Date(NOW - MINUTE).toISOString());
    await noFinding(world, NEAR);
  });
});
