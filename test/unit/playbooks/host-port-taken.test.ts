import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'host-port-taken';

function world(seed: number): World {
  const world = new World(seed);
  for (const node of world.list('Node').slice(1)) world.remove(node);
  return world;
}

const withPort = (container: Loose, hostPort?: number): Loose => ({
  ...container,
  ports: [{ ...container.ports[0], ...(hostPort ? { hostPort } : {}) }],
});

describe.each([3, 77, 4096])('a port of the node that is taken (seed %i)', (seed) => {
  function clash(options: Partial<WorkloadOptions> & { former?: number | null; elsewhere?: boolean } = {}) {
    const { former, elsewhere, ...rest } = options;
    const shop = world(seed);
    const port = shop.random.port();
    const container = shop.container();
    const nodeName = shop.list('Node')[0]!.metadata.name;
    const holder = elsewhere
      ? shop.elsewhere('Pod', 'v1', 'infra', 'holder', {
          spec: { nodeName, containers: [withPort(shop.container(), port)] },
          status: { phase: 'Running' },
        })
      : shop.workload({ containers: [withPort(shop.container(), port)], replicas: 1 });
    const workload = shop.workload({
      replicas: 1,
      containers: [withPort(container, port)],
      ...(former === undefined ? {} : { earlier: [{ containers: [withPort(container, former ?? undefined)] }] }),
      pods: 'pending',
      ...rest,
    });
    const after = (finding: { fixes: { commands: string[][] }[] }) =>
      applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template.spec.containers[0].ports[0];
    return { shop, port, holder, workload, after };
  }

  it('is given back for the one the last revision had', async () => {
    const { shop, holder, after, workload } = clash({ former: 31_999 });
    const finding = await onlyFinding(shop, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.object.name).toBe(workload.metadata.name);
    expect(finding.message).toContain(holder.metadata.name);
    expect(after(finding).hostPort).toBe(31_999);
    expect(JSON.stringify(finding.fixes)).not.toContain(`"name":"${holder.metadata.name}"`);
  });

  it('names a holder in another namespace, and drops a port that the last revision did not have', async () => {
    const { shop, after } = clash({ former: null, elsewhere: true });
    const finding = await onlyFinding(shop, RULE);
    expect(finding.message).toContain('infra/holder');
    expect(after(finding)).not.toHaveProperty('hostPort');
  });

  it('is dropped, modestly, where a Service reaches the pods anyway', async () => {
    const { shop, workload, after } = clash();
    shop.serviceFor(workload);
    const finding = await onlyFinding(shop, RULE);
    expect(after(finding)).not.toHaveProperty('hostPort');
    expect(finding.fixes[0]!.confidence).toBeLessThan(0.5);
  });

  it('stays where nothing tells which of the two should have it', async () => {
    const { shop } = clash();
    const finding = await onlyFinding(shop, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('owners');
  });

  it('lets an old pod make way where a rollout waits for its own', async () => {
    const shop = world(seed);
    const port = shop.random.port();
    const container = withPort(shop.container(), port);
    shop.workload({
      replicas: 1,
      containers: [{ ...container, env: [{ name: 'A', value: 'new' }] }],
      earlier: [{ containers: [container], readyPods: 1 }],
      pods: 'pending',
      spec: { strategy: { type: 'RollingUpdate' } },
    });
    const finding = await onlyFinding(shop, RULE);
    expect(finding.severity).toBe('warning');
    expect(JSON.stringify(finding.fixes[0]!.changes)).toContain('"maxUnavailable":1');
  });

  it('is nobody’s trouble while the holder is on its way out, or on another address', async () => {
    const leaving = clash({ elsewhere: true });
    leaving.holder.metadata.deletionTimestamp = leaving.shop.takenAt;
    expect(byRule(await leaving.shop.diagnose(), RULE)).toEqual([]);
    const apart = clash({ elsewhere: true });
    apart.holder.spec.containers[0].ports[0].hostIP = '192.0.2.1';
    apart.workload.spec.template.spec.containers[0].ports[0].hostIP = '192.0.2.2';
    expect(byRule(await apart.shop.diagnose(), RULE)).toEqual([]);
  });
});
