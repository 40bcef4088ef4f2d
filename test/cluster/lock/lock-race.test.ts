import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { stratus } from './fence-harness.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { raceForLock } from './lock-race.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'race');
});
afterAll(async () => {
  if (gateway) await stratus(gateway, ['lock', 'uninstall-fence', '--yes']);
  await gateway?.close();
  await cluster?.release();
});

/** A sample of `npm run soak -- lock-race`. */
describe('two command lines and an editor race for one namespace, holders suspended past their expiry included', () => {
  it('fenced: the audit log shows one writer at a time', async () => {
    const report = await raceForLock(gateway, { level: 'fenced', seed: 1, rounds: 4 });
    console.log(`fenced: ${JSON.stringify(report)}`);
    expect(report).toMatchObject({ rounds: 4, stale: 0, wrongUser: 0 });
    expect(report.suspended).toBeGreaterThan(0);
    expect(report.holders).toBeGreaterThan(4);
  });

  it('client-side: the same, measured', async () => {
    const report = await raceForLock(gateway, { level: 'client-side', seed: 2, rounds: 2 });
    console.log(`client-side: ${JSON.stringify(report)}`);
    expect(report).toMatchObject({ rounds: 2, wrongUser: 0 });
    expect(report.holders).toBeGreaterThan(2);
  });
});
