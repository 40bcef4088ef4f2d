import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT_POINTS } from '../../../src/gateway/journal/fault-points.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { runCrash } from './undo-crash.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
let passed: string[];
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'crash');
  passed = (await runCrash(gateway, { mode: 'undo', first: 0, second: 0, withKubectl: true })).passed;
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

describe('killed at any boundary', { timeout: 900_000 }, () => {
  it('the boundaries are those that the code names', async () => {
    const committed = await runCrash(gateway, { mode: 'commit', first: 0, second: 0, withKubectl: false });
    expect(committed).toMatchObject({ problems: [], outcome: 'committed' });
    const locking = FAULT_POINTS.filter((point) => point.startsWith('lock.'));
    expect(new Set([...passed, ...committed.passed, ...locking])).toEqual(new Set(FAULT_POINTS));
    expect(passed.length).toBeGreaterThanOrEqual(12);
  });

  // A sample here; every boundary and all pairs are for the soak.
  it('the state after recovery is the checkpoint', async () => {
    const stride = Math.ceil(passed.length / 6);
    for (let first = 1; first <= passed.length; first += stride) {
      const result = await runCrash(gateway, { mode: 'undo', first, second: 0, withKubectl: true });
      expect(result.problems, `killed at ${first}: ${passed[first - 1]}`).toEqual([]);
      expect(result.passed).toHaveLength(first);
    }
  });

  it('the state after recovery is the committed result or the checkpoint', async () => {
    const whole = passed.indexOf('undo.before-status') + 2;
    for (let first = 2; first <= whole; first += Math.ceil(whole / 3)) {
      const result = await runCrash(gateway, { mode: 'commit', first, second: 0, withKubectl: false });
      expect(result.problems, `killed at ${first}`).toEqual([]);
    }
  });

  it('also when the recovery is killed too', async () => {
    for (const [first, second] of [
      [6, 5],
      [15, 9],
      [20, 12],
    ] as const) {
      const result = await runCrash(gateway, { mode: 'undo', first, second, withKubectl: false });
      expect(result.problems, `killed at ${first}, recovery at ${second}`).toEqual([]);
    }
  });
});
