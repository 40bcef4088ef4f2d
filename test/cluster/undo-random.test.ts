import { afterAll, beforeAll, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';
import { randomTransactions } from './undo-random.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'random');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

it('random transactions leave no difference after undo, with fewer writes than step by step', async () => {
  const report = await randomTransactions(gateway, { seed: 1, transactions: 12, maxOperations: 15 });
  expect(report.differences).toEqual([]);
  expect(report.done).toBeGreaterThan(report.tried / 3);
  expect(report.undoWrites).toBeLessThan(report.lifoWrites);
});
