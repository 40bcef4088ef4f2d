import { describe, expect, it } from 'vitest';
import { undone, World } from './builders.ts';
import type { Loose } from './builders.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { AttemptRecord } from '../../../src/domain/brain.ts';
import { kubectlSteps } from '../../../src/domain/plan.ts';
import type { Plan } from '../../../src/domain/plan.ts';

const SEEDS = [1, 10, 100, 1000];

/** Every plan in order, each undone before the next is asked for. */
async function allPlans(world: World, unhealthy: Parameters<World['plan']>[1] = []): Promise<Plan[]> {
  const attempts: AttemptRecord[] = [];
  for (;;) {
    const plan = await world.plan(attempts, unhealthy);
    if (!plan) return attempts.map((attempt) => attempt.plan);
    expect(attempts.length).toBeLessThan(40);
    attempts.push(undone(plan, attempts.length + 1));
  }
}

const words = (plan: Plan | null | undefined): string[] =>
  kubectlSteps(plan ?? { steps: [] }).map((step) => step.argv.join(' ')) ?? [];

function wrongPort(world: World, candidates = 1) {
  const names = ['p0', 'p0-b', 'far'].slice(0, candidates);
  const ports = names.map((name) => ({ containerPort: world.random.port(), name }));
  const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
  return world.service(workload.spec.template.metadata.labels, [
    { name: 'p0', port: 80, targetPort: world.random.port() },
  ]);
}

const badImage = (container: Loose) => ({ ...container, image: 'nowhere.example/x:0' });
const pull = { pods: 'waiting', waiting: { reason: 'ErrImagePull' } } as const;

describe.each(SEEDS)('planning (seed %i)', (seed) => {
  it('has nothing to do in a healthy cluster', async () => {
    const world = new World(seed);
    world.serviceFor(world.workload());
    expect(await world.plan()).toBeNull();
  });

  it('gives the same plan, hash included, for the same snapshot', async () => {
    const [one, two] = [new World(seed), new World(seed)];
    for (const world of [one, two]) wrongPort(world, 3);
    expect(await one.plan()).toEqual(await two.plan());
    expect((await one.plan())!.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('never repeats an undone plan, and takes other alternatives of a finding before the next finding', async () => {
    const world = new World(seed);
    const services = [wrongPort(world, 3), wrongPort(world, 3)];
    const plans = await allPlans(world);
    expect(new Set(plans.map((plan) => plan.hash)).size).toBe(plans.length);
    const order = plans.map((plan) => kubectlSteps(plan)[0]!.argv[2]);
    const first = order[0]!;
    expect(services.map((service) => service.metadata.name)).toContain(first);
    expect(order.indexOf(services.find((service) => service.metadata.name !== first)!.metadata.name)).toBe(2);
    expect(order.slice(0, 2)).toEqual([first, first]);
  });

  it('mends independent faults one by one', async () => {
    const world = new World(seed);
    wrongPort(world);
    const container = world.container();
    world.workload({ ...pull, containers: [badImage(container)], earlier: [{ containers: [container] }] });
    const plan = await world.plan();
    expect(plan!.steps).toHaveLength(1);
  });

  it('mends faults that hold up the same pods together', async () => {
    const world = new World(seed);
    const container = world.container();
    const workload = world.workload({
      ...pull,
      containers: [
        badImage({
          ...container,
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } }],
        }),
      ],
    });
    world.configMap({ COLOUR: 'red' }, { name: 'settings' });
    world.workload({ containers: [{ ...world.container(), image: 'nowhere.example/x:7' }] });
    const plan = await world.plan();
    expect(words(plan)).toHaveLength(2);
    expect(words(plan)[0]).toContain(`patch deployment ${workload.metadata.name}`);
    expect(words(plan)[1]).toContain(`set image deployment/${workload.metadata.name}`);
    const later = (await allPlans(world)).map((each) => each.steps.length);
    expect(later[0]).toBe(2);
    expect(later).toContain(1);
  });

  it('rolls back once where that removes several faults', async () => {
    const world = new World(seed);
    const container = world.container();
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }];
    const workload = world.workload({
      ...pull,
      containers: [badImage({ ...container, env })],
      podSpec: { nodeSelector: { pool: 'none' } },
      earlier: [{ containers: [container], podSpec: { nodeSelector: {} } }],
    });
    expect(words(await world.plan())).toEqual([
      `rollout undo deployment/${workload.metadata.name} -n ${world.namespace} --to-revision=1`,
    ]);
  });

  it('starts pods and routes to them in one transaction', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: world.random.port() }]);
    const plan = await world.plan();
    expect(words(plan).map((text) => text.split(' ')[0])).toEqual(['scale', 'patch']);
  });

  it('deletes stuck pods last', async () => {
    const world = new World(seed);
    const container = world.container();
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } }];
    world.configMap({ COLOUR: 'red' }, { name: 'settings' });
    world.workload({ containers: [{ ...world.container(), image: 'nowhere.example/x:7' }] });
    world.workload({ ...pull, kind: 'StatefulSet', replicas: 1, containers: [badImage({ ...container, env })] });
    const verbs = words(await world.plan()).map((text) => text.split(' ')[0]);
    expect(verbs).toEqual(['patch', 'set', 'delete']);
  });

  it('knows a rollback again under the number it has after its undo', async () => {
    const world = new World(seed);
    const container = world.container();
    const workload = world.workload({
      ...pull,
      containers: [badImage(container)],
      podSpec: { terminationGracePeriodSeconds: 7 },
      earlier: [{ containers: [container], podSpec: { terminationGracePeriodSeconds: 9 } }],
    });
    const tried = (await world.plan())!;
    expect(words(tried)[0]).toContain('--to-revision=1');
    const [good, bad] = world.revisionsOf(workload);
    good!.metadata.annotations = {
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    };
    bad!.metadata.annotations = {
      'deployment.kubernetes.io/revision': '4',
      'deployment.kubernetes.io/revision-history': '2',
    };
    const next = await world.plan([undone(tried)]);
    expect(words(next).join()).not.toContain('rollout undo');
    expect(words(next).join()).toContain('set image');
  });

  it('does not delete a stuck pod twice', async () => {
    const world = new World(seed);
    const container = world.container();
    const workload = world.workload({ ...pull, kind: 'StatefulSet', replicas: 1, containers: [badImage(container)] });
    workload.spec.template = { ...workload.spec.template, spec: { containers: [container] } };
    const plan = (await world.plan())!;
    expect(words(plan)).toEqual([`delete pod ${workload.metadata.name}-0 -n ${world.namespace} --wait=false`]);
    expect(await world.plan([undone(plan)])).toBeNull();
  });

  it('does not mend a warning that nobody measures, unless a user check fails', async () => {
    const world = new World(seed);
    const idle = world.random.name();
    const map = world.configMap({ [idle]: 'v' });
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: map.metadata.name, key: 'gone' } } }];
    const quiet = world.workload({ containers: [world.container({ env })] });
    const sick = world.workload({
      pods: 'pending',
      podSpec: { nodeSelector: { nowhere: 'x' } },
      earlier: [{ podSpec: { nodeSelector: {} } }],
    });
    const plans = await allPlans(world, [sick]);
    expect(plans.length).toBeGreaterThan(0);
    expect(plans.every((plan) => kubectlSteps(plan)[0]!.argv.join(' ').includes(sick.metadata.name))).toBe(true);
    const open = await allPlans(world);
    expect(open.some((plan) => kubectlSteps(plan)[0]!.argv.includes(quiet.metadata.name))).toBe(true);
  });

  it('starts with what bears on the measured item', async () => {
    const world = new World(seed);
    const [one, two] = [wrongPort(world), wrongPort(world)];
    for (const service of [one, two]) {
      const plan = await world.plan([], [service]);
      expect(kubectlSteps(plan!)[0]!.argv[2]).toBe(service.metadata.name);
    }
  });
});

describe.each(SEEDS)('ranking (seed %i)', (seed) => {
  it('puts causes before symptoms and criticals before warnings', async () => {
    const world = new World(seed);
    const container = world.container();
    const cause = world.workload({
      ...pull,
      containers: [badImage(container)],
      earlier: [{ containers: [container] }],
    });
    world.workload({ replicas: 0 });
    const service = world.service(cause.spec.template.metadata.labels, [{ port: 80, targetPort: world.random.port() }]);
    const names = (await world.diagnose()).map((finding) => [finding.severity, finding.object.name]);
    expect(names[0]).toEqual(['critical', cause.metadata.name]);
    expect(names[1]).toEqual(['critical', service.metadata.name]);
    expect(names.at(-1)![0]).toBe('info');
  });

  it('does not depend on the order of the snapshot', async () => {
    const world = new World(seed);
    for (let index = 0; index < 3; index++) wrongPort(world, 2);
    world.workload({ replicas: 0 });
    const snapshot = world.snapshot();
    const context = world.context();
    const reversed = Object.fromEntries(
      Object.entries(snapshot.objects).map(([kind, list]) => [kind, [...list].reverse()]),
    );
    const brain = new PlaybookBrain();
    const forward = await brain.diagnose({ ...context, snapshot });
    expect(await brain.diagnose({ ...context, snapshot: { ...snapshot, objects: reversed } })).toEqual(forward);
    expect(new Set(forward.findings.map((finding) => finding.id)).size).toBe(forward.findings.length);
  });
});
