import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const RULE = 'rival-autoscalers';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const MADE = '2031-05-06T06:00:00Z';
const LATER = '2031-05-06T06:50:00Z';

interface Options {
  made?: string;
  /** How its specification came: with `kubectl apply`, or with `kubectl create`. */
  applied?: boolean;
  metadata?: Loose;
  bounds?: [number, number];
}

function scalerOf(world: World, target: Loose, name: string, options: Options = {}): KubeObject {
  const { made = MADE, applied = true, metadata = {}, bounds = [2, 4] } = options;
  const [minReplicas, maxReplicas] = bounds;
  const spec = {
    scaleTargetRef: { apiVersion: target.apiVersion, kind: target.kind, name: target.metadata.name },
    minReplicas,
    maxReplicas,
  };
  const entry = {
    manager: applied ? 'kubectl-client-side-apply' : 'kubectl-create',
    operation: 'Update',
    time: made,
    fieldsV1: { 'f:spec': { 'f:scaleTargetRef': {} } },
  };
  return world.add('HorizontalPodAutoscaler', 'autoscaling/v2', name, {
    metadata: {
      creationTimestamp: made,
      managedFields: [entry],
      ...(applied ? { annotations: { [APPLIED]: JSON.stringify({ spec }) } } : {}),
      ...metadata,
    },
    spec,
  });
}

/** Two autoscalers of one workload, of which the second took pods away. */
function scene(world: World, late: Options = {}, early: Options = {}) {
  const workload = world.workload({
    name: 'voter',
    kind: world.random.pick(['Deployment', 'StatefulSet']),
    replicas: 1,
  });
  const first = scalerOf(world, workload, 'voter', early);
  const second = scalerOf(world, workload, 'voter-night', { made: LATER, applied: false, bounds: [1, 1], ...late });
  world.event(second, 'SuccessfulRescale', 'New size: 1; reason: Current number of replicas above Spec.MaxReplicas');
  world.event(first, 'SuccessfulRescale', 'New size: 2; reason: Current number of replicas below Spec.MinReplicas');
  return { workload, first, second };
}

function scaledObject(world: World, target: KubeObject, fields: Loose = {}): KubeObject {
  const { metadata, ...rest } = fields;
  return world.add('ScaledObject', 'keda.sh/v1alpha1', 'queue', {
    metadata: { creationTimestamp: MADE, annotations: { [APPLIED]: '{"spec":{}}' }, ...metadata },
    spec: { scaleTargetRef: { name: target.metadata.name }, minReplicaCount: 3, maxReplicaCount: 9 },
    ...rest,
  });
}

describe.each([5, 23, 4712])('two autoscalers of one workload (seed %i)', (seed) => {
  it('are both named, and the one that came by hand after the applied one may go if a person agrees', async () => {
    const world = new World(seed);
    const { second } = scene(world);
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'warning', object: { name: second.metadata.name } });
    expect(finding.message).toMatch(
      /voter \(2 to 4 replicas\) and HorizontalPodAutoscaler voter-night \(1 to 1 replicas\) both scale/,
    );
    expect(finding.message).toMatch(/voter-night came last, made at \S+ by kubectl-create/);
    const [fix, ...others] = finding.fixes;
    expect(others).toEqual([]);
    expect(fix!.changes).toMatchObject([
      { type: 'delete', object: { kind: 'HorizontalPodAutoscaler', name: 'voter-night' } },
    ]);
    expect(fix!.needsPerson).toMatch(/take over/);
    expect((await world.plan())?.needsPerson).toMatch(/take over/);
  });

  it('have no bounds squeezed, and nothing else is done about their workload', async () => {
    const world = new World(seed);
    const { workload } = scene(world);
    world.event(
      workload,
      'ScalingReplicaSet',
      `Scaled down replica set ${world.revisionsOf(workload)[0]!.metadata.name} from 2 to 1`,
    );
    const changes = (await world.diagnose()).flatMap(({ fixes }) => fixes.flatMap((fix) => fix.changes));
    expect(changes.map(({ type }) => type)).toEqual(['delete']);
  });

  it.each<[string, Options, Options]>([
    ['both are applied: one may be what the other was renamed to', { applied: true }, {}],
    ['neither is applied', {}, { applied: false }],
    ['they came together', { made: MADE }, {}],
    ['the later one belongs to a chart', { metadata: { annotations: { 'meta.helm.sh/release-name': 'voter' } } }, {}],
    ['the one made by hand was there first', { applied: true }, { applied: false }],
  ])('are only told where %s', async (_, late, early) => {
    const world = new World(seed);
    scene(world, late, early);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/voter and voter-night is to scale|voter-night and voter is to scale/);
  });

  it('may be one of KEDA and one beside it', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 2 });
    scaledObject(world, workload);
    scalerOf(world, workload, 'by-hand', { made: LATER, applied: false });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toMatch(/ScaledObject queue \(3 to 9 replicas\).*by-hand/);
    expect(finding.fixes[0]!.changes).toMatchObject([{ type: 'delete', object: { name: 'by-hand' } }]);
  });

  it('is told of a ScaledObject that came last, which is not deleted', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 2 });
    scalerOf(world, workload, 'applied');
    scaledObject(world, workload, { metadata: { creationTimestamp: LATER, annotations: {} } });
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });

  it('may name a Deployment and its ReplicaSet', async () => {
    const world = new World(seed);
    const workload = world.workload({ kind: 'Deployment', replicas: 2 });
    scalerOf(world, workload, 'of-deployment');
    scalerOf(world, world.revisionsOf(workload)[0]!, 'of-set', { made: LATER, applied: false });
    expect((await onlyFinding(world, RULE)).object.name).toBe('of-set');
  });
});

describe.each([5, 23])('what looks like two autoscalers of one workload (seed %i)', (seed) => {
  it('is the autoscaler that KEDA made for its own object', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 3 });
    scaledObject(world, workload);
    scalerOf(world, workload, 'keda-hpa-queue', {
      applied: false,
      metadata: { labels: { 'scaledobject.keda.sh/name': 'queue' } },
    });
    await noFinding(world, RULE);
  });

  it('is one beside an object of KEDA that is paused', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 3 });
    scaledObject(world, workload, { metadata: { annotations: { 'autoscaling.keda.sh/paused': 'true' } } });
    scalerOf(world, workload, 'meanwhile');
    await noFinding(world, RULE);
  });

  it('is one of a namesake of another kind, one that goes, and two of a workload at 0', async () => {
    const world = new World(seed);
    const web = world.workload({ kind: 'Deployment', name: 'web', replicas: 2 });
    scalerOf(world, web, 'web');
    scalerOf(world, world.workload({ kind: 'StatefulSet', name: 'web', replicas: 2 }), 'web-set');
    scalerOf(world, web, 'old', { metadata: { deletionTimestamp: LATER } });
    const idle = world.workload({ replicas: 0 });
    scalerOf(world, idle, 'one');
    scalerOf(world, idle, 'two');
    await noFinding(world, RULE);
  });

  it('is only noted where nothing is wrong', async () => {
    const world = new World(seed);
    scene(world);
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const well = { ...world.context(), severity: { known: true as const, items: [] } };
    const { findings } = await new PlaybookBrain().diagnose(well);
    expect(byRule(findings, RULE).map(({ severity }) => severity)).toEqual(['info']);
  });
});
