import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { readAll } from '../../../src/gateway/wire/messages.ts';
import { isHarmless, SteadyUpstream } from '../../../src/gateway/wire/steady-upstream.ts';
import type { Upstream, UpstreamRequest, UpstreamResponse } from '../../../src/gateway/wire/upstream.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';

/** Time passes by sleeping only. */
class SleepClock implements Clock {
  slept: number[] = [];
  now = () => 0;
  monotonic = () => this.slept.reduce((sum, ms) => sum + ms, 0);
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw signal.reason;
    this.slept.push(ms);
  }
}

type Turn = { status: number; text?: string; headers?: Record<string, string> } | 'lost' | 'broken' | 'tls';

function answer(turn: Turn): UpstreamResponse {
  if (turn === 'lost') throw new UpstreamError('unreachable', 'the connection was closed', true);
  if (turn === 'tls') throw new UpstreamError('tls', 'bad certificate', false);
  if (turn === 'broken') {
    const half = Readable.from(
      (function* () {
        yield Buffer.from('{"half":');
        throw new Error('aborted');
      })(),
    );
    return { status: 200, headers: {}, body: half };
  }
  return { status: turn.status, headers: turn.headers ?? {}, body: Readable.from([Buffer.from(turn.text ?? 'ok')]) };
}

function steady(...turns: Turn[]) {
  const clock = new SleepClock();
  const asked: UpstreamRequest[] = [];
  const next: Upstream = {
    request: async (request) => {
      asked.push(request);
      return answer(turns[Math.min(asked.length, turns.length) - 1]!);
    },
  };
  const upstream = new SteadyUpstream(next, { clock, patienceMs: 12_000 });
  const get = (path = '/api/v1/pods', method = 'GET') => upstream.request({ method, path, headers: {} });
  return { clock, asked, upstream, get };
}
const text = async ({ body }: UpstreamResponse) => (await readAll(body)).toString();

describe('an upstream that outlasts short troubles', () => {
  it.each([
    ['429', { status: 429 }],
    ['503', { status: 503 }],
    ['a lost connection', 'lost'],
    ['an answer that breaks off', 'broken'],
  ] as Array<[string, Turn]>)('asks again after %s', async (_name, turn) => {
    const { asked, get } = steady(turn, turn, { status: 200 });
    const response = await get();
    expect([response.status, await text(response), asked.length]).toEqual([200, 'ok', 3]);
  });

  it('waits as long as the server asks for, up to 10 s, and longer each time', async () => {
    const hint = { status: 429, headers: { 'retry-after': '2' } };
    const { clock, get } = steady(hint, { status: 503 }, { status: 503 }, { status: 200 });
    await get();
    expect(clock.slept).toEqual([2_000, 200, 400]);
    const far = steady({ status: 429, headers: { 'retry-after': '3600' } });
    expect((await far.get()).status).toBe(429);
    expect(far.clock.slept).toEqual([]);
  });

  it('gives up when its patience is at an end, with the last answer or error', async () => {
    const busy = steady({ status: 503, text: 'busy' });
    expect(await text(await busy.get())).toBe('busy');
    expect(busy.clock.monotonic()).toBeLessThanOrEqual(12_100);
    expect(busy.asked.length).toBeGreaterThan(5);
    await expect(steady('lost').get()).rejects.toMatchObject({ failure: 'unreachable' });
  });

  it.each([
    ['a broken webhook', { status: 500, text: 'failed calling webhook "x"' }],
    ['404', { status: 404 }],
    ['409', { status: 409 }],
  ] as Array<[string, Turn]>)('takes %s for an answer', async (_name, turn) => {
    const { asked, get } = steady(turn, { status: 200 });
    expect((await get()).status).not.toBe(200);
    expect(asked).toHaveLength(1);
  });

  it('does not repeat what time will not mend, nor a write', async () => {
    const { asked, get } = steady('tls');
    await expect(get()).rejects.toMatchObject({ failure: 'tls' });
    expect(asked).toHaveLength(1);
    const write = steady({ status: 503 });
    expect((await write.get('/api/v1/namespaces/a/pods', 'POST')).status).toBe(503);
    expect(write.asked).toHaveLength(1);
  });

  it('knows what is harmless', () => {
    const harmless = (method: string, path: string) => isHarmless({ method, path, headers: {} });
    expect(harmless('GET', '/api/v1/pods?limit=5')).toBe(true);
    expect(harmless('GET', '/api/v1/pods?watch=true')).toBe(false);
    expect(harmless('PATCH', '/api/v1/namespaces/a/pods/b?fieldManager=x&dryRun=All')).toBe(true);
    expect(harmless('PATCH', '/api/v1/namespaces/a/pods/b?fieldManager=dryRun')).toBe(false);
    expect(harmless('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')).toBe(true);
    expect(harmless('DELETE', '/api/v1/namespaces/a/configmaps/selfsubjectaccessreviews')).toBe(false);
  });
});
