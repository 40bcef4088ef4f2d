import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';
import { allScenarios, FAULT_NAMES, FaultLab } from './undo-faults.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'faults');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

// A sample here: each fault once, three times and without an end. The whole matrix is for the soak.
describe.each(['commit', 'undo'] as const)('a proxy that disturbs a transaction, mode %s', (mode) => {
  it.each(FAULT_NAMES)('%s', async (fault) => {
    const lab = await FaultLab.open(gateway);
    try {
      const scenarios = allScenarios(mode, await lab.course(mode)).filter((scenario) => scenario.fault === fault);
      // Spread over the course, and at other requests for each fault.
      const stride = Math.ceil(scenarios.length / 2);
      let hits = 0;
      for (let index = FAULT_NAMES.indexOf(fault) % stride; index < scenarios.length; index += stride) {
        const { problems, hit } = await lab.run(scenarios[index]!);
        expect(problems, JSON.stringify(scenarios[index])).toEqual([]);
        if (hit) hits += 1;
      }
      expect(hits).toBeGreaterThan(0);
    } finally {
      await lab.close();
    }
  });
});
