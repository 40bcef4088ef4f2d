import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { CliLab } from '../cli-lab.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { disturbedMitigation } from '../mitigate-faults.ts';
import { MitigateLab } from '../mitigate-lab.ts';
import { allScenarios, FAULT_NAMES, FaultLab, type FaultScenario } from './undo-faults.ts';

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
  let lab: FaultLab | null = null;
  let scenarios: FaultScenario[] = [];
  afterAll(() => lab?.close());

  it.each(FAULT_NAMES)('%s', async (fault) => {
    if (!lab) {
      lab = await FaultLab.open(gateway);
      scenarios = allScenarios(mode, await lab.course(mode));
    }
    const wanted = scenarios.filter((scenario) => scenario.fault === fault);
    // Spread over the course, and at other requests for each fault.
    const stride = Math.ceil(wanted.length / 2);
    let hits = 0;
    try {
      for (let index = FAULT_NAMES.indexOf(fault) % stride; index < wanted.length; index += stride) {
        const { problems, hit } = await lab.run(wanted[index]!);
        expect(problems, JSON.stringify(wanted[index])).toEqual([]);
        if (hit) hits += 1;
      }
      expect(hits).toBeGreaterThan(0);
    } catch (error) {
      // What failed here must not be the start of the next.
      await lab.close();
      lab = null;
      throw error;
    }
  });
});

// Both wait more than they work.
describe.concurrent('the command line behind a proxy', () => {
  it('leaves an undo to recovery while the API server stays away; that says that it waits, and finishes', async () => {
    const lab = await CliLab.open(gateway);
    try {
      expect((await lab.stratus(...lab.apply)).code).toBe(0);
      let writes = 0;
      lab.proxy.restart(({ kind }) =>
        kind === 'write' && ++writes === 2 ? { kind: 'act', act: () => lab.proxy.down() } : null,
      );
      const undo = await lab.stratus('undo', '--last', '--yes');
      expect(undo.code, undo.stderr).toBe(6);
      const recovering = lab.product.start(['recover', '--undo', '--yes']);
      await eventually(
        'it says that it tries again',
        async () => recovering.stderr().includes('trying again'),
        120_000,
      );
      await lab.proxy.up();
      const recovered = await recovering.ended;
      expect(recovered.code, recovered.stderr).toBe(0);
      expect(await lab.changes()).toEqual([]);
      expect(await lab.leftovers()).toEqual([]);
    } finally {
      await lab.close();
    }
  });

  it('leaves a mitigation to recovery while the API server stays away, and says so', async () => {
    const lab = await MitigateLab.open(cluster.instance, { seed: 4, fault: 'dangling-port/number' });
    try {
      lab.proxy.restart(({ kind }) => (kind === 'write' ? { kind: 'act', act: () => lab.proxy.down() } : null));
      const run = await lab.mitigate();
      lab.proxy.restart();
      await lab.proxy.up();
      expect(run.code, run.stdout).toBe(6);
      expect(run.stderr).toContain("run 'stratus recover --undo'");
      expect(await lab.problems(run)).toEqual([]);
    } finally {
      await lab.close();
    }
  });

  // A sample: at writes, at reads and dry-runs until it gives up, at renewals, and at watches of an exchange of claims.
  it.each([3, 4, 7, 11])(
    'mitigates as seed %d disturbs it: resolved, restored, or owed and said to be',
    async (seed) => {
      const { problems, hits } = await disturbedMitigation(cluster.instance, seed);
      expect(problems).toEqual([]);
      expect(hits.length).toBeGreaterThan(0);
    },
  );
});
