import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { WriterFence } from '../../../src/cluster/lock/lease-lock.ts';
import { LeaseLock } from '../../../src/cluster/lock/lease-lock.ts';
import type { LockRecord } from '../../../src/cluster/lock/lease-record.ts';
import type { WriterToken } from '../../../src/cluster/lock/writer-token.ts';
import { ClusterError } from '../../../src/domain/cluster-error.ts';
import type { Upstream, UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const never = new AbortController().signal;
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/stratus-alock';

/** One Lease with resourceVersions, as an API server would keep it. */
class LeaseServer implements Upstream {
  lease: KubeObject | null = null;
  version = 100;
  log: string[] = [];
  failWith: Error | { status: number; message: string } | null = null;
  /** Applies the next write but loses its answer. */
  loseAnswer = false;
  /** Runs before each write is looked at. */
  beforeWrite: (() => void) | null = null;

  async request({ method, path, body }: UpstreamRequest) {
    await new Promise((resolve) => setImmediate(resolve));
    this.log.push(method);
    if (this.failWith instanceof Error) throw this.failWith;
    if (this.failWith) return answer(this.failWith.status, { kind: 'Status', message: this.failWith.message });
    if (method === 'GET')
      return this.lease ? answer(200, this.lease) : answer(404, { kind: 'Status', message: 'not found' });
    this.beforeWrite?.();
    const written = JSON.parse(String(body)) as KubeObject;
    if (method === 'POST' && this.lease) return answer(409, { message: 'exists' });
    if (method === 'PUT' && path !== LEASE) throw new Error(`unexpected path ${path}`);
    if (method === 'PUT' && written.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
      return answer(409, { message: 'conflict' });
    this.touch(written);
    if (this.loseAnswer) {
      this.loseAnswer = false;
      throw new UpstreamError('unreachable', 'the connection was closed', true);
    }
    return answer(200, this.lease);
  }

  touch(lease: KubeObject): void {
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.version) } };
  }

  get holder(): string {
    return this.lease?.spec?.holderIdentity ?? '';
  }

  note(name: string): string | undefined {
    return this.lease?.metadata.annotations?.[`stratus-oncall/${name}`];
  }
}

function answer(status: number, object: unknown) {
  return Promise.resolve({ status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(object))]) });
}

function machine(
  server: LeaseServer,
  clock: FakeClock,
  name: string,
  over: Partial<ConstructorParameters<typeof LeaseLock>[2]> = {},
) {
  const lost: string[] = [];
  const lock = new LeaseLock(server, clock, {
    stateFolder: `/state/${name}`,
    owner: { user: name, host: `${name}.host`, pid: 7 },
    isAlive: () => true,
    onLost: (reason) => lost.push(reason),
    ...over,
  });
  return { lock, lost, acquire: (tx: string) => whileTimePasses(clock, lock.acquire(tx, never), 500) };
}

function world() {
  const server = new LeaseServer();
  const clock = new FakeClock();
  return { server, clock, ada: machine(server, clock, 'ada'), bob: machine(server, clock, 'bob') };
}

describe('acquire and release', () => {
  it('creates the Lease with owner, transaction and phase, and leaves it empty', async () => {
    const { server, ada } = world();
    expect(await ada.acquire('tx-1')).toMatchObject({ ok: true });
    expect(server.lease).toMatchObject({
      kind: 'Lease',
      metadata: { name: 'stratus-alock', namespace: 'kube-system' },
      spec: { leaseDurationSeconds: 30 },
    });
    expect(server.holder).toContain('ada@ada.host pid 7');
    expect([server.note('tx'), server.note('phase')]).toEqual(['tx-1', 'acquired']);
    expect(server.lease?.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await ada.lock.mark('executing tx-1', 'digest');
    expect([server.note('phase'), server.note('journal-digest')]).toEqual(['executing tx-1', 'digest']);
    await ada.lock.release();
    expect([server.holder, server.note('phase'), server.note('tx')]).toEqual(['', 'released', '']);
    expect(await ada.lock.renew()).toBe(false);
  });

  it('lets a second writer in at once after a release, and names the first one before', async () => {
    const { ada, bob, clock } = world();
    await ada.acquire('tx-1');
    const refused = await bob.acquire('tx-2');
    expect(refused).toMatchObject({ ok: false });
    expect((refused as { holder: string }).holder).toContain('ada@ada.host');
    const before = clock.monotonic();
    await ada.lock.release();
    expect(await bob.acquire('tx-2')).toMatchObject({ ok: true });
    expect(clock.monotonic() - before).toBeLessThan(2_000);
  });

  it('is not shared by two commands of one process, be they of one transaction', async () => {
    const { server, clock, ada } = world();
    const both = ['tx-1', 'tx-2'].map((tx) => ada.lock.acquire(tx, never));
    expect((await whileTimePasses(clock, Promise.all(both), 500)).map(({ ok }) => ok)).toEqual([true, false]);
    expect(await ada.acquire('tx-1')).toMatchObject({ ok: false, reason: expect.stringContaining('another command') });
    expect([server.note('tx'), await ada.lock.renew()]).toEqual(['tx-1', true]);
    await ada.lock.release();
    expect(await ada.acquire('tx-2')).toMatchObject({ ok: true });
  });

  it('may be acquired again by a holder who lost it', async () => {
    const { server, clock, ada } = world();
    await ada.acquire('tx-1');
    await ada.lock.mark('executing tx-1');
    clock.suspend(31_000);
    expect(await ada.lock.renew()).toBe(false);
    expect(await ada.acquire('tx-1')).toMatchObject({ ok: true });
    expect(server.note('phase')).toBe('executing tx-1');
  });

  it('names the missing right', async () => {
    const { server, ada } = world();
    server.failWith = { status: 403, message: 'no' };
    await expect(ada.acquire('tx')).rejects.toMatchObject({ reason: 'forbidden' });
    await expect(ada.acquire('tx')).rejects.toThrow('get leases.coordination.k8s.io in namespace kube-system');
    expect(await ada.lock.status()).toMatchObject({ state: 'unknown' });
  });

  it('survives a lost answer to its own write', async () => {
    const { server, ada } = world();
    await ada.acquire('tx');
    server.loseAnswer = true;
    await expect(ada.lock.mark('executing')).rejects.toMatchObject({ reason: 'unreachable' });
    await ada.lock.mark('committed tx');
    expect(server.note('phase')).toBe('committed tx');
  });

  it('keeps other people’s annotations', async () => {
    const { server, ada } = world();
    await ada.acquire('tx');
    server.touch({
      ...server.lease!,
      metadata: { ...server.lease!.metadata, annotations: { ...server.lease!.metadata.annotations, note: 'hello' } },
    });
    await ada.lock.mark('committed tx');
    expect(server.lease?.metadata.annotations?.note).toBe('hello');
    expect(ada.lost).toEqual([]);
  });
});

describe('renewal', () => {
  it('happens by timer every 10 s, and not more often when asked before each write', async () => {
    const { server, ada, clock } = world();
    await ada.acquire('tx');
    server.log = [];
    await clock.advance(9_000);
    expect(await ada.lock.renew()).toBe(true);
    expect(server.log).toEqual([]);
    await clock.advance(51_000);
    expect(server.log.filter((method) => method === 'PUT')).toHaveLength(6);
    expect(ada.lost).toEqual([]);
  });

  it('rides out a short outage and gives up before anybody may take over', async () => {
    const { server, ada, clock } = world();
    await ada.acquire('tx');
    server.failWith = new UpstreamError('unreachable', 'away', false);
    await clock.advance(12_000);
    expect(await ada.lock.renew()).toBe(true);
    await clock.advance(10_000);
    expect(await ada.lock.renew()).toBe(false);
    expect(ada.lost).toHaveLength(1);
    expect(ada.lost[0]).toContain('cannot be renewed');
  });

  it('counts the time that the machine slept', async () => {
    const { ada, clock } = world();
    await ada.acquire('tx');
    expect(ada.lock.level).toBe('client-side');
    clock.suspend(31_000);
    expect(ada.lock.level).toBeNull();
    expect(await ada.lock.renew()).toBe(false);
    expect(ada.lost[0]).toMatch(/not renewed for 3[12] s/);
    await expect(ada.lock.mark('executing')).rejects.toMatchObject({ reason: 'conflict' });
  });

  it('is lost when somebody else took it or deleted it', async () => {
    const { server, ada, bob, clock } = world();
    await ada.acquire('tx');
    await bob.lock.breakLock();
    await bob.acquire('tx-2');
    await clock.advance(11_000);
    expect(ada.lost[0]).toContain('taken by bob@bob.host');
    expect(server.holder).toContain('bob@');
    server.lease = null;
    expect(
      await whileTimePasses(
        clock,
        bob.lock.mark('executing').catch((error: Error) => error.message),
      ),
    ).toContain('freed or deleted');
  });

  it('stops after a dirty mark, so that the lock waits for recovery', async () => {
    const { server, ada, clock } = world();
    await ada.acquire('tx');
    await ada.lock.mark('dirty');
    server.log = [];
    await clock.advance(60_000);
    expect(server.log).toEqual([]);
    expect(server.holder).toContain('ada@');
  });
});

describe('takeover', () => {
  /** ada acquires, marks, and dies: her timer never runs again. */
  async function dead(phase: string) {
    const server = new LeaseServer();
    const [hers, clock] = [new FakeClock(), new FakeClock()];
    const ada = machine(server, hers, 'ada');
    await ada.acquire('tx-1');
    await ada.lock.mark(phase);
    return { server, clock, bob: machine(server, clock, 'bob') };
  }

  it.each(['acquired', 'committed tx-1', 'undone tx-1'])(
    'of a dead holder in clean phase %s after one duration on our own clock',
    async (phase) => {
      const { server, clock, bob } = await dead(phase);
      expect(await bob.acquire('tx-2')).toMatchObject({ ok: false });
      clock.suspend(31_000);
      const before = clock.monotonic();
      expect(await bob.acquire('tx-2')).toMatchObject({ ok: true });
      expect(clock.monotonic() - before).toBeGreaterThan(30_000);
      expect(server.holder).toContain('bob@');
      expect(server.note('phase')).toBe('acquired');
    },
  );

  it('never of a living holder whose clock is behind ours', async () => {
    const server = new LeaseServer();
    const clock = new FakeClock();
    const late = new FakeClock(Date.parse('2031-03-04T04:00:00Z'));
    const ada = machine(server, late, 'ada');
    await ada.acquire('tx-1');
    const waiting = machine(server, clock, 'bob').lock.acquire('tx-2', never);
    for (let step = 0; step < 80; step++) {
      await late.advance(500);
      await clock.advance(500);
    }
    expect(server.holder).toContain('ada@');
    await ada.lock.release();
    expect(await whileTimePasses(clock, waiting, 500)).toMatchObject({ ok: true });
  });

  it.each(['executing tx-1', 'undoing tx-1', 'dirty', 'recovering tx-0'])(
    'is refused at once in phase %s',
    async (phase) => {
      const { server, clock, bob } = await dead(phase);
      clock.suspend(31_000);
      const refused = await bob.acquire('tx-2');
      expect(refused).toMatchObject({ ok: false });
      const { holder, reason } = refused as { holder: string; reason: string };
      expect(holder).toContain('ada@ada.host');
      expect(reason).toContain(phase);
      expect(reason).toContain('stratus lock break');
      expect(server.holder).toContain('ada@');
      expect(await bob.lock.status()).toMatchObject({ state: 'dirty', phase });
    },
  );

  it('is allowed at once to the state folder of a process that is gone, and stays dirty until marked', async () => {
    const server = new LeaseServer();
    const clock = new FakeClock();
    const folder = { stateFolder: '/state/shared', isAlive: (pid: number) => pid !== 7 };
    const first = machine(server, clock, 'ada', folder);
    await first.acquire('tx-1');
    await first.lock.mark('executing tx-1');
    const second = machine(server, clock, 'ada', { ...folder, owner: { user: 'ada', host: 'ada.host', pid: 8 } });
    const before = clock.monotonic();
    expect(await second.acquire('recovery')).toMatchObject({ ok: true });
    expect(clock.monotonic() - before).toBeLessThan(2_000);
    expect(server.note('phase')).toBe('recovering tx-1');
    await second.lock.mark('undone tx-1');
    await second.lock.release();
    expect(server.holder).toBe('');
  });

  it('is seen to be left behind by its own folder only, also where nothing is owed', async () => {
    const server = new LeaseServer();
    const clock = new FakeClock();
    const folder = { stateFolder: '/state/shared', isAlive: (pid: number) => pid !== 7 };
    const first = machine(server, clock, 'ada', folder);
    await first.acquire('tx-1');
    await first.lock.mark('committed tx-1');
    const second = machine(server, clock, 'ada', { ...folder, owner: { user: 'ada', host: 'ada.host', pid: 8 } });
    const elsewhere = machine(server, clock, 'bob', { isAlive: () => false });
    expect(await second.lock.isLeftBehind()).toBe(true);
    expect(await elsewhere.lock.isLeftBehind()).toBe(false);
    await second.acquire('freeing');
    expect(await second.lock.isLeftBehind()).toBe(false);
    await second.lock.release();
    expect(server.holder).toBe('');
    expect(await second.lock.isLeftBehind()).toBe(false);
  });

  it('is not allowed to another folder of the same machine', async () => {
    const server = new LeaseServer();
    const clock = new FakeClock();
    const first = machine(server, clock, 'ada');
    await first.acquire('tx-1');
    await first.lock.mark('executing tx-1');
    const second = machine(server, clock, 'ada', { stateFolder: '/state/other', isAlive: () => false });
    expect(await second.acquire('x')).toMatchObject({ ok: false });
  });

  it('waits out a silent holder of its own folder on another machine', async () => {
    const server = new LeaseServer();
    const [hers, clock] = [new FakeClock(), new FakeClock()];
    const folder = { stateFolder: '/nfs/state', owner: { user: 'ada', host: 'one', pid: 7 } };
    const first = machine(server, hers, 'ada', folder);
    await first.acquire('tx-1');
    await first.lock.mark('executing tx-1');
    clock.suspend(31_000);
    const second = machine(server, clock, 'ada', { ...folder, owner: { user: 'ada', host: 'two', pid: 7 } });
    expect(await second.acquire('x')).toMatchObject({ ok: false });
  });

  it('can be cancelled while waiting', async () => {
    const { clock, bob } = await dead('acquired');
    clock.suspend(31_000);
    const controller = new AbortController();
    const waiting = bob.lock.acquire('tx-2', controller.signal);
    await clock.advance(3_000);
    controller.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});

describe('taking over with the journal at hand', () => {
  /** Ada's process is gone from the moment on at which her phase was marked. */
  async function died(server: LeaseServer) {
    const clock = new FakeClock();
    const ada = machine(server, clock, 'ada');
    await ada.acquire('tx-1');
    await ada.lock.mark('executing tx-1');
    await ada.lock.mark('dirty');
    return clock;
  }
  const takeOver = ({ lock }: ReturnType<typeof machine>, clock: FakeClock) =>
    whileTimePasses(clock, lock.acquire('tx-1', never, true), 500);

  it('waits until the holder is known to be dead, is audited, and stays dirty until marked', async () => {
    const server = new LeaseServer();
    const clock = await died(server);
    const bob = machine(server, clock, 'bob');
    expect(await bob.acquire('tx-2')).toMatchObject({ ok: false });
    expect(await takeOver(bob, clock)).toMatchObject({ ok: true });
    expect(server.holder).toMatch(/^bob@/);
    expect(server.note('phase')).toMatch(/^recovering tx-1/);
    expect(JSON.parse(server.note('last-break')!)).toMatchObject({
      what: 'taken over',
      by: 'bob@bob.host pid 7',
      holder: expect.stringMatching(/^ada@/),
      tx: 'tx-1',
    });
  });

  it('never from a holder that renews meanwhile', async () => {
    const { server, clock, ada, bob } = world();
    await ada.acquire('tx-1');
    await ada.lock.mark('executing tx-1');
    expect(await takeOver(bob, clock)).toMatchObject({ ok: false, holder: expect.stringMatching(/^ada@/) });
    expect(server.holder).toMatch(/^ada@/);
    expect(server.note('last-break')).toBeUndefined();
    await ada.lock.release();
  });

  it('leaves no audit where nobody lost anything', async () => {
    const { server, clock, bob } = world();
    expect(await takeOver(bob, clock)).toMatchObject({ ok: true });
    expect(server.note('last-break')).toBeUndefined();
    await bob.lock.release();
  });
});

describe('breakLock and status', () => {
  it('frees a dirty lock and keeps who did it', async () => {
    const { server, ada, bob } = world();
    await ada.acquire('tx-1');
    await ada.lock.mark('executing tx-1');
    await bob.lock.breakLock();
    expect(await bob.lock.status()).toMatchObject({ state: 'free', holder: '' });
    expect(JSON.parse(server.note('last-break')!)).toMatchObject({
      by: 'bob@bob.host pid 7',
      phase: 'executing tx-1',
      tx: 'tx-1',
    });
    expect(await bob.acquire('tx-2')).toMatchObject({ ok: true });
    expect(server.note('last-break')).toContain('executing tx-1');
  });

  it('tells a held lock with its renewal time', async () => {
    const { ada, bob } = world();
    expect(await bob.lock.status()).toMatchObject({ state: 'free', level: 'client-side' });
    await ada.acquire('tx-1');
    await ada.lock.mark('undoing tx-1');
    const status = await bob.lock.status();
    expect(status).toMatchObject({ state: 'held', phase: 'undoing tx-1' });
    expect(Date.parse(status.renewedAt)).not.toBeNaN();
  });
});

describe('with a fence', () => {
  const token = (name: string): WriterToken => ({
    token: name,
    credential: `JTI=${name}`,
    issued: { wall: 0, monotonic: 0 },
  });

  /** A fence that gives out tokens `1`, `2`, … and opens unless told otherwise. */
  class StubFence implements WriterFence {
    static issued = 0;
    calls: string[] = [];
    next: WriterToken | null = null;
    refuses = false;
    clientSide = '';

    async standing() {
      return { level: 'fenced' as const, why: '' };
    }

    async enter(record: LockRecord | null) {
      this.calls.push(`enter ${record?.credential ?? 'nothing'}`);
      if (this.clientSide) return { level: 'client-side' as const, why: this.clientSide };
      return { level: 'fenced' as const, token: token(String(++StubFence.issued)) };
    }

    async open({ credential }: WriterToken) {
      this.calls.push(`open ${credential}`);
      if (this.refuses) throw new ClusterError('conflict', 'the fence refuses the holder');
    }

    async successor() {
      return this.next;
    }

    leave() {
      this.calls.push('leave');
    }
  }

  function fenced() {
    StubFence.issued = 0;
    const server = new LeaseServer();
    const clock = new FakeClock();
    const fences = [new StubFence(), new StubFence()] as const;
    const [ada, bob] = [
      machine(server, clock, 'ada', { fence: fences[0] }),
      machine(server, clock, 'bob', { fence: fences[1] }),
    ];
    return { server, clock, ada, bob, fences };
  }

  it('writes the id of the token with the holder, and takes it away with a release', async () => {
    const { server, ada, fences } = fenced();
    server.beforeWrite = () => fences[0].calls.push('write');
    expect(await ada.acquire('tx-1')).toEqual({ ok: true, level: 'fenced' });
    expect([server.note('writer-credential'), server.note('level')]).toEqual(['JTI=1', 'fenced']);
    // The Lease is there, free, before a token is asked for.
    expect(fences[0].calls).toEqual(['write', 'enter ', 'write', 'open JTI=1']);
    expect(ada.lock.level).toBe('fenced');
    await ada.lock.release();
    expect([server.note('writer-credential'), server.note('level')]).toEqual(['', 'fenced']);
    expect([ada.lock.level, fences[0].calls.at(-1)]).toEqual([null, 'leave']);
  });

  it.each([
    ['a dirty mark', async ({ ada }: ReturnType<typeof fenced>) => ada.lock.mark('dirty')],
    ['breaking it', async ({ bob }: ReturnType<typeof fenced>) => bob.lock.breakLock()],
  ])('takes the id away with %s', async (_what, act) => {
    const world = fenced();
    await world.ada.acquire('tx-1');
    await world.ada.lock.mark('executing tx-1');
    expect(world.server.note('writer-credential')).toBe('JTI=1');
    await act(world);
    expect(world.server.note('writer-credential')).toBe('');
  });

  it('stops writing after a dirty mark that could not be written', async () => {
    const { server, ada } = fenced();
    await ada.acquire('tx-1');
    server.failWith = new UpstreamError('unreachable', 'away', false);
    await expect(ada.lock.mark('dirty')).rejects.toThrow('away');
    expect(ada.lock.level).toBeNull();
  });

  it('replaces the id of a dead holder in the write that takes over', async () => {
    const { server, clock, ada, bob } = fenced();
    await ada.acquire('tx-1');
    clock.suspend(31_000);
    const seen: (string | undefined)[] = [];
    server.beforeWrite = () => seen.push(server.note('writer-credential'));
    expect(await bob.acquire('tx-2')).toMatchObject({ level: 'fenced' });
    expect([seen.at(-1), server.note('writer-credential')]).toEqual(['JTI=1', 'JTI=2']);
    expect(server.holder).toContain('bob@');
  });

  it('renews the token together with the Lease', async () => {
    const { server, clock, ada, fences } = fenced();
    await ada.acquire('tx-1');
    fences[0].next = token('9');
    await clock.advance(10_500);
    expect(server.note('writer-credential')).toBe('JTI=9');
    expect(fences[0].calls.at(-1)).toBe('open JTI=9');
    expect(ada.lost).toEqual([]);
  });

  it('gives the lock back when the API server refuses its holder', async () => {
    const { server, ada, fences } = fenced();
    fences[0].refuses = true;
    await expect(ada.acquire('tx-1')).rejects.toThrow('the fence refuses the holder');
    expect([server.holder, server.note('writer-credential'), ada.lock.level]).toEqual(['', '', null]);
  });

  it('lists no token while it holds client-side, and remembers that the cluster was fenced', async () => {
    const { server, ada, fences } = fenced();
    fences[0].clientSide = 'no right';
    expect(await ada.acquire('tx-1')).toEqual({ ok: true, level: 'client-side' });
    expect([server.note('writer-credential'), server.note('level')]).toEqual(['', 'client-side']);
    fences[0].clientSide = '';
    await ada.lock.release();
    await ada.acquire('tx-2');
    await ada.lock.release();
    expect(server.note('level')).toBe('fenced');
    await ada.acquire('uninstall');
    await ada.lock.release('client-side');
    expect(server.note('level')).toBe('client-side');
  });
});

describe('racing', () => {
  it('never lets two writers believe they hold the lock, whatever the order and the pauses', async () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 2 }),
      act: fc.constantFrom('acquire', 'renew', 'mark', 'release', 'crash-and-pause'),
      pauseMs: fc.integer({ min: 0, max: 45_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const server = new LeaseServer();
        const clock = new FakeClock();
        const writers = ['ada', 'bob', 'eve'].map((name) => machine(server, clock, name));
        for (const { who, act, pauseMs } of steps) {
          const { lock } = writers[who]!;
          if (act === 'acquire') await whileTimePasses(clock, lock.acquire(`tx-${who}`, never), 1_000);
          if (act === 'mark') await lock.mark('committed x').catch(() => undefined);
          if (act === 'release') await lock.release().catch(() => undefined);
          if (act === 'crash-and-pause') clock.suspend(pauseMs);
          await clock.advance(pauseMs % 5_000);
          const holders = await Promise.all(writers.map((writer) => writer.lock.renew()));
          if (holders.filter(Boolean).length > 1) return false;
        }
        return true;
      }),
      { numRuns: 60 },
    );
  });
});
