import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'untolerated-taint';
/** Four minutes before the moment of the test's world. */
const YOUNG = '2031-05-06T07:06:00Z';

function tainted(
  seed: number,
  taint: Loose,
  options: Partial<WorkloadOptions> = {},
  before = true,
  time = '2031-05-06T06:50:00Z',
) {
  const world = new World(seed);
  for (const node of world.list('Node').slice(1)) world.remove(node);
  const node = world.list('Node')[0]!;
  node.spec = { taints: [{ key: 'elsewhere', effect: 'PreferNoSchedule' }, taint] };
  node.metadata.managedFields = [{ manager: 'kubectl-taint', time, fieldsV1: { 'f:spec': { 'f:taints': {} } } }];
  if (before) {
    world.elsewhere('Pod', 'v1', 'other', 'older', {
      metadata: { creationTimestamp: '2031-05-06T06:00:00Z' },
      spec: { nodeName: node.metadata.name, containers: [] },
      status: { phase: 'Running' },
    });
  }
  const workload = world.workload({ pods: 'pending', ...options });
  return { world, node, workload };
}

describe.each([3, 77, 4096])('a taint that keeps everybody off (seed %i)', (seed) => {
  const taint = { key: 'team.example/pool', value: 'batch', effect: 'NoSchedule' };

  it('is tolerated again where the last revision did', async () => {
    const tolerations = [{ key: taint.key, operator: 'Exists', effect: 'NoSchedule' }];
    const { world, workload } = tainted(seed, taint, { earlier: [{ podSpec: { tolerations } }] });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    const after = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.template.spec.tolerations).toEqual(tolerations);
  });

  it('is taken away where it came after the pods and nobody tolerates it', async () => {
    const { world, node } = tainted(seed, taint);
    const finding = await onlyFinding(world, RULE);
    expect(finding.evidence[0]!.text).toContain('kubectl-taint');
    const [fix] = finding.fixes;
    expect(fix!.confidence).toBeLessThanOrEqual(0.5);
    expect(applyPatch(node, patchOps(fix!.commands[0]!)).spec.taints).toEqual([
      { key: 'elsewhere', effect: 'PreferNoSchedule' },
    ]);
  });

  it.each(['node-role.kubernetes.io/control-plane', 'kwok.x-k8s.io/node', 'node.kubernetes.io/disk-pressure'])(
    'is never taken away when it says what the node is (%s)',
    async (key) => {
      const { world } = tainted(seed, { key, effect: 'NoSchedule' });
      const finding = await onlyFinding(world, RULE);
      expect(finding.fixes).toEqual([]);
      expect(finding.unfixed).toContain('says what the node is');
    },
  );

  it('stays where some pod is meant for it, or nobody was there before', async () => {
    const pool = tainted(seed, taint);
    pool.world.elsewhere('Pod', 'v1', 'other', 'meant', {
      spec: {
        nodeName: pool.node.metadata.name,
        containers: [],
        tolerations: [{ key: taint.key, operator: 'Exists' }],
      },
      status: { phase: 'Running' },
    });
    expect((await onlyFinding(pool.world, RULE)).fixes).toEqual([]);
    const fresh = tainted(seed, taint, {}, false);
    expect((await onlyFinding(fresh.world, RULE)).fixes).toEqual([]);
  });

  it.each([
    ['that evicts as well', { ...taint, effect: 'NoExecute' }, {}, false],
    ['that speaks of work', { ...taint, key: 'team.example/maintenance' }, {}, false],
    ['of a node that is being upgraded', taint, { 'pool.example/upgrade-state': 'started' }, false],
    ['of a node that is cordoned', taint, {}, true],
  ])('stays while it is young and one %s', async (_, young, annotations, cordoned) => {
    const { world, node } = tainted(seed, young, {}, true, YOUNG);
    node.metadata.annotations = annotations;
    if (cordoned) node.spec!['unschedulable'] = true;
    for (const finding of byRule(await world.diagnose(), RULE)) {
      expect(finding.fixes).toEqual([]);
      expect(finding.unfixed).toContain('knows what it is kept for');
    }
  });

  it('is taken away with less confidence while it is young', async () => {
    const { world } = tainted(seed, taint, {}, true, YOUNG);
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    expect(fix!.confidence).toBeLessThan(0.5);
  });

  it('never adds a toleration that was not there', async () => {
    const { world } = tainted(seed, taint);
    expect(JSON.stringify((await onlyFinding(world, RULE)).fixes)).not.toContain('tolerations');
  });

  it('is no matter where another node has room, or is only another pool', async () => {
    const { world } = tainted(seed, taint);
    world.node();
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
