import { afterEach, describe, expect, it } from 'vitest';
import { VictoriaLogs } from '../../../src/telemetry/victorialogs/victorialogs.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import type { Responder } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const signal = new AbortController().signal;

describe('one question of several requests', () => {
  const query = { namespace: 'shop', from: NOW - 60_000, to: NOW, limit: 5 };
  /** Answers after nine seconds of the client's time. */
  const slowly =
    (clock: FakeClock, body: unknown): Responder =>
    (_asked, response) =>
      void clock.advance(9_000).then(() => response.end(JSON.stringify(body)));

  it.each([
    [25_000, { state: 'ok' }],
    [15_000, { state: 'unknown', reason: expect.stringMatching(/did not answer within 15 s: see whether/) as string }],
  ])('has %i ms as a whole', async (questionMs, expected) => {
    const clock = new FakeClock();
    const { url } = await serve({
      '/select/logsql/field_names': slowly(clock, forms.logFieldNames('namespace', 'pod', 'container')),
      '/select/logsql/query': slowly(clock, { _time: new Date(NOW).toISOString(), _msg: 'x' }),
    });
    const logs = new VictoriaLogs(clientAt(url, clock, { limits: { questionMs } }));
    expect(await logs.search(query, signal)).toMatchObject(expected);
  });
});

describe('what a source asks for', () => {
  const answer =
    (status: number, headers: Record<string, string>): Responder =>
    (_asked, response) =>
      response.writeHead(status, headers).end();

  it.each<[number, Record<string, string>, number]>([
    [429, {}, 15],
    [429, { 'retry-after': '3' }, 3],
    [429, { 'retry-after': new Date(NOW + 30_000).toUTCString() }, 30],
    [429, { 'retry-after': '99999' }, 600],
    [429, { 'retry-after': '-5' }, 15],
    [429, { 'retry-after': 'soon' }, 15],
    [503, { 'retry-after': '5' }, 5],
    [503, {}, 0],
  ])('%i with %j is kept to for %i s', async (status, headers, seconds) => {
    const clock = new FakeClock();
    const server = await serve({ '*': answer(status, headers) });
    const client = clientAt(server.url, clock);
    const ask = () => client.ask({ path: '/', signal }).catch((error: Error) => error.message);
    await ask();
    if (seconds > 0) {
      expect(await ask()).toBe(`wants to be left alone: ask again in ${seconds} s`);
      await clock.advance(seconds * 1_000 - 1);
      expect(await ask()).toBe('wants to be left alone: ask again in 1 s');
      await clock.advance(1);
      expect(server.asked).toHaveLength(1);
    }
    await ask();
    expect(server.asked).toHaveLength(2);
  });
});

describe('the clock of a source', () => {
  it('is not told by what a cache kept', async () => {
    const date = new Date(NOW - 3_600_000).toUTCString();
    const cached: Responder = (_asked, response) => response.writeHead(200, { date, age: '3600' }).end('{}');
    const { url } = await serve({ '*': cached });
    const client = clientAt(url, new FakeClock());
    expect((await client.ask({ path: '/', signal })).sourceTime).toBeNull();
    expect(client.clockNote()).toBeUndefined();
  });

  it('is measured anew by each answer', async () => {
    let ahead = 60_000;
    const { url } = await serve({
      '*': ((_asked, response) =>
        response.writeHead(200, { date: new Date(NOW + ahead).toUTCString() }).end('{}')) satisfies Responder,
    });
    const client = clientAt(url, new FakeClock());
    await client.ask({ path: '/', signal });
    expect(client.toOurs(client.toSource(NOW))).toBe(NOW);
    expect(client.skewMs).toBe(60_500);
    ahead = 0;
    await client.ask({ path: '/', signal });
    expect(client.skewMs).toBe(0);
  });
});
