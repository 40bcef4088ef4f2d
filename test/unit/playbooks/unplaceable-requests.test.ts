import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'unplaceable-requests';
const ALLOCATABLE = { cpu: '2', memory: '4Gi', 'ephemeral-storage': '20Gi', pods: '110' };

function world(seed: number): World {
  const world = new World(seed);
  for (const node of world.list('Node')) node.status.allocatable = ALLOCATABLE;
  return world;
}

describe.each([3, 77, 4096])('requests that no node can meet (seed %i)', (seed) => {
  function shop(resources: Loose, former: Loose | null, options: Partial<WorkloadOptions> = {}) {
    const shop = world(seed);
    const container = shop.container();
    const workload = shop.workload({
      containers: [{ ...container, resources }],
      ...(former ? { earlier: [{ containers: [{ ...container, resources: former }] }] } : {}),
      pods: 'pending',
      ...options,
    });
    const after = (finding: { fixes: { commands: string[][] }[] }) =>
      applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template.spec.containers[0].resources;
    return { shop, workload, after };
  }

  it.each([
    ['memory', '64Gi', '64Mi'],
    ['cpu', '100', '100m'],
    ['ephemeral-storage', '1Ti', '1Gi'],
    ['vendor.example/card', '9', undefined],
  ])('get back the %s of the last revision', async (resource, now, before) => {
    const requests = { cpu: '10m', ...(before ? { [resource]: before } : {}) };
    const { shop: made, after } = shop({ requests: { cpu: '10m', [resource]: now } }, { requests });
    const finding = await onlyFinding(made, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('more than any node has');
    expect(after(finding)).toEqual({ requests });
  });

  it('count a limit where there is no request', async () => {
    const { shop: made } = shop({ limits: { memory: '32Gi' } }, null);
    const finding = await onlyFinding(made, RULE);
    expect(finding.evidence[0]!.text).toContain('by its limit');
    expect(finding.fixes).toEqual([]);
  });

  it('take a slip of the unit back where the neighbours write it so', async () => {
    const { shop: made, after } = shop({ requests: { cpu: '100' } }, null);
    made.workload({ containers: [made.container({ resources: { requests: { cpu: '50m' } } })] });
    const finding = await onlyFinding(made, RULE);
    expect(after(finding).requests.cpu).toBe('100m');
    expect(finding.fixes[0]!.confidence).toBeLessThan(0.7);
  });

  it('are made room for by an old pod of the same rollout, as it was applied', async () => {
    const resources = { requests: { 'vendor.example/seat': '1' } };
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { strategy } }) };
    const made = world(seed);
    for (const node of made.list('Node')) node.status.allocatable = { ...ALLOCATABLE, 'vendor.example/seat': '1' };
    const container = { ...made.container(), resources };
    const workload = made.workload({
      replicas: made.list('Node').length,
      containers: [{ ...container, image: 'new.example/x:2' }],
      earlier: [{ containers: [container], readyPods: made.list('Node').length }],
      pods: 'pending',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    });
    workload.metadata.annotations = { ...workload.metadata.annotations, ...annotations };
    const nodes = made.list('Node').map(({ metadata }) => metadata.name);
    const running = made.podsOf(workload).filter(({ status }) => status.phase === 'Running');
    running.forEach((pod, index) => (pod.spec.nodeName = nodes[index % nodes.length]!));
    const finding = await onlyFinding(made, RULE);
    expect(finding.message).toContain('its own old pod');
    const after = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.strategy).toEqual(strategy);
  });

  it('take the value of a workload that runs the same program', async () => {
    const { shop: made, workload, after } = shop({ requests: { memory: '90Gi' } }, null);
    const image = `${workload.spec.template.spec.containers[0].image}-next`;
    made.workload({ containers: [made.container({ image, resources: { requests: { memory: '128Mi' } } })] });
    expect(after(await onlyFinding(made, RULE)).requests.memory).toBe('128Mi');
  });

  it('name who holds the room where the nodes are only full, and change nobody', async () => {
    const { shop: made } = shop({ requests: { memory: '1Gi' } }, null);
    for (const node of made.list('Node')) {
      made.elsewhere('Pod', 'v1', 'batch', `eats-${node.metadata.name}`, {
        spec: { nodeName: node.metadata.name, containers: [{ resources: { requests: { memory: '3500Mi' } } }] },
        status: { phase: 'Running' },
      });
    }
    const finding = await onlyFinding(made, RULE);
    expect(finding.message).toContain('more than is left');
    expect(finding.evidence.some(({ text }) => text.includes('batch/eats-') && text.includes('85 %'))).toBe(true);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/decides/);
  });

  it('say nothing of a pod that fits, of nodes that report nothing, and of one for which room is being made', async () => {
    const fits = shop({ requests: { memory: '1Gi' } }, null);
    expect(byRule(await fits.shop.diagnose(), RULE)).toEqual([]);
    const silent = shop({ requests: { memory: '64Gi' } }, null);
    for (const node of silent.shop.list('Node')) delete node.status.allocatable;
    expect(byRule(await silent.shop.diagnose(), RULE)).toEqual([]);
    const nominated = shop({ requests: { memory: '64Gi' } }, null);
    for (const pod of nominated.shop.podsOf(nominated.workload)) pod.status.nominatedNodeName = 'n';
    expect(byRule(await nominated.shop.diagnose(), RULE)).toEqual([]);
  });
});
