import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../../src/domain/cluster-error.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/gateway/wire/messages.ts';
import { Monitor } from '../../../src/gateway/monitor/monitor.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';

type Reply = { status?: number; body: unknown } | Error;

/** Answers in order; the last answer is repeated. */
function answering(...replies: Reply[]): { api: KubeApi; seen: GatewayRequest[] } {
  const seen: GatewayRequest[] = [];
  const handle = async (request: GatewayRequest): Promise<GatewayResponse> => {
    seen.push(request);
    const reply = replies.length > 1 ? replies.shift()! : replies[0]!;
    if (reply instanceof Error) throw reply;
    const bytes = Buffer.from(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    return { status: reply.status ?? 200, headers: {}, body: seen.length % 2 ? bytes : Readable.from([bytes]) };
  };
  return { api: new KubeApi({ handle }), seen };
}

async function problem(work: Promise<unknown>): Promise<ClusterError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClusterError);
  return error as ClusterError;
}
const broken = new UpstreamError('unreachable', 'the API server cannot be reached: the connection was closed', true);

describe('errors', () => {
  const failing = (status: number, body: object, path: string) =>
    problem(answering({ status, body }).api.getJson(path));

  it('name the missing right of a 403', async () => {
    const error = await failing(403, { message: 'no' }, '/apis/apps/v1/namespaces/web/deployments?limit=5');
    expect(error).toMatchObject({ reason: 'forbidden', status: 403 });
    expect(error.message).toContain('no right to list deployments.apps in namespace web');
    expect((await failing(403, {}, '/api/v1/nodes/n1')).message).toContain('no right to get nodes (403)');
  });

  it('say to log in again after a 401', async () => {
    const error = await failing(401, {}, '/version');
    expect(error.reason).toBe('unauthorized');
    expect(error.message).toContain('log in again');
  });

  it('hold no control characters of what the server says', async () => {
    const error = await failing(500, { message: 'a\u001b[31mred\nline' }, '/api/v1/pods');
    expect(error).toMatchObject({ reason: 'api', status: 500 });
    expect(error.message).toContain('ared line');
  });

  it('tell a refusal of the gateway and an unreachable server behind it', async () => {
    const upstream = { request: () => Promise.reject(new UpstreamError('unreachable', 'nobody there', false)) };
    const api = new KubeApi(new Monitor(upstream, 'read'));
    expect(await problem(api.write('POST', '/api/v1/namespaces/a/pods', {}))).toMatchObject({ reason: 'forbidden' });
    const unreachable = await problem(api.getJson('/version'));
    expect(unreachable).toMatchObject({ reason: 'unreachable', message: 'nobody there' });
  });

  it('say when an answer is no JSON', async () => {
    expect((await problem(answering({ body: '<html>' }).api.getJson('/version'))).message).toContain(
      'the answer to /version was not understood',
    );
  });
});

describe('reading', () => {
  it('is repeated once after a broken connection or an expired credential, writing never', async () => {
    for (const first of [broken, { status: 401, body: {} }]) {
      const { api, seen } = answering(first, { body: { kind: 'A' } });
      expect(await api.getJson('/a')).toEqual({ kind: 'A' });
      expect(seen).toHaveLength(2);
      const writing = answering(first, { body: {} });
      await problem(writing.api.write('PUT', '/a', { x: 1 }));
      expect(writing.seen).toHaveLength(1);
    }
  });

  it('gives null for what does not exist', async () => {
    expect(await answering({ status: 404, body: {} }).api.find('/a')).toBeNull();
    expect(await problem(answering({ status: 403, body: {} }).api.find('/a'))).toMatchObject({ status: 403 });
  });

  it('ends when the caller gives up', async () => {
    const controller = new AbortController();
    controller.abort();
    const { api } = answering(new UpstreamError('aborted', 'cancelled', false));
    expect(await problem(api.getJson('/a', controller.signal))).toMatchObject({ reason: 'aborted' });
  });
});

describe('lists', () => {
  const page = (names: string[], next = '') => ({
    body: {
      apiVersion: 'apps/v1',
      kind: 'DeploymentList',
      metadata: { resourceVersion: '7', continue: next },
      items: names.map((name) => ({ metadata: { name } })),
    },
  });
  const names = (list: { items: Array<{ metadata: { name: string } }> }) =>
    list.items.map(({ metadata }) => metadata.name);

  it('are read page by page, and each item says what it is', async () => {
    const { api, seen } = answering(page(['a', 'b'], 'to/b'), page(['c']));
    const list = await api.list('/x?labelSelector=l');
    expect(names(list)).toEqual(['a', 'b', 'c']);
    expect(list.resourceVersion).toBe('7');
    expect(list.items[2]).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
    expect(seen.map(({ url }) => url)).toEqual([
      '/x?labelSelector=l&limit=500',
      '/x?labelSelector=l&limit=500&continue=to%2Fb',
    ]);
  });

  it('start again when their continuation has expired, but not for ever', async () => {
    const expired = { status: 410, body: { message: 'expired' } };
    expect(names(await answering(page(['a'], 'n'), expired, page(['b'], 'n'), page(['c'])).api.list('/x'))).toEqual([
      'b',
      'c',
    ]);
    expect(await problem(answering(expired).api.list('/x'))).toMatchObject({ status: 410 });
  });

  it('may be null when empty', async () => {
    expect((await answering({ body: { metadata: {}, items: null } }).api.list('/x')).items).toEqual([]);
  });
});

describe('watching', () => {
  it('yields events however they are cut', async () => {
    const bytes = Buffer.from('{"type":"ADDED","object":{"a":"ä"}}\n\n{"type":"DELETED","object":{}}\n');
    const seen: string[] = [];
    const handle = async ({ url }: GatewayRequest) => {
      seen.push(url);
      return { status: 200, headers: {}, body: Readable.from([...bytes].map((byte) => Buffer.from([byte]))) };
    };
    const events = [];
    for await (const event of new KubeApi({ handle }).watch('/x?a=b', new AbortController().signal)) events.push(event);
    expect(events).toEqual([
      { type: 'ADDED', object: { a: 'ä' } },
      { type: 'DELETED', object: {} },
    ]);
    expect(seen).toEqual(['/x?a=b&watch=true']);
  });

  it('fails when it is refused or breaks off', async () => {
    const signal = new AbortController().signal;
    const drain = async (api: KubeApi) => {
      for await (const event of api.watch('/x', signal)) void event;
    };
    expect(await problem(drain(answering({ status: 410, body: {} }).api))).toMatchObject({ status: 410 });
    const handle = async () => {
      const body = new Readable({ read: () => undefined });
      queueMicrotask(() => body.destroy(new Error('cut off')));
      return { status: 200, headers: {}, body };
    };
    expect((await problem(drain(new KubeApi({ handle })))).message).toContain('the stream ended: cut off');
  });
});

describe('sending', () => {
  it('gives every answer as it is', async () => {
    const { api, seen } = answering({ status: 409, body: { message: 'conflict' } });
    expect(await api.send('PATCH', '/x', { body: { a: 1 }, contentType: 'application/merge-patch+json' })).toEqual({
      status: 409,
      object: { message: 'conflict' },
      message: 'conflict',
    });
    expect(seen[0]).toMatchObject({ headers: { 'content-type': 'application/merge-patch+json' } });
    expect(String(seen[0]!.body)).toBe('{"a":1}');
    await expect(answering(broken).api.send('GET', '/x')).rejects.toBe(broken);
  });

  it('reads text and cuts it', async () => {
    expect(
      await answering({ status: 503, body: 'a long text' }).api.raw('/x', new AbortController().signal, 6),
    ).toEqual({
      status: 503,
      text: 'a long',
    });
  });
});
