import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { WatchSettler } from '../../../src/severity/settle.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import { FakeClock, settleTasks, whileTimePasses } from '../../support/fake-clock.ts';
import { deployment, NS, pod, service, slice, storageClass, claim } from './objects.ts';
import { WatchServer } from './watch-server.ts';

const never = new AbortController().signal;

function start(server: WatchServer, roots: KubeObject[], signal = never) {
  const clock = new FakeClock();
  const progress: string[] = [];
  const settler = new WatchSettler(new KubeApi(passAsUpstream(server)), clock, [NS]);
  const work = settler.settle(roots.map(refOf), signal, (text) => progress.push(text));
  let result: Awaited<typeof work> | null = null;
  void work.then(
    (value) => (result = value),
    () => undefined,
  );
  return {
    clock,
    progress,
    work,
    finish: () => whileTimePasses(clock, work, 200),
    now: async (ms = 60) => {
      await clock.advance(ms);
      await settleTasks();
      return result;
    },
  };
}

const { deploy, set } = deployment('plum', { replicas: 1 });
const one = pod('p1', 'ready', set);
const gate = service('gate', { app: 'plum' });
const goodSlice = slice(gate, [one]);
const oldSlice = slice(gate, [one], { ports: [{ port: 9999 }] });

describe('WatchSettler', () => {
  it('ends at once when there is nothing to wait for', async () => {
    const { finish, clock } = start(new WatchServer([deploy, set, one, gate, goodSlice]), [gate]);
    expect(await finish()).toEqual({ settled: true, pending: [] });
    expect(clock.monotonic()).toBeLessThan(1_000);
    expect(await start(new WatchServer([]), []).finish()).toEqual({ settled: true, pending: [] });
  });

  it('wakes by the event that completes the picture, not by time', async () => {
    const server = new WatchServer([deploy, set, one, gate, { ...oldSlice, metadata: goodSlice.metadata }]);
    const run = start(server, [gate]);
    expect(await run.now()).toBeNull();
    expect(run.progress[0]).toContain('Service/orchard/gate: endpoints do not have the ports');
    server.apply(goodSlice);
    expect(await run.now()).toEqual({ settled: true, pending: [] });
  });

  it('follows a rollout through pods that come and go', async () => {
    const moving = deployment('plum', { replicas: 1, metadata: { generation: 2 } });
    const server = new WatchServer([moving.deploy, moving.set]);
    const run = start(server, [moving.deploy]);
    expect(await run.now()).toBeNull();
    const observed = {
      ...moving.deploy,
      status: { ...moving.deploy.status, observedGeneration: 2, availableReplicas: 0 },
    };
    server.apply(observed, pod('n1', 'starting', moving.set));
    expect(await run.now()).toBeNull();
    server.apply(pod('n1', 'ready', moving.set));
    expect(await run.now()).toBeNull();
    server.apply({ ...observed, status: { ...observed.status, availableReplicas: 1 } });
    expect(await run.now()).toEqual({ settled: true, pending: [] });
  });

  it('ends without delay when the new pod cannot work, and says why', async () => {
    const server = new WatchServer([deploy, set, pod('p1', 'starting', set)]);
    const run = start(server, [deploy]);
    expect(await run.now()).toBeNull();
    server.apply(pod('p1', 'pull', set));
    const result = await run.now();
    expect(result?.settled).toBe(true);
    expect(result?.pending[0]).toContain('ImagePullBackOff');
  });

  it('does not end while something else is still moving', async () => {
    const other = deployment('pear', { replicas: 1 });
    const server = new WatchServer([
      deploy,
      set,
      pod('p1', 'pull', set),
      other.deploy,
      other.set,
      pod('q1', 'starting', other.set),
    ]);
    const run = start(server, [deploy, other.deploy]);
    expect(await run.now(5_000)).toBeNull();
    server.apply(pod('q1', 'ready', other.set));
    expect(await run.now()).toMatchObject({ settled: true, pending: [expect.stringContaining('plum')] });
  });

  it('gives a recurring trouble its patience anew when it changes', async () => {
    const jar = claim('jar', 'Pending');
    const server = new WatchServer([jar, storageClass('shed')]);
    const run = start(server, [jar]);
    expect(await run.now(60_000)).toBeNull();
    server.apply({ ...jar, status: { phase: 'Bound' } });
    expect(await run.now()).toEqual({ settled: true, pending: [] });
  });

  it('reaches a deadline that grows with the probes', async () => {
    const slow = {
      containers: [
        { name: 'main', readinessProbe: { initialDelaySeconds: 60, periodSeconds: 10, failureThreshold: 3 } },
      ],
    };
    const time = async (podSpec: object) => {
      const world = deployment('plum', { replicas: 1, podSpec, status: { availableReplicas: 0 } });
      const run = start(new WatchServer([world.deploy, world.set]), [world.deploy]);
      expect(await run.finish()).toMatchObject({
        settled: false,
        pending: [expect.stringContaining('0 of 1 pods ready')],
      });
      return run.clock.monotonic();
    };
    const [quick, long] = [await time({}), await time(slow)];
    expect(quick).toBeLessThan(45_000);
    expect(long).toBeGreaterThan(100_000);
    expect(long).toBeLessThan(181_000);
  });

  it('goes on after streams end and versions expire', async () => {
    const server = new WatchServer([deploy, set, one, gate, { ...oldSlice, metadata: goodSlice.metadata }]);
    server.goneOnWatch = 5;
    const run = start(server, [gate]);
    expect(await run.now(2_000)).toBeNull();
    server.endStreams();
    await run.now(2_000);
    server.apply(goodSlice);
    expect(await run.finish()).toEqual({ settled: true, pending: [] });
  });

  it('does without kinds that may not be listed', async () => {
    const server = new WatchServer([deploy, set, one, gate, goodSlice]);
    for (const kind of ['StatefulSet', 'HorizontalPodAutoscaler', 'StorageClass']) server.forbidden.add(kind);
    expect(await start(server, [gate]).finish()).toEqual({ settled: true, pending: [] });
  });

  it('never takes an unreachable server for a settled one', async () => {
    const server = new WatchServer([deploy, set, one, gate, goodSlice]);
    server.away = true;
    const run = start(server, [gate]);
    expect(await run.finish()).toMatchObject({ settled: false, pending: [expect.stringContaining('server away')] });
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const run = start(new WatchServer([deploy, set]), [deploy], controller.signal);
    await run.now();
    controller.abort();
    await expect(run.work).rejects.toMatchObject({ reason: 'aborted' });
  });

  it('waits for the successor of a deleted pod', async () => {
    const server = new WatchServer([deploy, set, pod('p1', 'terminating', set)]);
    const run = start(server, [one]);
    expect(await run.now()).toBeNull();
    server.delete(one);
    const next = pod('p2', 'starting', set);
    server.apply(next);
    expect(await run.now()).toBeNull();
    server.apply(pod('p2', 'ready', set));
    expect(await run.finish()).toEqual({ settled: true, pending: [] });
  });
});
