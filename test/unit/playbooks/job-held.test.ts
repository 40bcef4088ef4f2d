import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { crashed } from './unfamiliar/fault.ts';

const SEEDS = [23, 88];
const RULE = 'job-held';

function held(world: World, spec: Loose, metadata: Loose = {}, status: Loose = {}): KubeObject {
  return world.add('Job', 'batch/v1', 'migrate', {
    metadata,
    spec: {
      parallelism: 1,
      completions: 1,
      ...spec,
      template: {
        metadata: {},
        spec: { containers: [{ name: 'run', image: 'i', envFrom: [{ configMapRef: { name: 'db' } }] }] },
      },
    },
    status,
  });
}

function waiter(world: World, said = 'ERROR: relation "orders" does not exist'): void {
  world.configMap({ DSN: 'x' }, { name: 'db' });
  const main = world.container({ name: 'main', envFrom: [{ configMapRef: { name: 'db' } }] });
  const workload = world.workload({ name: 'orders', replicas: 1, containers: [main] });
  for (const pod of world.podsOf(workload)) {
    crashed(pod, 'main');
    world.logs.set(`${pod.metadata.name}/main/true`, [said]);
  }
}

const applied = (spec: Loose): Loose => ({
  annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) },
});

describe.each(SEEDS)('a Job that is held while somebody waits for it (seed %i)', (seed) => {
  it.each([
    ['suspend', { suspend: true }, false],
    ['parallelism', { parallelism: 0 }, 1],
  ])('%s: it is let go, unasked where it was applied so and never ran', async (field, spec, value) => {
    const world = new World(seed);
    const job = held(world, spec, applied({ completions: 1 }));
    waiter(world);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('Deployment orders waits');
    expect(applyPatch(job, patchOps(finding.fixes[0]!.commands[0]!)).spec[field]).toBe(value);
    expect(finding.fixes[0]!.needsPerson).toBeUndefined();
    expect(finding.fixes[0]!.changes.slice(1)).toMatchObject([{ type: 'delete', object: { kind: 'Pod' } }]);
  });

  it('a person is asked where nothing was applied, or a part of it ran', async () => {
    for (const [metadata, status] of [
      [{}, {}],
      [applied({}), { failed: 1 }],
    ] as const) {
      const world = new World(seed);
      held(world, { suspend: true }, metadata, status);
      waiter(world);
      expect((await onlyFinding(world, RULE)).fixes[0]!.needsPerson).toMatch(/migrate/);
    }
  });

  it('against what was applied, while nobody waits: a note', async () => {
    const world = new World(seed);
    held(world, { suspend: true }, applied({}));
    expect((await onlyFinding(world, RULE)).severity).toBe('info');
  });

  it.each([
    ['nobody waits and nothing was applied', { suspend: true }, {}, false],
    ['it was applied so', { parallelism: 0 }, applied({ parallelism: 0 }), true],
    ['a queue holds it', { suspend: true }, { labels: { 'kueue.x-k8s.io/queue-name': 'q' } }, true],
    ['another controller runs it', { suspend: true, managedBy: 'kueue.x-k8s.io/multikueue' }, {}, true],
    ['it runs', {}, {}, true],
  ])('nothing where %s', async (_what, spec, metadata, waits) => {
    const world = new World(seed);
    held(world, spec, metadata);
    if (waits) waiter(world);
    await noFinding(world, RULE);
  });

  it('nothing where who is not well says nothing of what it makes', async () => {
    const world = new World(seed);
    held(world, { suspend: true });
    waiter(world, 'panic: nil pointer');
    await noFinding(world, RULE);
  });
});
