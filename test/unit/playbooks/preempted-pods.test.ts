import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'preempted-pods';
const card = 'vendor.example/card';

/** A workload that served was driven out by a later one of a higher class, which has all there is. */
function preempted(
  seed: number,
  change: {
    victim?: Partial<WorkloadOptions>;
    newcomer?: Partial<WorkloadOptions>;
    since?: string;
    asked?: boolean;
  } = {},
) {
  const world = new World(seed);
  for (const node of world.list('Node').slice(1)) world.remove(node);
  world.list('Node')[0]!.status.allocatable = { [card]: '2', pods: '50' };
  for (const [name, value] of Object.entries({ urgent: 100_000, steady: 200_000 })) {
    world.add('PriorityClass', 'scheduling.k8s.io/v1', name, { value }, null);
  }
  const wants = (count: string): Loose => world.container({ resources: { limits: { [card]: count } } });
  const victim = world.workload({ replicas: 2, containers: [wants('1')], pods: 'pending', ...change.victim });
  if (change.asked !== false) world.serviceFor(victim);
  const newcomer = world.workload({
    replicas: 1,
    containers: [wants('2')],
    podSpec: { priorityClassName: 'urgent' },
    ...change.newcomer,
  });
  newcomer.metadata.creationTimestamp = change.since ?? '2031-05-06T06:30:00Z';
  const [pod] = world.podsOf(newcomer);
  pod!.spec.priority = 100_000;
  const set = world.revisionsOf(victim).at(-1)!.metadata.name;
  const gone = { kind: 'Pod', metadata: { name: `${set}-gone1`, namespace: world.namespace, uid: 'gone' } } as Loose;
  const related = { kind: 'Pod', name: pod!.metadata.name, namespace: world.namespace, uid: pod!.metadata.uid };
  world.event(gone, 'Preempted', `Preempted by pod ${pod!.metadata.uid} on node n`, { related });
  return { world, victim, newcomer };
}

describe.each([3, 77, 4096])('pods driven out by a higher priority (seed %i)', (seed) => {
  it('get their places back: the later one that nobody asks waits as anybody', async () => {
    const { world, victim, newcomer } = preempted(seed);
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', object: { name: victim.metadata.name } });
    expect(finding.message).toContain(newcomer.metadata.name);
    expect(finding.message).toContain('urgent');
    const [fix] = finding.fixes;
    const after = applyPatch(newcomer, patchOps(fix!.commands[0]!));
    expect(after.spec.template.spec).not.toHaveProperty('priorityClassName');
    expect(after.spec.replicas).toBe(0);
    expect(fix!.changes[1]).toMatchObject({ type: 'await-rollout' });
    expect(fix!.commands[2]).toContain('--replicas=1');
    const plan = await world.plan();
    expect(plan?.yields).toEqual([expect.objectContaining({ kind: 'Deployment', name: newcomer.metadata.name })]);
    const written = plan?.steps.filter((step) => 'argv' in step && step.argv[0] !== 'rollout');
    expect(JSON.stringify(written)).not.toContain(victim.metadata.name + '"');
  });

  it('have the class back that they lost, and then drive out in turn', async () => {
    const { world, victim } = preempted(seed, { victim: { earlier: [{ podSpec: { priorityClassName: 'steady' } }] } });
    const finding = await onlyFinding(world, RULE);
    const after = applyPatch(victim, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.template.spec.priorityClassName).toBe('steady');
    expect(finding.fixes[0]!.yields).toBeUndefined();
  });

  it('gives back the class that the other had before', async () => {
    const since = '2031-05-06T05:00:00Z';
    const { world, newcomer } = preempted(seed, {
      since,
      newcomer: { earlier: [{ podSpec: { priorityClassName: undefined } }] },
    });
    const after = applyPatch(newcomer, patchOps((await onlyFinding(world, RULE)).fixes[0]!.commands[0]!));
    expect(after.spec.template.spec).not.toHaveProperty('priorityClassName');
  });

  it.each<[string, Parameters<typeof preempted>[1]]>([
    ['the other was there first', { since: '2031-05-06T05:00:00Z' }],
    ['nobody asks the evicted ones either', { asked: false }],
  ])('are only explained where %s', async (_, change) => {
    const { world } = preempted(seed, change);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('whose work matters more');
  });

  it('are only explained where both serve', async () => {
    const { world, newcomer } = preempted(seed);
    world.serviceFor(newcomer);
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });

  it('are no trouble once they run elsewhere', async () => {
    const { world } = preempted(seed);
    world.node(
      {},
      { status: { allocatable: { [card]: '8', pods: '50' }, conditions: [{ type: 'Ready', status: 'True' }] } },
    );
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const served = preempted(seed, { victim: { pods: 'ready' } });
    expect(byRule(await served.world.diagnose(), RULE)).toEqual([]);
  });
});
