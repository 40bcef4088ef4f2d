import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'pod-neighbours';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const HOST = 'kubernetes.io/hostname';
const term = (matchLabels: Loose) => ({ labelSelector: { matchLabels }, topologyKey: HOST });

function oneNode(seed: number): World {
  const world = new World(seed);
  for (const node of world.list('Node').slice(1)) world.remove(node);
  return world;
}

function specAfter(world: World, finding: Awaited<ReturnType<typeof onlyFinding>>) {
  const workload = world.list(finding.object.kind).find(({ metadata }) => metadata.name === finding.object.name)!;
  return applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec;
}

describe.each([3, 77, 4096])('required rules about other pods (seed %i)', (seed) => {
  const apart = (labels: Loose) => ({ affinity: { podAntiAffinity: { [REQUIRED]: [term(labels)] } } });

  it('are given back as the last revision had them', async () => {
    const world = oneNode(seed);
    const other = world.workload({ replicas: 1 });
    const labels = other.spec.template.metadata.labels;
    world.workload({
      replicas: 1,
      podSpec: apart(labels),
      earlier: [{ podSpec: { affinity: undefined } }],
      pods: 'pending',
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(specAfter(world, finding).template.spec).not.toHaveProperty('affinity');
  });

  it('let an old pod make way where a rollout waits for its own', async () => {
    const world = oneNode(seed);
    const name = world.random.name();
    const podSpec = apart({ app: name });
    const container = world.container();
    const options: WorkloadOptions = {
      name,
      replicas: 1,
      podSpec,
      containers: [{ ...container, image: 'new.example/x:2' }],
      earlier: [{ containers: [container], readyPods: 1 }],
      pods: 'pending',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } },
    };
    world.workload(options);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('warning');
    expect(specAfter(world, finding).strategy).toMatchObject({ rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
    expect(finding.fixes[0]!.confidence).toBe(0.5);
  });

  it('go back to the strategy last applied, where it makes way', async () => {
    const world = oneNode(seed);
    const name = world.random.name();
    const container = world.container();
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    world.workload({
      name,
      replicas: 1,
      podSpec: apart({ app: name }),
      containers: [{ ...container, image: 'new.example/x:2' }],
      earlier: [{ containers: [container], readyPods: 1 }],
      pods: 'pending',
      annotations: { [annotation]: JSON.stringify({ spec: { strategy: { type: 'Recreate' } } }) },
      spec: { strategy: { type: 'RollingUpdate' } },
    });
    const finding = await onlyFinding(world, RULE);
    expect(specAfter(world, finding).strategy).toEqual({ type: 'Recreate' });
    expect(finding.fixes[0]!.confidence).toBeGreaterThan(0.8);
  });

  it('become wishes only last, where nothing was before', async () => {
    const world = oneNode(seed);
    const other = world.workload({ replicas: 1 });
    const labels = other.spec.template.metadata.labels;
    world.workload({ replicas: 1, podSpec: apart(labels), pods: 'pending' });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes[0]!.confidence).toBeLessThan(0.4);
    expect(specAfter(world, finding).template.spec.affinity.podAntiAffinity).toEqual({
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term(labels) }],
    });
  });

  it('of another pod are not ours to change', async () => {
    const world = oneNode(seed);
    const workload = world.workload({ replicas: 1, pods: 'pending' });
    const labels = workload.spec.template.metadata.labels;
    world.elsewhere('Pod', 'v1', 'other', 'alone', {
      spec: {
        nodeName: world.list('Node')[0]!.metadata.name,
        containers: [],
        affinity: { podAntiAffinity: { [REQUIRED]: [{ ...term(labels), namespaceSelector: {} }] } },
      },
      status: { phase: 'Running' },
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('other/alone');
    expect(finding.fixes).toEqual([]);
  });

  it('ask for pods that are nowhere', async () => {
    const world = oneNode(seed);
    const podSpec = { affinity: { podAffinity: { [REQUIRED]: [term({ app: 'nowhere' })] } } };
    world.workload({ replicas: 1, podSpec, earlier: [{ podSpec: { affinity: undefined } }], pods: 'pending' });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('beside pods');
    expect(specAfter(world, finding).template.spec).not.toHaveProperty('affinity');
  });

  it('ask to spread over a label that no node has', async () => {
    const world = oneNode(seed);
    const name = world.random.name();
    const constraint = (topologyKey: string) => ({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: name } } },
      ],
    });
    world.workload({
      name,
      replicas: 1,
      podSpec: constraint('rack'),
      earlier: [{ podSpec: constraint(HOST) }],
      pods: 'pending',
    });
    expect(specAfter(world, await onlyFinding(world, RULE)).template.spec).toMatchObject(constraint(HOST));
  });

  it('are met by the first of a group, and say nothing of it', async () => {
    const world = oneNode(seed);
    const name = world.random.name();
    const podSpec = { affinity: { podAffinity: { [REQUIRED]: [term({ app: name })] } } };
    world.workload({ name, replicas: 1, podSpec, pods: 'pending' });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
