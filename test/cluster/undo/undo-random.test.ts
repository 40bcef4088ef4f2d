import { afterAll, beforeAll, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { RandomLab } from './undo-random.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
let lab: RandomLab;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'random');
  lab = await RandomLab.open(gateway);
});
afterAll(async () => {
  await lab?.close();
  await gateway?.close();
  await cluster?.release();
});

it('random writes to objects of all kinds are undone, but for what was named before them', async () => {
  const report = await lab.run({ seeds: [1, 2, 3, 4, 5, 6], maxOperations: 15 });
  expect(report.differences).toEqual([]);
  expect(report.done).toBeGreaterThan(0);
  expect(report.undoWrites).toBeLessThanOrEqual(report.lifoWrites);
});
