import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [5, 11, 63, 250, 9001];
const RULE = 'node-placement';

const only = (world: World) => onlyFinding(world, RULE);

function specAfter(world: World, finding: Awaited<ReturnType<typeof only>>) {
  const { kind, name } = finding.object;
  const workload = world.list(kind).find((object) => object.metadata.name === name)!;
  return applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template.spec;
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const affinity = (...terms: object[]) => ({ nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: terms } } });

describe.each(SEEDS)('a placement that no node fulfils (seed %i)', (seed) => {
  const kinds: WorkloadOptions['kind'][] = ['Deployment', 'StatefulSet'];

  it('loses exactly the keys that were added', async () => {
    const world = new World(seed);
    const nodeSelector = { 'kubernetes.io/os': 'linux', 'example.org/pool~a': world.random.name() };
    const before = { nodeSelector: { 'kubernetes.io/os': 'linux' } };
    const workload = world.workload({
      kind: 'Deployment',
      podSpec: { nodeSelector },
      earlier: [{ podSpec: before }],
      pods: 'pending',
    });
    const finding = await only(world);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain(workload.metadata.name);
    expect(finding.message).toContain('example.org/pool~a');
    expect(specAfter(world, finding).nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
    expect(finding.fixes[0]!.commands[0]!.join(' ')).toContain('example.org~1pool~0a');
    expect(finding.fixes.some((fix) => fix.commands[0]![0] === 'rollout')).toBe(true);
  });

  it('loses a key rather than gets another value, if it had none before', async () => {
    const build = (earlier: WorkloadOptions['earlier']) => {
      const world = new World(seed);
      world.node({ disk: 'nvme' });
      world.workload({ podSpec: { nodeSelector: { disk: 'nvmee' } }, earlier, pods: 'pending' });
      return world;
    };
    const fresh = build([]);
    expect(specAfter(fresh, await only(fresh)).nodeSelector).toEqual({ disk: 'nvme' });
    const old = build([{ podSpec: { nodeSelector: {} } }]);
    const finding = await only(old);
    expect(specAfter(old, finding)).not.toHaveProperty('nodeSelector');
    expect(finding.fixes[0]!.confidence).toBeGreaterThan(0.85);
  });

  it.each([
    ['kubernetes.io/hostname', 'no-such-host'],
    ['compliance', 'pci'],
    ['kubernetes.io/arch', 's390x'],
    ['kubernetes.io/os', 'windows'],
  ])('keeps %s=%s where no former state is known: it may be there for a reason', async (key, value) => {
    const world = new World(seed);
    const workload = world.workload({
      kind: world.random.pick(kinds),
      podSpec: { nodeSelector: { [key]: value } },
      pods: 'pending',
      replicas: 1,
    });
    const text = '0/1 nodes are available: 1 node(s) did not match Pod affinity';
    world.event(world.podsOf(workload)[0]!, 'FailedScheduling', text);
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(`nodeSelector ${key}=${value}`);
    expect(finding.severity).toBe('critical');
    expect(finding.evidence.some((each) => each.source === 'event')).toBe(true);
  });

  it('keeps a demand that was there before, whatever else was added', async () => {
    const world = new World(seed);
    const before = { nodeSelector: { compliance: 'pci' } };
    const node = world.node({ compliance: 'pci' });
    const podSpec = { nodeSelector: { compliance: 'pcii', disk: 'none' } };
    const workload = world.workload({
      kind: 'StatefulSet',
      replicas: 1,
      podSpec,
      earlier: [{ podSpec: before }],
      pods: 'pending',
    });
    const finding = await only(world);
    expect(specAfter(world, finding)).toMatchObject(before);
    expect(finding.fixes[0]!.commands.slice(1)).toEqual([
      ['delete', 'pod', `${workload.metadata.name}-0`, '-n', world.namespace, '--wait=false'],
    ]);
    const all = finding.fixes.filter(({ commands }) => commands[0]![0] === 'patch');
    for (const { commands } of all) {
      const { nodeSelector } = applyPatch(workload, patchOps(commands[0]!)).spec.template.spec;
      expect(nodeSelector).toHaveProperty('compliance', node.metadata.labels!['compliance']);
    }
  });

  it('of a Job is for who made it', async () => {
    const world = new World(seed);
    const template = { metadata: {}, spec: { containers: [world.container()], nodeSelector: { nowhere: 'x' } } };
    world.add('Job', 'batch/v1', world.random.name(), { spec: { template }, status: { active: 1 } });
    expect((await only(world)).unfixed).toContain('make it anew');
  });

  it('gets back the value of the last revision', async () => {
    const world = new World(seed);
    world.node({ disk: 'fast' });
    world.workload({
      podSpec: { nodeSelector: { disk: world.random.name() } },
      earlier: [{ podSpec: { nodeSelector: { disk: 'fast' } } }],
      pods: 'pending',
    });
    expect(specAfter(world, await only(world)).nodeSelector).toEqual({ disk: 'fast' });
  });

  it('is corrected where the value is only misspelt', async () => {
    const world = new World(seed);
    world.node({ 'zone.example/name': 'europe-west' });
    world.workload({ podSpec: { nodeSelector: { 'zone.example/name': 'europe-wset' } }, pods: 'pending' });
    expect(specAfter(world, await only(world)).nodeSelector).toEqual({ 'zone.example/name': 'europe-west' });
  });

  it('loses the hopeless expression of a required affinity', async () => {
    const world = new World(seed);
    const good = { key: 'kubernetes.io/os', operator: 'In', values: ['linux', 'windows'] };
    const bad = { key: 'gpu', operator: 'Exists' };
    const before = { affinity: affinity({ matchExpressions: [good] }) };
    world.workload({
      podSpec: { affinity: affinity({ matchExpressions: [bad, good] }) },
      earlier: [{ podSpec: before }],
      pods: 'pending',
    });
    expect(specAfter(world, await only(world)).affinity).toEqual(before.affinity);
  });

  it('loses the affinity altogether when nothing of it would be left and there was none before', async () => {
    const build = (earlier: WorkloadOptions['earlier']) => {
      const world = new World(seed);
      const bad = { key: 'gpu', operator: 'In', values: ['a100'] };
      world.workload({ podSpec: { affinity: affinity({ matchExpressions: [bad] }) }, earlier, pods: 'pending' });
      return world;
    };
    const old = build([{ podSpec: { affinity: undefined } }]);
    expect(specAfter(old, await only(old))).not.toHaveProperty('affinity');
    expect((await only(build([]))).fixes).toEqual([]);
  });

  it('loses the key that was added where only the combination fails, and no other', async () => {
    const build = (earlier: WorkloadOptions['earlier']) => {
      const world = new World(seed);
      world.node({ red: 'yes' });
      world.node({ blue: 'yes' });
      world.workload({ podSpec: { nodeSelector: { red: 'yes', blue: 'yes' } }, earlier, pods: 'pending' });
      return world;
    };
    const old = build([{ podSpec: { nodeSelector: { red: 'yes' } } }]);
    const finding = await only(old);
    expect(specAfter(old, finding).nodeSelector).toEqual({ red: 'yes' });
    expect(finding.fixes.filter(({ commands }) => commands[0]![0] === 'patch')).toHaveLength(1);
    expect((await only(build([]))).fixes).toEqual([]);
  });

  it('is only a warning while enough old pods serve, and none at all for an unneeded workload at 0', async () => {
    const world = new World(seed);
    const podSpec = { nodeSelector: { nowhere: 'x' } };
    world.workload({
      replicas: 1,
      podSpec,
      earlier: [{ podSpec: { nodeSelector: {} }, readyPods: 1 }],
      pods: 'pending',
    });
    world.workload({ replicas: 0, podSpec });
    expect((await only(world)).severity).toBe('warning');
  });

  it('tells which node had the label when others were placed by it', async () => {
    const world = new World(seed);
    const [node] = world.list('Node');
    world.workload({ replicas: 1, podSpec: { nodeSelector: { disk: 'ssd' } } });
    world.workload({ name: 'late', replicas: 1, pods: 'pending', podSpec: { nodeSelector: { disk: 'ssd' } } });
    const finding = byRule(await world.diagnose(), 'node-placement').find(({ object }) => object.name === 'late');
    expect(finding!.fixes).toEqual([]);
    expect(finding!.evidence.map(({ text }) => text).join('\n')).toContain(
      `node ${node!.metadata.name} was labelled disk=ssd`,
    );
  });

  it('names a node name that does not exist', async () => {
    const world = new World(seed);
    world.workload({
      podSpec: { nodeName: world.random.name() },
      earlier: [{ podSpec: { nodeName: undefined } }],
      pods: 'pending',
    });
    const finding = await only(world);
    expect(finding.message).toContain('nodeName');
    expect(specAfter(world, finding)).not.toHaveProperty('nodeName');
  });

  it('has no fix while an autoscaler brings a node', async () => {
    const world = new World(seed);
    const workload = world.workload({ podSpec: { nodeSelector: { pool: 'burst' } }, pods: 'pending' });
    world.event(world.podsOf(workload)[0]!, 'TriggeredScaleUp', 'pod triggered scale-up');
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('waiting');
  });

  it('of a DaemonSet counts only when it had nodes before', async () => {
    const world = new World(seed);
    world.workload({ kind: 'DaemonSet', podSpec: { nodeSelector: { gpu: 'yes' } }, pods: 'none' });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const broken = world.workload({
      kind: 'DaemonSet',
      podSpec: { nodeSelector: { gpu: 'yes' } },
      pods: 'none',
      earlier: [{ podSpec: { nodeSelector: {} } }],
    });
    expect((await only(world)).object.name).toBe(broken.metadata.name);
  });
});

describe.each(SEEDS)('a placement that is in order (seed %i)', (seed) => {
  it('is fulfilled by some node, tainted or not, or cannot be judged', async () => {
    const world = new World(seed);
    world.node({ tier: '7' }, { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    const terms = affinity(
      { matchExpressions: [{ key: 'absent', operator: 'Exists' }] },
      {
        matchExpressions: [
          { key: 'tier', operator: 'Gt', values: ['5'] },
          { key: 'absent', operator: 'DoesNotExist' },
        ],
      },
    );
    world.workload({ podSpec: { nodeSelector: { tier: '7' }, affinity: terms } });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    world.unreadable['Node'] = 'forbidden';
    world.workload({ podSpec: { nodeSelector: { any: 'thing' } }, pods: 'pending' });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
