import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault, FaultProxy, SeenRequest } from '../../testbed/fault-proxy.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { CHANGED, CliLab } from '../cli-lab.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { MitigateLab } from '../mitigate-lab.ts';

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

const LOCK_SECONDS = 9;

/**
 * Holds one request back after the first write, and disturbs the renewals of the Lease from there on: the clock asks for
 * them, no write does.
 * @param held which request
 * @param disturb fault of the nth renewal, counted from 1; null: it passes
 * @param until resolves when the request is let through; told how many renewals were disturbed, and how many passed
 */
function whileHeld(
  proxy: FaultProxy,
  held: (request: SeenRequest) => boolean,
  disturb: (nth: number) => Fault | null,
  until: (renewals: { disturbed: number; passed: number }) => Promise<unknown>,
): void {
  const renewals = { disturbed: 0, passed: 0 };
  let [writes, waiting] = [0, false];
  proxy.restart((request) => {
    if (request.kind === 'write') writes += 1;
    if (waiting && request.kind === 'lease' && request.method === 'PUT') {
      const fault = disturb(renewals.disturbed + renewals.passed + 1);
      if (fault) renewals.disturbed += 1;
      else renewals.passed += 1;
      return fault;
    }
    if (waiting || writes === 0 || !held(request)) return null;
    waiting = true;
    return { kind: 'act', act: () => until(renewals) };
  });
}

/** Resolves when the Lease is older than its duration: others may take it. */
async function untilExpired(namespace: string): Promise<void> {
  await eventually('the lease expires', async () => {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/stratus-alock`;
    const renewed = Date.parse(String((await gateway.get(path))?.spec?.renewTime));
    return Date.now() - renewed > LOCK_SECONDS * 1000;
  });
}

// These wait for the clock more than they work: side by side, each with a lock of its own.
describe.concurrent('the renewal by the clock, while kubectl waits for an answer', () => {
  const withLab = async (test: (lab: CliLab) => Promise<void>) => {
    const short = await CliLab.open(gateway, { lockSeconds: LOCK_SECONDS });
    await test(short).finally(() => short.close());
  };
  // Asked for by kubectl between the first and the second write.
  const betweenWrites = ({ kind, path }: SeenRequest) => kind === 'read' && path.includes('/deployments/web');

  const PASSING: Array<[name: string, fault: Fault, times: number]> = [
    ['refused', { kind: 'status', code: 503 }, 3],
    ['reset', { kind: 'reset' }, 3],
    ['stored, but not answered', { kind: 'cut-after' }, 2],
    ['slow', { kind: 'delay', ms: 1_000 }, 2],
  ];

  it.each(PASSING)('%s for a moment: the transaction goes on', (_name, fault, times) =>
    withLab(async (short) => {
      const disturb = (nth: number) => (nth <= times ? fault : null);
      whileHeld(short.proxy, betweenWrites, disturb, (renewals) =>
        eventually('renewed again', async () => renewals.disturbed >= times && renewals.passed > 0),
      );
      const run = await short.stratus(...short.apply);
      expect(run.code, run.stderr).toBe(0);
      short.proxy.restart();
      expect([...new Set((await short.changes()).map((line) => line.split(/[.:]/)[0]))].sort()).toEqual(CHANGED);
      expect(await short.leftovers()).toEqual([]);
    }),
  );

  it.each(PASSING.slice(0, 2))('%s until it has expired: nothing more is written, and that is said', (_name, fault) =>
    withLab(async (short) => {
      const disturb = () => fault;
      whileHeld(short.proxy, betweenWrites, disturb, () => untilExpired(short.namespace));
      const run = await short.stratus(...short.apply);
      expect(run.code, run.stderr).toBe(6);
      expect(run.stderr).toContain('the writer lock is lost');
      expect(run.stderr).toContain('stratus recover');
      expect(short.writesSeen()).toBe(1);
      short.proxy.restart();
      expect(await short.leftovers()).toEqual([]);
      expect(await short.changes()).toEqual([]);
    }),
  );

  it('refused until it has expired while a mitigation settles: frozen, undone under the lock taken again', async () => {
    const scene = { seed: 4, fault: 'dangling-port/number', lockSeconds: LOCK_SECONDS };
    const sick = await MitigateLab.open(cluster.instance, scene);
    try {
      // Its only write is done by then.
      const settling = ({ kind, path }: SeenRequest) => kind === 'read' && path.includes('/endpointslices');
      let lost = false;
      const disturb = (): Fault | null => (lost ? null : { kind: 'status', code: 503 });
      whileHeld(sick.proxy, settling, disturb, async () => {
        await eventually('the lock is lost', async () => running.stdout().includes('"type":"lockLost"'));
        lost = true;
      });
      const running = sick.startMitigation();
      const run = await running.ended;
      sick.proxy.restart();
      const course = run.events.flatMap(({ type, phase }) =>
        ['lockLost', 'lockAcquired', 'undone'].includes(type) ? [type] : phase === 'frozen' ? ['frozen'] : [],
      );
      expect(course.slice(0, 5)).toEqual(['lockAcquired', 'lockLost', 'frozen', 'lockAcquired', 'undone']);
      // What comes after is another attempt.
      expect([0, 2], run.stdout).toContain(run.code);
      expect(await sick.problems(run)).toEqual([]);
    } finally {
      await sick.close();
    }
  });
});
