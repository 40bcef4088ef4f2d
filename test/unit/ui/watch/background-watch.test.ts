import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../../../src/domain/cluster-error.ts';
import type { CorrelatedIncident } from '../../../../src/domain/signals.ts';
import type { StratusApp } from '../../../../src/run/app.ts';
import type { WatchRequest } from '../../../../src/run/incidents.ts';
import type { WatchSettings } from '../../../../src/ui/watch/background-watch.ts';
import { BackgroundWatch } from '../../../../src/ui/watch/background-watch.ts';
import { WatchBoard } from '../../../../src/ui/watch/watch-board.ts';
import { FakeClock, settleTasks } from '../../../support/fake-clock.ts';

const target = { context: 'staging', namespace: 'shop', server: 'https://198.18.0.1:6443', fingerprint: 'f' };

function incident(fingerprint: string, since: number): CorrelatedIncident {
  const title = `${fingerprint} fails`;
  const rest = { members: [], count: 1, isStorm: false, isKnown: false, absorbed: [] };
  return { fingerprint, title, since, root: null, ...rest };
}

/** An application whose watches the test speaks for. */
class WatchedApp {
  /** Watches that go on. */
  readonly going: { request: WatchRequest; fail: (error: Error) => void }[] = [];
  asked = 0;
  released = 0;
  /** What asking for the target comes to. */
  pin: () => Promise<typeof target> = async () => target;

  readonly app = {
    targets: { pin: () => ((this.asked += 1), this.pin()) },
    incidents: {
      watch: (request: WatchRequest, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          const one = { request, fail: reject };
          this.going.push(one);
          signal.addEventListener('abort', () => (this.going.splice(this.going.indexOf(one), 1), resolve()));
        }),
    },
  } as unknown as StratusApp;

  get request(): WatchRequest {
    return this.going.at(-1)!.request;
  }
}

function watching() {
  const clock = new FakeClock();
  const world = {
    apps: new WatchedApp(),
    settings: { intervalMs: 15_000, checks: [] } as WatchSettings,
    isBusy: false,
  };
  const board = new WatchBoard();
  const announced: string[][] = [];
  const ended: string[] = [];
  const watch = new BackgroundWatch({
    lease: async () => {
      const used = world.apps;
      return { app: used.app, release: () => (used.released += 1) };
    },
    settings: () => world.settings,
    board,
    log: { info: () => undefined },
    isBusy: () => world.isBusy,
    announce: (fresh) => announced.push(fresh.map(({ fingerprint }) => fingerprint)),
    ended: (_target, reason) => ended.push(reason),
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const look = (...names: string[]) =>
    world.apps.request.looked!({ at: clock.now(), mu: 1, open: names.map((name) => incident(name, clock.now())) });
  return { clock, world, board, announced, ended, watch, look };
}

describe('the watch of a window', () => {
  it('tells of each incident once, and holds what opens amid a run until that has ended', async () => {
    const { watch, world, look, announced, board } = watching();
    watch.begin(target);
    await settleTasks();
    expect(board.view!.phase).toBe('starting');
    look('a');
    look('a');
    world.isBusy = true;
    look('a', 'b');
    expect(board.view!.incidents).toHaveLength(2);
    world.isBusy = false;
    look('a', 'b');
    expect(announced).toEqual([['a'], ['b']]);
  });

  it('gives its application back when it is ended, and hears of nothing after that', async () => {
    const { watch, world, board, announced } = watching();
    watch.begin(target);
    await settleTasks();
    const { request } = world.apps;
    watch.end();
    await settleTasks();
    expect([world.apps.released, world.apps.going.length]).toEqual([1, 0]);
    request.looked!({ at: 0, mu: 1, open: [incident('late', 0)] });
    expect([board.view, announced]).toEqual([null, []]);
  });

  it('begins anew with what was open where something is configured otherwise, and tells of nothing twice', async () => {
    const { watch, world, look, announced, board } = watching();
    watch.begin(target);
    await settleTasks();
    look('a');
    await settleTasks();
    expect(world.apps.going).toHaveLength(1);
    const first = world.apps;
    world.apps = new WatchedApp();
    watch.configured();
    await settleTasks();
    expect([first.going.length, world.apps.going.length]).toEqual([0, 1]);
    // Looks that the change was noticed at took a lease as well.
    expect(first.released).toBeGreaterThan(0);
    expect(world.apps.request.open).toMatchObject([{ fingerprint: 'a' }]);
    expect(board.view!.incidents).toHaveLength(1);
    look('a');
    expect(announced).toEqual([['a']]);
    world.settings = { intervalMs: 5_000, checks: [] };
    look('a');
    await settleTasks();
    expect(world.apps.request.intervalMs).toBe(5_000);
  });

  it('asks ever less often while the cluster does not answer at its beginning, and at once when something is configured', async () => {
    const { watch, world, clock, board, ended } = watching();
    world.apps.pin = async () => {
      throw new ClusterError('unreachable', 'the server does not answer');
    };
    watch.begin({ ...target, fingerprint: '' });
    await settleTasks();
    expect(board.view).toMatchObject({ phase: 'unanswered', reason: 'the server does not answer' });
    const times: number[] = [];
    for (let seen = 1, second = 0; second < 120; second += 5) {
      await clock.advance(5_000);
      if (world.apps.asked > seen) times.push(second + 5);
      seen = world.apps.asked;
    }
    expect(times).toEqual([15, 45, 105]);
    world.apps.pin = async () => target;
    watch.configured();
    await settleTasks();
    expect(world.apps.going).toHaveLength(1);
    expect(board.view!.target.fingerprint).toBe('f');
    expect(ended).toEqual([]);
  });

  it.each([
    ['its context means another cluster', async () => ({ ...target, fingerprint: 'other' }), /another cluster or user/],
    [
      'the kubeconfig is gone',
      () => Promise.reject(new ClusterError('no-kubeconfig', 'there is no kubeconfig')),
      /no kubeconfig/,
    ],
    [
      'the namespace is gone',
      () => Promise.reject(new ClusterError('unknown-namespace', 'no such namespace')),
      /no such/,
    ],
  ])('ends, and says why, where %s', async (_name, pin, reason) => {
    const { watch, world, board, ended } = watching();
    world.apps.pin = pin;
    watch.begin(target);
    await settleTasks();
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatch(reason);
    expect(board.view).toMatchObject({ phase: 'stopped', reason: expect.stringMatching(reason) as string });
    expect(world.apps.released).toBe(1);
  });

  it('ends where the watch itself says that the target moved, and can be begun again', async () => {
    const { watch, world, board, look } = watching();
    watch.begin(target);
    await settleTasks();
    look('a');
    world.apps.going.at(-1)!.fail(new ClusterError('unknown-context', 'it points elsewhere now'));
    await settleTasks();
    expect(board.view).toMatchObject({ phase: 'stopped', incidents: [{ fingerprint: 'a' }] });
    watch.begin(target);
    await settleTasks();
    expect(board.view).toMatchObject({ phase: 'starting', incidents: [] });
  });

  it('moves to another target with one watch only', async () => {
    const { watch, world, board } = watching();
    watch.begin(target);
    await settleTasks();
    world.apps.pin = async () => ({ ...target, namespace: 'other' });
    watch.begin({ ...target, namespace: 'other' });
    await settleTasks();
    expect(world.apps.going.map(({ request }) => request.target.namespace)).toEqual(['other']);
    expect(board.view!.target.namespace).toBe('other');
  });
});
