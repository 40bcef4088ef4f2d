import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../testbed/fault-proxy.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { CHANGED, CliLab } from './cli-lab.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';

/** The writer lock's own requests are disturbed: taking it, marking it, giving it back. */
let cluster: TestCluster;
let gateway: GatewayHarness;
let lab: CliLab;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'lockfaults');
  lab = await CliLab.open(gateway);
});
afterAll(async () => {
  await lab?.close();
  await gateway?.close();
  await cluster?.release();
});

/** At which request about the Lease, counted from 1, something happens, and to how many in a row. */
function atLease(nth: number, times: number, fault: Fault): void {
  let seen = 0;
  lab.proxy.restart(({ kind }) => {
    if (kind !== 'lease') return null;
    seen += 1;
    return seen >= nth && seen < nth + times ? fault : null;
  });
}

const FAULTS: Array<[name: string, fault: Fault]> = [
  ['429', { kind: 'status', code: 429, retryAfter: 0 }],
  ['503', { kind: 'status', code: 503 }],
  ['a reset', { kind: 'reset' }],
  ['a lost answer', { kind: 'cut-after' }],
];

describe.each(FAULTS)('%s on the way to the Lease', (_name, fault) => {
  // Taking it and giving it back; between them it is marked.
  it.each([2, 5])('at its request %d: done and undone, nothing left locked', async (nth) => {
    atLease(nth, 2, fault);
    const run = await lab.stratus(...lab.apply);
    expect(run.code, run.stderr).toBe(0);
    expect([...new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]))].sort()).toEqual(CHANGED);
    atLease(nth, 2, fault);
    const undo = await lab.stratus('undo', '--last', '--yes');
    expect(undo.code, undo.stderr).toBe(0);
    lab.proxy.restart();
    expect(await lab.changes()).toEqual([]);
    expect(await lab.leftovers()).toEqual([]);
  });
});
