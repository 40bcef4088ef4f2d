import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { chatFaultOf } from '../../../src/domain/chat.ts';
import { listModels } from '../../../src/model/list-models.ts';

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

const never = new AbortController().signal;
const list = (baseUrl: string, apiKey: string | null = null, signal = never) => listModels({ baseUrl, apiKey }, signal);
const fault = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => chatFaultOf(error),
  );

describe('listModels', () => {
  it('names the models of a server, and shows the key to it', async () => {
    const seen: string[] = [];
    const url = await serve(({ url: path, headers }, response) => {
      seen.push(`${path} ${headers.authorization}`);
      response.end(JSON.stringify({ data: [{ id: 'a\u001b[31m' }, { id: 'b' }, { id: 'b' }, { id: 7 }, null] }));
    });
    expect(await list(url, 'sk-1')).toEqual(['a', 'b']);
    expect(seen).toEqual(['/v1/models Bearer sk-1']);
  });

  it.each([
    [401, '{}', 'unauthorized'],
    [404, '', 'server'],
    [200, '<html>', 'not-understood'],
    [200, '{"models":[]}', 'not-understood'],
  ])('an answer %i %s is %s', async (status, body, expected) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await fault(list(url, 'sk-secret-key'))).toBe(expected);
    await expect(list(url, 'sk-secret-key')).rejects.not.toThrow('sk-secret-key');
  });

  it('follows to no other server', async () => {
    const asked: string[] = [];
    const other = await serve(
      ({ headers }, response) => (asked.push(String(headers.authorization)), response.end('{"data":[]}')),
    );
    const url = await serve((_request, response) => response.writeHead(302, { location: `${other}/models` }).end());
    expect(await fault(list(url, 'sk-1'))).toBe('unreachable');
    expect(asked).toEqual([]);
  });

  it('tells a stream that breaks off, one that has no end, and nobody there', async () => {
    const broken = await serve((_request, response) => {
      response.write('{"data":[');
      setImmediate(() => response.destroy());
    });
    expect(await fault(list(broken))).toBe('cut-off');
    const endless = await serve((_request, response) => {
      const more = () => !response.destroyed && response.write('x'.repeat(65_536), more);
      more();
    });
    expect(await fault(list(endless))).toBe('not-understood');
    expect(await fault(list('http://127.0.0.1:1/v1'))).toBe('unreachable');
  });

  it('ends when it is cancelled', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('enough')));
    await expect(list(url, null, stop.signal)).rejects.toThrow('enough');
  });
});
