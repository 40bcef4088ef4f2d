import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'daemon-set-nowhere';
const taint = { key: 'team.example/pool', value: 'edge', effect: 'NoSchedule' };
const tolerations = [{ key: taint.key, operator: 'Exists' }];

function nowhere(seed: number, options: Partial<WorkloadOptions> = {}, key = taint.key) {
  const world = new World(seed);
  for (const node of world.list('Node')) node.spec = { taints: [{ ...taint, key }] };
  const set = world.workload({ kind: 'DaemonSet', pods: 'none', ...options });
  set.status.desiredNumberScheduled = 0;
  return { world, set };
}

describe.each([3, 77, 4096])('a DaemonSet without a node (seed %i)', (seed) => {
  it('tolerates again what the last revision tolerated', async () => {
    const { world, set } = nowhere(seed, { earlier: [{ podSpec: { tolerations } }] });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('warning');
    const after = applyPatch(set, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.template.spec.tolerations).toEqual(tolerations);
    world.serviceFor(set);
    expect((await onlyFinding(world, RULE)).severity).toBe('critical');
  });

  it('is only noted where it never had one', async () => {
    const finding = await onlyFinding(nowhere(seed).world, RULE);
    expect(finding).toMatchObject({ severity: 'info', fixes: [] });
  });

  it('is no matter where a node takes it, or its nodes are only ill or not there', async () => {
    const free = nowhere(seed);
    free.world.node();
    expect(byRule(await free.world.diagnose(), RULE)).toEqual([]);
    const ill = nowhere(seed, {}, 'node.kubernetes.io/memory-pressure');
    expect(byRule(await ill.world.diagnose(), RULE)).toEqual([]);
    const absent = nowhere(seed, { podSpec: { nodeSelector: { gpu: 'yes' } } });
    expect(byRule(await absent.world.diagnose(), RULE)).toEqual([]);
  });
});
