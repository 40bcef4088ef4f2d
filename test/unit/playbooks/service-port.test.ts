import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [9, 19, 29];
const LAST = 'kubectl.kubernetes.io/last-applied-configuration';

/** A caller that asks `store` on a port, as a ConfigMap says. */
function shop(seed: number, asked: number, ports: Loose[], fields: Loose = {}) {
  const world = new World(seed);
  const store = world.workload({ containers: [world.container({ port: 7070 })] });
  const service = world.service(store.spec!.template.metadata.labels, ports, { name: 'store', ...fields });
  const settings = world.configMap({ 'store.url': `http://store:${asked}/v1 # ${asked}` });
  const env = [{ name: 'STORE', valueFrom: { configMapKeyRef: { name: settings.metadata.name, key: 'store.url' } } }];
  const caller = world.workload({ containers: [world.container({ env })] });
  const container = caller.spec!.template.spec.containers[0].name;
  const complain = () => {
    for (const pod of world.podsOf(caller))
      world.logs.set(`${pod.metadata.name}/${container}/false`, [`dial store:${asked}: i/o timeout`]);
  };
  return { world, service, settings, caller, complain };
}

describe.each(SEEDS)('a port that a Service does not have (seed %i)', (seed) => {
  it.each([
    ['the only one', 81, [{ port: 80, targetPort: 7070 }]],
    [
      'the one in front of the container port',
      7070,
      [
        { port: 9000, targetPort: 1 },
        { port: 80, targetPort: 7070 },
      ],
    ],
    [
      'the only one for users',
      81,
      [
        { name: 'metrics', port: 9000, targetPort: 1 },
        { name: 'http', port: 80, targetPort: 7070 },
      ],
    ],
  ])('becomes %s in the setting, and its reader starts anew', async (_what, asked, ports) => {
    const { world, settings, caller, complain } = shop(seed, asked, ports);
    complain();
    const finding = await onlyFinding(world, 'service-port');
    const [patch, restart] = finding.fixes[0]!.commands;
    expect(applyPatch(settings, patchOps(patch!))['data']['store.url']).toBe(`http://store:80/v1 # ${asked}`);
    expect(restart).toContain(`deployment/${caller.metadata.name}`);
  });

  it('is the Service that changed', async () => {
    const applied = JSON.stringify({ spec: { ports: [{ name: 'http', port: 81, targetPort: 7070 }] } });
    const fields = { metadata: { annotations: { [LAST]: applied } } };
    const { world, service, complain } = shop(seed, 81, [{ name: 'http', port: 80, targetPort: 7070 }], fields);
    complain();
    const [fix] = (await onlyFinding(world, 'service-port')).fixes;
    expect(applyPatch(service, patchOps(fix!.commands[0]!))['spec'].ports[0].port).toBe(81);
  });

  it('is the Service that was edited after its callers were told, though they say nothing', async () => {
    const edit = { manager: 'edit', operation: 'Update', time: '2031-05-06T06:40:00Z', fieldsV1: { 'f:spec': { 'f:ports': {} } } }; // prettier-ignore
    const ports = [{ name: 'http', port: 80, targetPort: 7070 }];
    const { world, service } = shop(seed, 81, ports, { metadata: { managedFields: [edit] } });
    const [fix] = (await onlyFinding(world, 'service-port')).fixes;
    expect(applyPatch(service, patchOps(fix!.commands[0]!))['spec'].ports[0].port).toBe(81);
  });

  it('is the Service where several callers agree, though they say nothing', async () => {
    const { world, service } = shop(seed, 81, [{ port: 80, targetPort: 7070 }]);
    world.workload({ containers: [world.container({ env: [{ name: 'STORE_URL', value: 'http://store:81' }] })] });
    const [fix] = (await onlyFinding(world, 'service-port')).fixes;
    expect(applyPatch(service, patchOps(fix!.commands[0]!))['spec'].ports[0].port).toBe(81);
  });

  it.each(['http://store/v1', 'http://store:80/v1'])('of a headless Service is mapped by nobody: %s', async (url) => {
    const headless = (port: number, complains = true) => {
      const made = shop(seed, 80, [{ port, targetPort: 7070 }], { spec: { clusterIP: 'None' } });
      made.settings['data']['store.url'] = url;
      if (complains) made.complain();
      return made.world;
    };
    const finding = await onlyFinding(headless(80), 'service-port');
    expect(finding.message).toContain(
      'headless (spec.clusterIP None), so that nothing leads port 80 to its targetPort 7070',
    );
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('clusterIP cannot be changed in place');
    expect(byRule(await headless(7070).diagnose(), 'service-port')).toEqual([]);
    expect(byRule(await headless(80, false).diagnose(), 'service-port')).toEqual([]);
  });

  describe('while every caller is well', () => {
    /** A caller with one variable, and a Service named `store` with port 80; `earlier`: what it was told before. */
    const calm = (name: string, value: string, earlier?: string) => {
      const world = new World(seed);
      const store = world.workload({ containers: [world.container({ port: 7070 })] });
      world.service(store.spec!.template.metadata.labels, [{ port: 80, targetPort: 7070 }], { name: 'store' });
      const container = world.container({ env: [{ name, value }] });
      const before = earlier ? [{ containers: [{ ...container, env: [{ name, value: earlier }] }] }] : [];
      const caller = world.workload({ containers: [container], earlier: before });
      const context = { ...world.context(), severity: { known: true as const, items: [] } };
      const found = async () => byRule((await new PlaybookBrain().diagnose(context)).findings, 'service-port');
      return { caller, found };
    };

    it.each(['store:81', 'http://store:81/v1'])('an address that nobody serves is a warning: %s', async (value) => {
      const [finding] = await calm('STORE_ADDR', value).found();
      expect(finding).toMatchObject({ severity: 'warning', message: expect.stringContaining('on port 81') });
    });

    it('goes back to what the caller was told before', async () => {
      const { caller, found } = calm('STORE_ADDR', 'store:81', 'store:80');
      const [finding] = await found();
      const after = applyPatch(caller, patchOps(finding!.fixes[0]!.commands[0]!));
      expect(after['spec'].template.spec.containers[0].env[0].value).toBe('store:80');
    });

    it.each([
      ['STORE_ADDR', 'store:80'],
      ['STORE_IMAGE', 'store:16'],
      ['NOTE', 'store:81 was its port once'],
      ['MIRROR', 'store.example.com:81'],
    ])('%s=%s is nothing', async (name, value) => {
      expect(await calm(name, value).found()).toEqual([]);
    });
  });

  it('is no matter while nobody complains, nor where the port is there', async () => {
    expect(byRule(await shop(seed, 81, [{ port: 80, targetPort: 7070 }]).world.diagnose(), 'service-port')).toEqual([]);
    const well = shop(seed, 80, [{ port: 80, targetPort: 7070 }]);
    well.complain();
    expect(byRule(await well.world.diagnose(), 'service-port')).toEqual([]);
  });
});

describe.each(SEEDS)('a Service that stays on the node (seed %i)', (seed) => {
  const local = (complains: boolean, sameNode: boolean) => {
    const made = shop(seed, 80, [{ port: 80, targetPort: 7070 }], { spec: { internalTrafficPolicy: 'Local' } });
    const other = made.world.node();
    if (!sameNode) for (const pod of made.world.podsOf(made.caller)) pod['spec'].nodeName = other.metadata.name;
    if (complains) made.complain();
    return made;
  };

  it('reaches its pods from every node', async () => {
    const { world, service } = local(true, false);
    const [fix] = (await onlyFinding(world, 'local-traffic')).fixes;
    expect(applyPatch(service, patchOps(fix!.commands[0]!))['spec'].internalTrafficPolicy).toBe('Cluster');
  });

  it.each([
    [false, false],
    [true, true],
  ])('is no matter (complaint %s, same node %s)', async (complains, sameNode) => {
    expect(byRule(await local(complains, sameNode).world.diagnose(), 'local-traffic')).toEqual([]);
  });
});
