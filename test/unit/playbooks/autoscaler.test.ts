import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { applyPatch } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RANGE = 'autoscaler-range';
const TARGET = 'autoscaler-target';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function scalerOf(world: World, workload: KubeObject, spec: Loose, fields: Loose = {}): KubeObject {
  return world.add('HorizontalPodAutoscaler', 'autoscaling/v2', world.random.name(), {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: workload.kind, name: workload.metadata.name }, ...spec },
    ...fields,
  });
}

const applied = (spec: Loose) => ({ metadata: { annotations: { [APPLIED]: JSON.stringify({ spec }) } } });

/** The scaler after the first fix. */
function mended(scaler: KubeObject, finding: Awaited<ReturnType<typeof onlyFinding>>): KubeObject {
  const [change] = finding.fixes[0]!.changes;
  if (change?.type !== 'json-patch') throw new Error('not a patch');
  return applyPatch(scaler, change.ops) as KubeObject;
}

describe.each([2, 19, 4711])('an autoscaler that caps its workload (seed %i)', (seed) => {
  it('gets both bounds back that were last applied, and the workload is not just scaled', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1 });
    const scaler = scalerOf(
      world,
      workload,
      { minReplicas: 1, maxReplicas: 1 },
      applied({ minReplicas: 2, maxReplicas: 5 }),
    );
    world.event(scaler, 'SuccessfulRescale', 'New size: 1; reason: Current number of replicas above Spec.MaxReplicas');
    const finding = await onlyFinding(world, RANGE);
    expect(finding.severity).toBe('warning');
    expect(mended(scaler, finding).spec).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
    const scaled = (await world.diagnose()).flatMap(({ fixes }) => fixes.flatMap(({ changes }) => changes));
    expect(scaled.filter(({ type }) => type === 'scale' || type === 'delete')).toEqual([]);
    expect(await world.plan()).not.toBeNull();
  });

  it('takes the size that an event or a disruption budget tells', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1 });
    const scaler = scalerOf(world, workload, { maxReplicas: 1 });
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 4 to 1`);
    const byEvent = await onlyFinding(world, RANGE);
    expect(mended(scaler, byEvent).spec).toMatchObject({ minReplicas: 4, maxReplicas: 4 });
    world.add('PodDisruptionBudget', 'policy/v1', 'b', {
      spec: { minAvailable: 3, selector: { matchLabels: workload.spec.template.metadata.labels } },
    });
    expect(mended(scaler, await onlyFinding(world, RANGE)).spec).toMatchObject({ minReplicas: 3, maxReplicas: 3 });
  });

  it('is left alone below its bound, at 0, and is only noted where nothing is wrong', async () => {
    const world = new World(seed);
    const former = applied({ minReplicas: 1, maxReplicas: 9 });
    scalerOf(world, world.workload({ replicas: 2 }), { minReplicas: 1, maxReplicas: 4 }, former);
    scalerOf(world, world.workload({ replicas: 0 }), { minReplicas: 0, maxReplicas: 1 }, former);
    scalerOf(world, world.workload({ replicas: 3 }), { minReplicas: 1, maxReplicas: 3 });
    expect(byRule(await world.diagnose(), RANGE)).toEqual([]);
    scalerOf(world, world.workload({ replicas: 1 }), { minReplicas: 1, maxReplicas: 1 }, former);
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const well = { ...world.context(), severity: { known: true as const, items: [] } };
    const { findings } = await new PlaybookBrain().diagnose(well);
    expect(byRule(findings, RANGE).map(({ severity }) => severity)).toEqual(['info']);
  });
});

describe.each([2, 19])('an autoscaler without a target (seed %i)', (seed) => {
  it('gets the only workload of nearly its name, or of its name and another kind', async () => {
    const world = new World(seed);
    const workload = world.workload({ name: 'checkout', kind: world.random.pick(['Deployment', 'StatefulSet']) });
    world.workload();
    const scaler = scalerOf(world, { ...workload, metadata: { name: 'chekout' } } as KubeObject, { maxReplicas: 3 });
    expect(mended(scaler, await onlyFinding(world, TARGET)).spec.scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: workload.kind,
      name: 'checkout',
    });
    scaler.spec.scaleTargetRef = {
      apiVersion: 'apps/v1',
      kind: workload.kind === 'Deployment' ? 'StatefulSet' : 'Deployment',
      name: 'checkout',
    };
    expect(mended(scaler, await onlyFinding(world, TARGET)).spec.scaleTargetRef.kind).toBe(workload.kind);
  });

  it('is not given a workload that another scales, nor one whose name is only its own', async () => {
    const world = new World(seed);
    const workload = world.workload({ name: 'checkout' });
    scalerOf(world, workload, { maxReplicas: 3 });
    scalerOf(world, { ...workload, metadata: { name: 'chekout' } } as KubeObject, { maxReplicas: 3 });
    const finding = await onlyFinding(world, TARGET);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/clearly/);
  });

  it('gets requests back where it says that they are missing, and is left alone where it merely has no metrics', async () => {
    const world = new World(seed);
    const container = world.container();
    const workload = world.workload({
      containers: [container],
      earlier: [{ containers: [{ ...container, resources: { requests: { cpu: '50m' } } }] }],
    });
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
    const scaler = scalerOf(world, workload, { maxReplicas: 5, metrics });
    world.event(
      scaler,
      'FailedGetResourceMetric',
      'unable to get metrics: the server could not find the requested resource',
    );
    expect(byRule(await world.diagnose(), TARGET)).toEqual([]);
    world.event(scaler, 'FailedGetResourceMetric', `missing request for cpu in container ${container.name} of Pod x`);
    const finding = await onlyFinding(world, TARGET);
    expect(finding.fixes[0]!.commands[0]!.join(' ')).toContain('50m');
  });
});
