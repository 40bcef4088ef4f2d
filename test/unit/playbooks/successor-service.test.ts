import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';

const SEEDS = [12, 90];
const RULE = 'missing-service';
const BEFORE = '2031-05-01T06:00:00Z';
const AFTER = '2031-05-06T06:50:00Z';
const BANK = 'bank';

/** A Service of our namespace that stands for `gone` of another, and a caller of it. */
function alias(world: World, gone: string, fields: Loose = {}): KubeObject {
  const service = world.add('Service', 'v1', 'ledger-api', {
    metadata: { creationTimestamp: '2031-05-02T06:00:00Z' },
    spec: {
      type: 'ExternalName',
      externalName: `${gone}.${BANK}.svc.cluster.local`,
      ports: [{ port: 8080, protocol: 'TCP' }],
    },
    ...fields,
  });
  world.workload({ containers: [world.container({ env: [{ name: 'LEDGER', value: 'http://ledger-api:8080' }] })] });
  return service;
}

function behind(world: World, name: string, labels: Record<string, string> = { app: name }): void {
  world.elsewhere('Deployment', 'apps/v1', BANK, name, {
    metadata: { creationTimestamp: BEFORE },
    spec: { replicas: 1, template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'i' }] } } },
  });
}

function there(world: World, name: string, selector: Record<string, string>, fields: Loose = {}): void {
  const { port = 8080, made = AFTER, ready = true, ...metadata } = fields;
  world.elsewhere('Service', 'v1', BANK, name, {
    metadata: { creationTimestamp: made, ...metadata },
    spec: { type: 'ClusterIP', selector, ports: [{ port, protocol: 'TCP' }] },
  });
  world.elsewhere('EndpointSlice', 'discovery.k8s.io/v1', BANK, `${name}-x`, {
    metadata: { labels: { 'kubernetes.io/service-name': name } },
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready } }],
  });
}

const hostAfter = (service: KubeObject, finding: { fixes: { commands: string[][] }[] }) =>
  applyPatch(service, patchOps(finding.fixes[0]!.commands[0]!)).spec.externalName;

describe.each(SEEDS)(
  'a Service of another namespace that was replaced, under a name that leads to it (seed %i)',
  (seed) => {
    it('by one in front of the workload that it was named after', async () => {
      const world = new World(seed);
      const service = alias(world, 'ledger');
      behind(world, 'ledger');
      there(world, 'accounts-v2', { app: 'ledger' });
      there(world, 'mail', { app: 'mail' });
      const finding = await onlyFinding(world, RULE);
      expect(hostAfter(service, finding)).toBe(`accounts-v2.${BANK}.svc.cluster.local`);
      expect(finding.message).toContain('accounts-v2 took its place');
      expect(finding.fixes).toHaveLength(1);
    });

    it('by one that was made from its manifest', async () => {
      const world = new World(seed);
      const service = alias(world, 'ledger');
      const applied = JSON.stringify({ kind: 'Service', metadata: { name: 'ledger' } });
      there(
        world,
        'book',
        { run: 'x' },
        { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied } },
      );
      there(world, 'tome', { run: 'x' });
      expect(hostAfter(service, await onlyFinding(world, RULE))).toBe(`book.${BANK}.svc.cluster.local`);
    });

    it('by a younger one, the only one in front of pods that are older', async () => {
      const world = new World(seed);
      const service = alias(world, 'ledger');
      behind(world, 'core');
      there(world, 'accounts', { app: 'core' });
      expect(hostAfter(service, await onlyFinding(world, RULE))).toBe(`accounts.${BANK}.svc.cluster.local`);
    });

    it('by one of two: both are named, nothing is changed', async () => {
      const world = new World(seed);
      alias(world, 'ledger');
      behind(world, 'ledger');
      there(world, 'accounts', { app: 'ledger' });
      there(world, 'books', { app: 'ledger' });
      const finding = await onlyFinding(world, RULE);
      expect(finding.fixes).toEqual([]);
      expect(finding.unfixed).toMatch(/accounts.*books/);
    });

    it.each([
      ['on another port', { port: 9999 }],
      ['without a ready pod', { ready: false }],
      ['that was there beside it, of another workload', { made: BEFORE }],
    ])('one %s did not take its place', async (_what, fields) => {
      const world = new World(seed);
      alias(world, 'ledger');
      behind(world, 'core');
      there(world, 'accounts', { app: 'core' }, fields);
      expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
    });

    it('by one of its name in one other namespace', async () => {
      const world = new World(seed);
      const service = alias(world, 'ledger');
      world.elsewhere('Service', 'v1', 'vault', 'ledger', { spec: { ports: [{ port: 8080 }] } });
      expect(hostAfter(service, await onlyFinding(world, RULE))).toBe('ledger.vault.svc.cluster.local');
    });

    it('is there: nothing, whoever is younger', async () => {
      const world = new World(seed);
      alias(world, 'ledger');
      behind(world, 'ledger');
      there(world, 'ledger', { app: 'ledger' });
      there(world, 'accounts', { app: 'ledger' });
      await noFinding(world, RULE);
    });
  },
);

describe.each(SEEDS)('a Service of another namespace that was replaced, and that settings name (seed %i)', (seed) => {
  it('is named anew where a log misses it', async () => {
    const world = new World(seed);
    const host = `ledger.${BANK}.svc.cluster.local`;
    const map = world.configMap({ LEDGER: `http://${host}:8080` }, { metadata: { creationTimestamp: BEFORE } });
    const workload = world.workload({
      replicas: 1,
      containers: [world.container({ envFrom: [{ configMapRef: { name: map.metadata.name } }] })],
    });
    for (const pod of world.podsOf(workload))
      world.logs.set(`${pod.metadata.name}/${pod.spec!.containers[0].name}/false`, [
        `dial tcp: lookup ${host} on 10.0.0.10:53: no such host`,
      ]);
    behind(world, 'ledger');
    there(world, 'accounts', { app: 'ledger' });
    const [patch] = (await onlyFinding(world, RULE)).fixes[0]!.changes;
    expect(JSON.stringify(patch)).toContain(`http://accounts.${BANK}.svc.cluster.local:8080`);
  });
});
