import { changedObject } from '../../../src/domain/change.ts';
import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'cordoned-node';

/** The only node that takes anything is cordoned; simulated ones stand beside it. */
function cordoned(seed: number, change: { node?: Loose; age?: string; manager?: string; others?: boolean } = {}) {
  const world = new World(seed);
  for (const node of world.list('Node')) world.remove(node);
  const node = world.node(
    {},
    {
      metadata: {
        managedFields: [
          {
            manager: change.manager ?? 'kubectl-cordon',
            time: change.age ?? '2031-05-05T07:08:09Z',
            fieldsV1: { 'f:spec': { 'f:unschedulable': {} } },
          },
        ],
      },
      spec: {
        unschedulable: true,
        taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
      },
      ...change.node,
    },
  );
  world.node({}, { spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] } });
  if (change.others !== false) {
    const elsewhere = { spec: { nodeName: node.metadata.name, containers: [] }, status: { phase: 'Running' } };
    world.elsewhere('Pod', 'v1', 'other', 'stays', elsewhere);
  }
  const workload = world.workload({ pods: 'pending' });
  return { world, node, workload };
}

describe.each([3, 77, 4096])('a node left cordoned (seed %i)', (seed) => {
  it('is uncordoned, and what is undone is one field', async () => {
    const { world, node, workload } = cordoned(seed);
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', object: { kind: 'Node', name: node.metadata.name } });
    expect(finding.message).toContain(workload.metadata.name);
    expect(finding.evidence[0]!.text).toContain('24 h ago');
    expect(finding.evidence[0]!.text).toContain('kubectl-cordon');
    const after = applyPatch(node, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec).not.toHaveProperty('unschedulable');
    expect(after.spec.taints).toEqual(node.spec.taints);
    expect((await world.plan())?.steps).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof cordoned>[1]]>([
    ['is being deleted', { node: { metadata: { deletionTimestamp: '2031-05-06T07:00:00Z' } } }],
    [
      'has another taint',
      { node: { spec: { unschedulable: true, taints: [{ key: 'repair', effect: 'NoSchedule' }] } } },
    ],
    ['was emptied a moment ago', { others: false, age: '2031-05-06T07:00:00Z' }],
    ['was drained a moment ago', { manager: 'kubectl-drain', age: '2031-05-06T07:00:00Z' }],
  ])('is left alone when it %s', async (_, change) => {
    const { world, node } = cordoned(seed, change);
    const findings = (await world.diagnose()).filter(({ fixes }) =>
      fixes.some(({ changes }) => changes.some((each) => changedObject(each)?.name === node.metadata.name)),
    );
    expect(findings).toEqual([]);
  });

  it('is left alone while its pods are evicted', async () => {
    const { world, node } = cordoned(seed);
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }];
    world.elsewhere('Pod', 'v1', 'other', 'goes', {
      metadata: { deletionTimestamp: world.takenAt },
      spec: { nodeName: node.metadata.name, containers: [] },
      status: { phase: 'Running', conditions },
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('drained right now');
  });

  it('was emptied long ago: forgotten', async () => {
    const { world } = cordoned(seed, { others: false });
    expect((await onlyFinding(world, RULE)).fixes).toHaveLength(1);
  });

  it('is modest where another node only lacks room', async () => {
    const { world } = cordoned(seed);
    const sure = (await onlyFinding(world, RULE)).fixes[0]!.confidence;
    const full = world.node(
      {},
      { status: { allocatable: { pods: '1' }, conditions: [{ type: 'Ready', status: 'True' }] } },
    );
    world.elsewhere('Pod', 'v1', 'other', 'fills', {
      spec: { nodeName: full.metadata.name, containers: [] },
      status: { phase: 'Running' },
    });
    expect((await onlyFinding(world, RULE)).fixes[0]!.confidence).toBeLessThan(sure);
  });

  it('hurts nobody who does not wait for it', async () => {
    const { world, workload } = cordoned(seed);
    for (const pod of world.podsOf(workload)) world.remove(pod);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
