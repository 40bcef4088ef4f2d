import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { findLocalModels, USUAL_SERVERS } from '../../../src/model/find-models.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function answering(body: string | null, status = 200): Promise<{ server: string; port: number }> {
  const server = createServer((req, res) => {
    expect(req.headers.authorization).toBeUndefined();
    if (body === null) return;
    res.writeHead(req.url === '/v1/models' ? status : 404, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { server: 'Some server', port: (server.address() as AddressInfo).port };
}

const list = (...ids: unknown[]) => JSON.stringify({ object: 'list', data: ids.map((id) => ({ id })) });

test('models of servers that answer are found, each once, without those that cannot talk', async () => {
  const one = await answering(list('qwen:7b', 'nomic-embed-text', 'qwen:7b', 'gemma'));
  const found = await findLocalModels(new AbortController().signal, [one]);
  expect(found).toEqual(
    ['qwen:7b', 'gemma'].map((model) => ({ baseUrl: `http://127.0.0.1:${one.port}/v1`, server: 'Some server', model })),
  );
});

test('what is no list of models, refuses, says nothing or too much is left out, and the others are found', async () => {
  const good = await answering(list('m'));
  const bad = [
    await answering('<html>'), await answering('{"data": "m"}'), await answering(list(7)), await answering(list('m'), 500),
    await answering(list('two\nlines', 'turned\u202eround')), await answering(list('x'.repeat(2_000_000))), await answering(null),
  ]; // prettier-ignore
  const gone = await answering(list('m'));
  servers.at(-1)!.close();
  const found = await findLocalModels(new AbortController().signal, [...bad, gone, good]);
  expect(found.map(({ baseUrl }) => baseUrl)).toEqual([`http://127.0.0.1:${good.port}/v1`]);
});

test('a long list is cut', async () => {
  const many = await answering(list(...Array.from({ length: 500 }, (_, at) => `m${at}`)));
  expect(await findLocalModels(new AbortController().signal, [many])).toHaveLength(50);
});

test('stopping ends the search', async () => {
  const stop = new AbortController();
  const work = findLocalModels(stop.signal, [await answering(null)]);
  stop.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
});

test('each usual port is asked once', () => {
  expect(new Set(USUAL_SERVERS.map(({ port }) => port)).size).toBe(USUAL_SERVERS.length);
});
