import { once } from 'node:events';
import http from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { Loopback } from '../../../src/gateway/wire/loopback.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/gateway/wire/messages.ts';

const open: Loopback[] = [];
afterEach(async () => {
  for (const loopback of open.splice(0)) await loopback.close();
});

async function serving(handle: (request: GatewayRequest) => Promise<GatewayResponse>): Promise<Loopback> {
  const loopback = await Loopback.open({ handle });
  open.push(loopback);
  return loopback;
}

async function ask(url: string, method = 'GET'): Promise<http.IncomingMessage> {
  const request = http.request(url, { method, agent: false }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return response;
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return text;
}

it.each<[string, GatewayResponse]>([
  ['a buffer', { status: 200, headers: { 'content-type': 'a/b' }, body: Buffer.from('ähm') }],
  [
    'a short stream',
    { status: 200, headers: { 'content-length': '4' }, body: Readable.from([Buffer.from('ä'), Buffer.from('hm')]) },
  ],
])('tells the length of %s', async (_name, answer) => {
  const { url } = await serving(async () => answer);
  const response = await ask(`${url}/api`);
  expect(response.headers['content-length']).toBe('4');
  expect(await textOf(response)).toBe('ähm');
});

it('keeps the length that a HEAD asks for', async () => {
  const { url } = await serving(async () => ({
    status: 200,
    headers: { 'content-length': '77' },
    body: Readable.from([]),
  }));
  const response = await ask(`${url}/api`, 'HEAD');
  expect(response.headers['content-length']).toBe('77');
  expect(await textOf(response)).toBe('');
});

it('passes a stream on as it comes, and tells when its reader has gone', async () => {
  const body = new PassThrough();
  let signal!: AbortSignal;
  const { url } = await serving(async (request) => {
    signal = request.signal;
    return { status: 200, headers: {}, body };
  });
  const response = await ask(`${url}/watch`);
  for (const part of ['one', 'two']) {
    body.write(part);
    const [chunk] = (await once(response, 'data')) as [Buffer];
    expect(chunk.toString()).toBe(part);
  }
  expect(signal.aborted).toBe(false);
  response.destroy();
  await once(signal, 'abort');
  if (!body.destroyed) await once(body, 'close');
});

it('stops the work for a client that has gone before its answer', async () => {
  let aborted!: Promise<unknown>;
  let begun!: () => void;
  const started = new Promise<void>((resolve) => (begun = resolve));
  const { url } = await serving(async ({ signal }) => {
    aborted = once(signal, 'abort');
    begun();
    await aborted;
    return { status: 200, headers: {}, body: Buffer.from('late') };
  });
  const request = http
    .request(`${url}/api`, { agent: false })
    .on('error', () => undefined)
    .end();
  await started;
  request.destroy();
  await aborted;
});

it('does not call a request stopped whose answer was sent', async () => {
  const signals: AbortSignal[] = [];
  const { url } = await serving(async ({ signal }) => {
    signals.push(signal);
    return { status: 200, headers: {}, body: Buffer.from('all') };
  });
  const first = await ask(`${url}/api`);
  expect(await textOf(first)).toBe('all');
  if (!first.socket.destroyed) await once(first.socket, 'close');
  await textOf(await ask(`${url}/api`));
  expect(signals[0]!.aborted).toBe(false);
});

it('asks nobody for a path without its secret', async () => {
  const { url } = await serving(async () => Promise.reject(new Error('asked')));
  const response = await ask(`${new URL(url).origin}/api`);
  expect(response.statusCode).toBe(403);
  expect(JSON.parse(await textOf(response))).toMatchObject({ message: expect.stringContaining('unknown path prefix') });
});

it('tells what went wrong in the gateway itself, and breaks off an answer that breaks off', async () => {
  const failing = await serving(async () => Promise.reject(new Error('no luck')));
  const response = await ask(`${failing.url}/api`);
  expect(response.statusCode).toBe(500);
  expect(JSON.parse(await textOf(response))).toMatchObject({ message: 'Stratus gateway: no luck' });
  const body = new PassThrough();
  const broken = await serving(async () => ({ status: 200, headers: {}, body }));
  const half = await ask(`${broken.url}/api`);
  body.write('half');
  await once(half, 'data');
  body.destroy(new Error('gone'));
  await expect(textOf(half)).rejects.toThrow();
});
