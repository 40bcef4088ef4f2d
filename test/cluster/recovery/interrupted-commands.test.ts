import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import type { Interruption } from './interrupted-commands.ts';
import { interrupt } from './interrupted-commands.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'stop');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

/** One of each kind; all of them are for the soak. */
const SAMPLE: Array<[Interruption['work'], Interruption['means'], Interruption['moment']]> = [
  ['run', 'SIGHUP', 'between writes'],
  ['run', 'closed pipe', 'before the first write'],
  ['run', 'every signal', 'in the undo'],
  ['run', 'state folder moved', 'between writes'],
  ['run', 'stopped beyond the lock', 'between writes'],
  ['undo', 'closed terminal', 'in the undo'],
  ['shell', 'SIGQUIT', 'between writes'],
];

describe.skipIf(process.platform === 'win32')('a command that is interrupted', () => {
  it.concurrent.each(SAMPLE)('%s, %s %s: all is as before', async (work, means, moment) => {
    expect(await interrupt(gateway, { work, means, moment })).toEqual([]);
  });
});
