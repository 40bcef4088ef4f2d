import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kill, suspend, untilReady } from '../testbed/disturb.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';
import { CHANGED, CliLab } from './cli-lab.ts';
import { eventually, openGateway, type GatewayHarness } from './gateway-harness.ts';

/** The control plane is stopped, killed and restarted under the `stratus` command, in the middle of its work. */
let instance: Instance;
let gateway: GatewayHarness;
let lab: CliLab;
// A cluster of its own: what watches an API server takes its time to come back to it, which is nobody else's business.
const name = `outage-${process.pid}`;
const report = new StreamReport();
beforeAll(async () => {
  instance = await upCluster({ name, nodes: 'simulated' }, report);
});
afterAll(async () => {
  await downCluster(name, report);
});
beforeEach(async () => {
  await untilReady(instance);
  gateway = await openGateway(instance, 'outage');
  lab = await CliLab.open(gateway);
});
afterEach(async () => {
  await lab.close();
  await gateway.close();
});

const later = (ms: number, act: () => unknown) =>
  new Promise<void>((resolve, reject) => {
    setTimeout(() => Promise.resolve(act()).then(() => resolve(), reject), ms);
  });

/** Breaks something right before the nth write to an object is passed on; `over` resolves when it is whole again. */
function atWrite(nth: number, breakIt: () => Promise<{ over: Promise<void> }>): { over: Promise<void> } {
  const state = { over: Promise.resolve() };
  let writes = 0;
  lab.proxy.restart(({ kind }) => {
    if (kind !== 'write' || ++writes !== nth) return null;
    return {
      kind: 'act',
      act: async () => {
        state.over = (await breakIt()).over;
      },
    };
  });
  return state;
}

const TROUBLES: Array<[name: string, breakIt: () => Promise<{ over: Promise<void> }>]> = [
  [
    'the API server stands still and goes on',
    async () => {
      const resume = suspend(instance, 'kube-apiserver');
      return { over: later(3_000, resume) };
    },
  ],
  [
    'the API server is killed and started again',
    async () => {
      const restart = await kill(instance, 'kube-apiserver');
      return { over: later(500, restart) };
    },
  ],
  [
    'etcd is killed and started again',
    async () => {
      const restart = await kill(instance, 'etcd');
      return { over: later(1_500, restart) };
    },
  ],
];

describe.each(TROUBLES)('%s', (_name, breakIt) => {
  it.each([1, 3])('while write %d is on its way: done or taken back, nothing owed without being said', async (nth) => {
    const trouble = atWrite(nth, breakIt);
    const run = await lab.stratus(...lab.apply);
    await trouble.over;
    await untilReady(instance);
    lab.proxy.restart();
    expect([0, 2, 6], run.stderr).toContain(run.code);
    if (run.code === 2) expect(await lab.changes(), run.stderr).toEqual([]);
    if (run.code === 6) expect((await lab.stratus('recover')).stdout).toContain('interrupted');
    expect(await lab.leftovers(), run.stderr).toEqual([]);
    const changed = new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]));
    expect([...changed].sort(), run.stderr).toEqual(run.code === 0 ? CHANGED : []);
  });

  it('while the undo is under way: it is finished, or left for recovery', async () => {
    expect((await lab.stratus(...lab.apply)).code).toBe(0);
    const trouble = atWrite(2, breakIt);
    const undo = await lab.stratus('undo', '--last', '--yes');
    await trouble.over;
    await untilReady(instance);
    lab.proxy.restart();
    expect([0, 6], undo.stderr).toContain(undo.code);
    expect(await lab.leftovers(), undo.stderr).toEqual([]);
    expect(await lab.changes()).toEqual([]);
  });
});

describe('an API server that stays away', () => {
  it('leaves the undo to recovery, which says that it waits and finishes once the server is back', async () => {
    expect((await lab.stratus(...lab.apply)).code).toBe(0);
    let restart = () => Promise.resolve();
    const trouble = atWrite(2, async () => {
      restart = await kill(instance, 'kube-apiserver');
      return { over: Promise.resolve() };
    });
    const undo = await lab.stratus('undo', '--last', '--yes');
    await trouble.over;
    lab.proxy.restart();
    expect(undo.code, undo.stderr).toBe(6);
    const recovering = lab.stratus('recover', '--undo', '--yes');
    await eventually('it asks again and again', async () => lab.proxy.seen.length >= 25, 120_000);
    await restart();
    const recovered = await recovering;
    expect(recovered.stderr).toContain('trying again');
    expect(recovered.code, recovered.stderr).toBe(0);
    expect(await lab.changes()).toEqual([]);
    expect(await lab.leftovers()).toEqual([]);
  });
});
