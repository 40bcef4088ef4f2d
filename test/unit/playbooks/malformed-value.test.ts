import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const RULE = 'malformed-value';

interface Options {
  variable?: string;
  inMap?: boolean;
  says?: string;
  isReady?: boolean;
}

/** A program that is not ready and takes a value, and the Service `stock` that it may mean. */
function scene(world: World, value: string, options: Options = {}): { workload: KubeObject; map: KubeObject | null } {
  const { variable = 'STOCK_ADDRESS', inMap = false, says = 'started', isReady = false } = options;
  const stock = world.workload({ name: 'stock', containers: [world.container({ port: 8080 })] });
  world.service(stock.spec!.template.metadata.labels, [{ port: 8080, targetPort: 8080 }], { name: 'stock' });
  const map = inMap ? world.configMap({ [variable]: value }) : null;
  const taking = map
    ? { envFrom: [{ configMapRef: { name: map.metadata.name } }] }
    : { env: [{ name: variable, value }] };
  const container = world.container(taking);
  const workload = world.workload({ kind: 'Deployment', name: 'orders', containers: [container] });
  for (const pod of world.podsOf(workload)) {
    if (!isReady) pod['status'].conditions[0].status = 'False';
    world.logs.set(`${pod.metadata.name}/${container.name}/false`, [says]);
  }
  return { workload, map };
}

describe.each([3, 21, 77])('what does not belong to a value (seed %i)', (seed) => {
  it.each([
    ['"stock:8080"', 'stock:8080'],
    ["'http://stock:8080/v1'", 'http://stock:8080/v1'],
    ['stock:8080\n', 'stock:8080'],
    [' stock:8080 ', 'stock:8080'],
    ['“stock:8080”', 'stock:8080'],
    ['http://http://stock:8080', 'http://stock:8080'],
  ])('%j is taken away where an address of a Service is left', async (value, meant) => {
    const world = new World(seed);
    const { workload } = scene(world, value);
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({
      severity: 'critical',
      object: { kind: 'Deployment', name: workload.metadata.name },
    });
    expect(finding.message).toContain(JSON.stringify(meant));
    const [change] = finding.fixes[0]!.changes;
    expect(change).toMatchObject({ type: 'json-patch' });
    expect(JSON.stringify(change)).toContain(JSON.stringify(meant));
  });

  it('is taken away in the ConfigMap that holds it, and its readers start anew', async () => {
    const world = new World(seed);
    const says = 'ERROR http://"stock:8080"/: bad address';
    const { map } = scene(world, '"stock:8080"', { inMap: true, says });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes[0]!.confidence).toBeGreaterThan(0.9);
    expect(finding.fixes[0]!.changes).toMatchObject([
      { type: 'json-patch', object: { kind: 'ConfigMap', name: map!.metadata.name } },
      { type: 'rollout-restart', object: { name: 'orders' } },
    ]);
  });

  it('is taken away from a number that a log complains of', async () => {
    const world = new World(seed);
    scene(world, '"5432"', { variable: 'DB_PORT', says: 'FATAL invalid value \\"5432\\" for DB_PORT' });
    expect((await onlyFinding(world, RULE)).fixes).toHaveLength(1);
  });

  it.each<[string, string, Options]>([
    ['all is well', '"stock:8080"', { isReady: true }],
    ['nothing is odd', 'stock:8080', {}],
    ['it leads to no Service that is there', '"stick:8080"', {}],
    ['the Service has no such port', '"stock:9090"', {}],
    ['it is a text that may be meant so', '"hello, world"', {}],
    ['nobody complains of the number', '"5432"', { variable: 'DB_PORT' }],
    ['it is a JSON document', '{"address": "stock:8080"}', {}],
  ])('is no finding where %s', async (_, value, options) => {
    const world = new World(seed);
    scene(world, value, options);
    await noFinding(world, RULE);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
