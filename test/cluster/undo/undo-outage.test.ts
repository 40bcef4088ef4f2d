import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kill, suspend, untilReady } from '../../testbed/disturb.ts';
import type { FaultProxy } from '../../testbed/fault-proxy.ts';
import { downCluster, upCluster, type Instance } from '../../testbed/instance.ts';
import { StreamReport } from '../../testbed/report.ts';
import { CHANGED, CliLab } from '../cli-lab.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { MitigateLab, type MitigateScene } from '../mitigate-lab.ts';

/** The control plane is stopped, killed and restarted under the `stratus` command, in the middle of its work. */
let instance: Instance;
let gateway: GatewayHarness;
/** One for all tests: after an outage it takes its time until a new namespace has what controllers put into it. */
let lab: CliLab;
// A cluster of its own: what watches an API server takes its time to come back to it, which is nobody else's business.
const name = `outage-${process.pid}`;
const report = new StreamReport();
beforeAll(async () => {
  instance = await upCluster({ name, nodes: 'simulated' }, report);
  gateway = await openGateway(instance, 'outage');
  lab = await CliLab.open(gateway);
});
afterAll(async () => {
  await lab?.close();
  await gateway?.close();
  await downCluster(name, report);
});
beforeEach(() => untilReady(instance));

const later = (ms: number, act: () => unknown) =>
  new Promise<void>((resolve, reject) => {
    setTimeout(() => Promise.resolve(act()).then(() => resolve(), reject), ms);
  });

type BreakIt = () => Promise<{ over: Promise<void> }>;

/** Breaks something right before the nth write to an object is passed on; `over` resolves when it is whole again. */
function atWrite(proxy: FaultProxy, nth: number, breakIt: BreakIt): { over: Promise<void>; done: boolean } {
  const state = { over: Promise.resolve(), done: false };
  let writes = 0;
  proxy.restart(({ kind }) => {
    if (kind !== 'write' || ++writes !== nth) return null;
    return {
      kind: 'act',
      act: async () => {
        state.done = true;
        state.over = (await breakIt()).over;
      },
    };
  });
  return state;
}

const TROUBLES: Array<[name: string, breakIt: BreakIt]> = [
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

describe('a mitigation', () => {
  // With a short lock the outage costs it; the exchange of claims takes four writes.
  const SCENES: Array<[scene: MitigateScene, nth: number]> = [
    [{ seed: 4, fault: 'dangling-port/number' }, 1],
    [{ seed: 11, fault: 'unservable-claim/unknown-class', lockSeconds: 6 }, 3],
    [{ seed: 6, fault: 'nowhere-to-run/zone' }, 1],
  ];
  let labs: MitigateLab[] = [];
  beforeAll(async () => {
    labs = await Promise.all(SCENES.map(([scene]) => MitigateLab.open(instance, scene)));
  });
  afterAll(() => Promise.all(labs.map((one) => one.close())));

  it.each(TROUBLES.map(([what, breakIt], index) => [what, breakIt, index] as const))(
    '%s amid its transaction: resolved and so, restored and so, or owed and said to be',
    async (_what, breakIt, index) => {
      const sick = labs[index]!;
      const trouble = atWrite(sick.proxy, SCENES[index]![1], breakIt);
      const run = await sick.mitigate();
      expect(trouble.done).toBe(true);
      await trouble.over;
      await untilReady(instance);
      sick.proxy.restart();
      expect(await sick.problems(run)).toEqual([]);
    },
  );
});

describe.each(TROUBLES)('%s', (_name, breakIt) => {
  it.each([1, 3])('while write %d is on its way: done or taken back, nothing owed without being said', async (nth) => {
    const trouble = atWrite(lab.proxy, nth, breakIt);
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
    if (run.code === 0) expect((await lab.stratus('undo', '--last', '--yes')).code).toBe(0);
    expect(await lab.changes()).toEqual([]);
  });

  it('while the undo is under way: it is finished, or left for recovery', async () => {
    expect((await lab.stratus(...lab.apply)).code).toBe(0);
    const trouble = atWrite(lab.proxy, 2, breakIt);
    const undo = await lab.stratus('undo', '--last', '--yes');
    await trouble.over;
    await untilReady(instance);
    lab.proxy.restart();
    expect([0, 6], undo.stderr).toContain(undo.code);
    expect(await lab.leftovers(), undo.stderr).toEqual([]);
    expect(await lab.changes()).toEqual([]);
  });
});
