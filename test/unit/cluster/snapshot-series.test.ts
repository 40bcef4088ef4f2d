import { describe, expect, it } from 'vitest';
import { SnapshotReader } from '../../../src/cluster/read/snapshot.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import type { UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { FakeClock, settleTasks } from '../../support/fake-clock.ts';
import { NS, pod, service } from './objects.ts';
import { WatchServer } from './watch-server.ts';

const never = new AbortController().signal;
const many = Array.from({ length: 502 }, (_, index) => pod(`p${index}`, 'ready'));
const few = [service('gate', { app: 'plum' })];

async function followed(objects = [...many, ...few]) {
  const server = new WatchServer(objects);
  const clock = new FakeClock();
  const reader = new SnapshotReader(new KubeApi(passAsUpstream(server)), [NS], clock, ['Pod', 'Service']);
  const series = reader.follow();
  const next = async () => {
    const { objects, unreadable } = await series.next(never);
    expect(unreadable).toEqual({});
    await settleTasks();
    return { pods: objects.Pod!.map(({ metadata }) => metadata.name), services: objects.Service!.length };
  };
  expect((await next()).pods).toHaveLength(objects.length - 1);
  const listed = (kind: string) => server.lists.filter((one) => one === kind).length;
  return { server, clock, reader, series, next, listed };
}

describe('a series of snapshots', () => {
  it('lists once what is many and sees by a watch what changes', async () => {
    const { server, next, listed } = await followed();
    server.apply(pod('new', 'ready'));
    server.delete(many[0]!);
    await settleTasks();
    const { pods } = await next();
    expect(pods).toHaveLength(502);
    expect(pods).toContain('new');
    expect(pods).not.toContain('p0');
    expect([listed('Pod'), listed('Service'), server.open]).toEqual([1, 2, 1]);
  });

  it('lists anew what is few, without a watch', async () => {
    const { server, next, listed } = await followed([many[0]!, ...few]);
    await next();
    expect([listed('Pod'), listed('Service'), server.open]).toEqual([2, 2, 0]);
  });

  it('does not believe for long a stream that says nothing: it may be dead', async () => {
    const { server, clock, next, listed } = await followed();
    for (const streams of server.streams.values()) for (const stream of streams) stream.write = () => true;
    server.delete(many[0]!);
    await clock.advance(5_000);
    expect((await next()).pods).toHaveLength(501);
    expect([listed('Pod'), server.open]).toEqual([2, 1]);
  });

  it('believes a stream that was opened after a list which took long', async () => {
    const server = new WatchServer([...many, ...few]);
    const clock = new FakeClock();
    const slow = async (asked: UpstreamRequest) => {
      if (asked.path.includes('/pods?limit')) await clock.advance(60_000);
      return server.request(asked);
    };
    const reader = new SnapshotReader(new KubeApi(passAsUpstream({ request: slow })), [NS], clock, ['Pod']);
    const series = reader.follow();
    await series.next(never);
    await settleTasks();
    await series.next(never);
    series.close();
    expect(server.lists).toEqual(['Pod']);
  });

  it.each(['ends', 'breaks', 'is too old'])('lists again when its stream %s', async (how) => {
    const { server, next, listed } = await followed();
    if (how === 'is too old') {
      for (const stream of server.streams.get('Pod')!)
        stream.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
    } else if (how === 'ends') server.endStreams();
    else for (const stream of server.streams.get('Pod')!) stream.destroy(new Error('reset'));
    server.streams.clear();
    server.delete(many[0]!);
    await settleTasks();
    expect((await next()).pods).toHaveLength(501);
    expect([listed('Pod'), server.open]).toEqual([2, 1]);
  });

  it('tells nothing of before when the server is away', async () => {
    const { server, series } = await followed();
    server.away = true;
    server.endStreams();
    await settleTasks();
    await expect(series.next(never)).rejects.toThrow('server away');
  });

  it('ends its streams when it is closed; a single snapshot opens none', async () => {
    const { server, reader, series } = await followed();
    series.close();
    expect(server.open).toBe(0);
    await reader.snapshot(never);
    await settleTasks();
    expect(server.open).toBe(0);
  });
});
