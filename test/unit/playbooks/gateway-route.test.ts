import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';

const SEEDS = [8, 88, 888];
const API = 'gateway.networking.k8s.io/v1';

describe.each(SEEDS)('a route of the Gateway API (seed %i)', (seed) => {
  const routed = (backend: object, gateway = 'public'): World => {
    const world = new World(seed);
    world.serviceFor(world.workload({ name: 'blog' }), {
      name: 'blog',
      spec: { ports: [{ port: 80, targetPort: 'http' }] },
    });
    world.add('Gateway.gateway.networking.k8s.io', API, 'public', { spec: { listeners: [] } });
    world.add('HTTPRoute.gateway.networking.k8s.io', API, 'blog', {
      spec: { parentRefs: [{ name: gateway }], rules: [{ backendRefs: [{ name: 'blog', port: 80, ...backend }] }] },
    });
    return world;
  };

  it('leads to the Service, the port and the Gateway that were meant', async () => {
    const one = await onlyFinding(routed({ name: 'blogs' }), 'gateway-route');
    expect(one.fixes[0]!.changes).toMatchObject([{ ops: [{ op: 'test' }, { path: '/spec/rules/0/backendRefs/0/name', value: 'blog' }] }]); // prettier-ignore
    const port = await onlyFinding(routed({ port: 8080 }), 'gateway-route');
    expect(port.fixes[0]!.changes).toMatchObject([{ ops: [{ op: 'test' }, { path: '/spec/rules/0/backendRefs/0/port', value: 80 }] }]); // prettier-ignore
    const gateway = await onlyFinding(routed({}, 'publik'), 'gateway-route');
    expect(gateway.fixes[0]!.changes).toMatchObject([{ ops: [{ op: 'test' }, { path: '/spec/parentRefs/0/name', value: 'public' }] }]); // prettier-ignore
  });

  it('is left alone where all is there, or is not its namespace', async () => {
    await noFinding(routed({}), 'gateway-route');
    await noFinding(routed({ name: 'other', namespace: 'elsewhere' }), 'gateway-route');
    await noFinding(routed({ name: 'mirror', kind: 'ServiceImport', group: 'multicluster.x-k8s.io' }), 'gateway-route');
  });
});
