import { describe, expect, it } from 'vitest';
import { itemId } from '../../../src/domain/severity.ts';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import { World } from '../playbooks/builders.ts';
import type { Loose } from '../playbooks/builders.ts';

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** `front` asks `store`, which listens on 7070; `before`: what its former revision was told. */
function shop(value: string, { name = 'STORE_ADDR', before, podSpec = {} }: Loose = {}) {
  const world = new World(11);
  const store = world.workload({ name: 'store', containers: [world.container({ port: 7070 })] });
  const container = world.container({ env: [{ name, value }] });
  const earlier = before ? [{ containers: [{ ...container, env: [{ name, value: before }] }] }] : [];
  world.workload({ name: 'front', containers: [container], earlier, podSpec });
  const serve = (fields: Loose = {}) =>
    world.service(store.spec!.template.metadata.labels, [{ port: 7070, targetPort: 7070 }], {
      name: 'store',
      ...fields,
    });
  const calls = () =>
    evaluateHealth(world.snapshot())
      .items.filter(({ what }) => what.startsWith('calls/'))
      .map(itemId);
  return { world, store, serve, calls };
}

const front = (world: World, call: string) => `object:Deployment/${world.namespace}/front:calls/${call}`;

describe('a call that cannot reach anybody', () => {
  it('goes to a Service that is gone from in front of its pods, and is well when that is there again', () => {
    const { world, serve, calls } = shop('http://store:7070/v1');
    expect(calls()).toEqual([front(world, 'store:7070')]);
    serve();
    expect(calls()).toEqual([]);
  });

  it('goes to a port that nobody serves, where it went to another one before', () => {
    const { world, serve, calls } = shop('store:7071', { before: 'store:7070' });
    serve();
    expect(calls()).toEqual([front(world, 'store:7071')]);
  });

  it('goes to a port that the Service had when it was last applied', () => {
    const { world, serve, calls } = shop('store:80');
    const annotations = { [APPLIED]: JSON.stringify({ spec: { ports: [{ port: 80, targetPort: 7070 }] } }) };
    serve({ metadata: { annotations } });
    expect(calls()).toEqual([front(world, 'store:80')]);
  });

  it.each<[string, string, Loose]>([
    ['the port was never right: nobody knows whether it matters', 'store:7071', {}],
    ['the port is right', 'store:7070', { before: 'store:7071' }],
    ['it is an image', 'store:16', { name: 'STORE_IMAGE', before: 'store:7070' }],
    ['names are resolved elsewhere', 'store:7071', { before: 'store:7070', podSpec: { dnsPolicy: 'None' } }],
    ['the name is another’s', 'store.example.com:7071', { before: 'store:7070' }],
  ])('is not one where %s', (_why, value, options) => {
    const { serve, calls } = shop(value, options);
    serve();
    expect(calls()).toEqual([]);
  });

  it('is not one where nothing bears the name, or another Service leads to what does', () => {
    expect(shop('cache:11211').calls()).toEqual([]);
    const { serve, calls } = shop('store:7070');
    serve({ name: 'store-v2' });
    expect(calls()).toEqual([]);
  });

  it('is not known where Services may not be read', () => {
    const { world, calls } = shop('store:7070');
    world.unreadable['Service'] = 'forbidden';
    expect(calls()).toEqual([]);
  });
});
