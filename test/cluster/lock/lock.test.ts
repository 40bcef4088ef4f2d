import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LeaseLock } from '../../../src/cluster/lock/lease-lock.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const never = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;

/** Locks live in the test's own namespace, so that other tests of the same cluster are not in the way. */
const lockOf = (name: string, over: Partial<ConstructorParameters<typeof LeaseLock>[2]> = {}) =>
  new LeaseLock(gateway.upstream, new SystemClock(), {
    namespace: gateway.namespace,
    stateFolder: `/state/${name}`,
    owner: { user: name, host: 'here', pid: process.pid },
    ...over,
  });
const lease = async () =>
  (await gateway.get(`/apis/coordination.k8s.io/v1/namespaces/${gateway.namespace}/leases/stratus-alock`))!;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'lock');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});
beforeEach(() => gateway.kubectl('delete', 'lease', 'stratus-alock', '--ignore-not-found'));

describe('one Lease on a real API server', () => {
  it('goes through its life', async () => {
    const lock = lockOf('ada');
    expect(await lock.acquire('tx-1', never)).toMatchObject({ ok: true });
    await lock.mark('executing tx-1', 'abc');
    expect(await lease()).toMatchObject({
      metadata: {
        annotations: {
          'stratus-oncall/tx': 'tx-1',
          'stratus-oncall/phase': 'executing tx-1',
          'stratus-oncall/journal-digest': 'abc',
        },
      },
      spec: { leaseDurationSeconds: 30, leaseTransitions: 1 },
    });
    expect(await lock.status()).toMatchObject({ state: 'held', phase: 'executing tx-1' });
    expect(await lockOf('bob').acquire('tx-2', never)).toMatchObject({ ok: false });
    await lock.mark('committed tx-1');
    await lock.release();
    expect((await lease()).spec?.holderIdentity).toBe('');
    const bob = lockOf('bob');
    expect(await bob.acquire('tx-2', never)).toMatchObject({ ok: true });
    expect((await lease()).spec?.leaseTransitions).toBe(2);
    await bob.release();
  });

  it('is not lost when others annotate the Lease', async () => {
    const lock = lockOf('ada');
    await lock.acquire('tx-1', never);
    await gateway.kubectl('annotate', 'lease', 'stratus-alock', 'note=hello');
    await lock.mark('committed tx-1');
    expect((await lease()).metadata.annotations).toMatchObject({
      note: 'hello',
      'stratus-oncall/phase': 'committed tx-1',
    });
    await lock.release();
  });

  it('is lost when the Lease is deleted', async () => {
    const lost: string[] = [];
    const lock = lockOf('ada', { onLost: (reason) => lost.push(reason) });
    await lock.acquire('tx-1', never);
    await gateway.kubectl('delete', 'lease', 'stratus-alock');
    await expect(lock.mark('executing')).rejects.toMatchObject({ reason: 'conflict' });
    expect(lost).toHaveLength(1);
    expect(await lock.renew()).toBe(false);
  });

  it('lets exactly one of many in, round after round', async () => {
    for (let round = 0; round < 20; round++) {
      const locks = Array.from({ length: 6 }, (_, index) => lockOf(`w${index}`));
      const results = await Promise.all(locks.map((lock) => lock.acquire(`tx-${round}`, never)));
      const winners = locks.filter((_, index) => results[index]!.ok);
      expect(winners).toHaveLength(1);
      await winners[0]!.release();
    }
  });

  it('a dirty lock of a dead process goes to its own state folder at once, to others only by breaking it', async () => {
    const ghost = await promisify(execFile)(process.execPath, ['-e', 'console.log(process.pid)']);
    const dead = { user: 'ada', host: 'here', pid: Number(ghost.stdout) };
    const first = lockOf('ada', { owner: dead });
    await first.acquire('tx-1', never);
    await first.mark('dirty');
    expect(await lockOf('ada').status()).toMatchObject({ state: 'dirty' });

    const heir = lockOf('ada');
    expect(await heir.acquire('recovery', never)).toMatchObject({ ok: true });
    expect((await lease()).metadata.annotations?.['stratus-oncall/phase']).toBe('recovering tx-1');
    await heir.mark('dirty');

    await gateway.kubectl(
      'patch',
      'lease',
      'stratus-alock',
      '--type=merge',
      '-p',
      '{"spec":{"renewTime":"2020-01-01T00:00:00.000000Z"}}',
    );
    const stranger = lockOf('bob');
    const refused = await stranger.acquire('tx-2', never);
    expect(refused).toMatchObject({ ok: false, reason: expect.stringContaining('stratus lock break') });
    await stranger.breakLock();
    expect(JSON.parse((await lease()).metadata.annotations!['stratus-oncall/last-break']!)).toMatchObject({
      phase: 'dirty',
      tx: 'recovery',
    });
    expect(await stranger.acquire('tx-2', never)).toMatchObject({ ok: true });
    await stranger.release();
  });
});
