import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT_POINTS } from '../../../src/gateway/journal/fault-points.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { crashAtCommandLine } from './undo-cli-crash.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'clicrash');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

describe('the application killed at a boundary, recovered by the command line', { timeout: 900_000 }, () => {
  it('passes every boundary that the code names, those of the writer lock among them', async () => {
    const apply = await crashAtCommandLine(gateway, { work: 'apply', first: 0, second: 0 });
    const undo = await crashAtCommandLine(gateway, { work: 'undo', first: 0, second: 0 });
    expect([...apply.problems, ...undo.problems]).toEqual([]);
    expect(new Set([...apply.passed, ...undo.passed])).toEqual(new Set(FAULT_POINTS));
    expect(apply.passed.length).toBeGreaterThanOrEqual(12);
  });

  it('is not left locked when the process ends between the end of its transaction and that of its lock', async () => {
    for (const [work, point] of [
      ['apply', 'commit.after'],
      ['undo', 'undo.after-done'],
    ] as const) {
      const whole = await crashAtCommandLine(gateway, { work, first: 0, second: 0 });
      const first = whole.passed.indexOf(point) + 1;
      expect((await crashAtCommandLine(gateway, { work, first, second: 0 })).problems, point).toEqual([]);
    }
  });

  // A sample; every boundary, and pairs with a kill of the recovery, are for the soak.
  it.each([
    ['apply', 2, 0],
    ['apply', 5, 0],
    ['apply', 9, 0],
    ['apply', 14, 5],
    ['apply', 20, 0],
    ['undo', 3, 0],
    ['undo', 12, 8],
  ] as const)('%s killed at %d, its recovery at %d', async (work, first, second) => {
    const { problems, passed } = await crashAtCommandLine(gateway, { work, first, second });
    expect(problems, passed.at(-1)).toEqual([]);
    expect(passed).toHaveLength(first);
  });
});
