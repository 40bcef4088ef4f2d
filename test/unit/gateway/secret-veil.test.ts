import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseApiRequest } from '../../../src/gateway/wire/api-request.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/gateway/wire/messages.ts';
import { readAll, statusResponse } from '../../../src/gateway/wire/messages.ts';
import { SecretVeil } from '../../../src/gateway/secrets/secret-veil.ts';

const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
const PATH = '/api/v1/namespaces/hotel/secrets/login';
const b64 = (text: string) => Buffer.from(text).toString('base64');
const VALUE = 'correct-horse-battery';
const COPY = JSON.stringify({ data: { password: VALUE } });

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

const login = (over: object = {}): Any => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'hotel', resourceVersion: '7' },
  type: 'Opaque',
  data: { password: b64(VALUE), user: b64('admin') },
  ...over,
});

/** A session in front of a server that answers what it is told to and keeps what it was sent. */
function session(answer: unknown = login()) {
  const veil = new SecretVeil();
  const sent: Array<{ body: Any; url: string }> = [];
  const refusals: string[] = [];
  const state = { answer, headers: { 'content-type': 'application/json' } as Record<string, string>, status: 200 };
  const inner = async (request: GatewayRequest): Promise<GatewayResponse> => {
    const bytes = await readAll(request.body);
    sent.push({ body: bytes.length > 0 ? JSON.parse(bytes.toString()) : null, url: request.url });
    return { status: state.status, headers: state.headers, body: Buffer.from(JSON.stringify(state.answer)) };
  };
  const call = async (method: string, url: string, body?: unknown, type = 'application/json') => {
    const request: GatewayRequest = {
      method,
      url,
      headers: { 'content-type': type },
      body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
      signal: new AbortController().signal,
    };
    const refuse = (_rule: string, reason: string) => (refusals.push(reason), statusResponse(403, reason));
    const response = await veil.pass(request, parseApiRequest(method, url), inner, refuse);
    const text = (await readAll(response.body)).toString();
    return { status: response.status, text, json: JSON.parse(text) as Any, headers: response.headers };
  };
  return { veil, sent, refusals, state, call, read: async () => (await call('GET', PATH)).json };
}

describe('what a client reads', () => {
  it('has a placeholder of one length for every value, the same at every reading, another in another session', async () => {
    const long = login({ data: { a: b64('x'), b: b64('y'.repeat(5_000)), c: '' } });
    const one = session(long);
    const [first, second] = [await one.read(), await one.read()];
    expect(first).toEqual(second);
    const shown = Object.values(first.data as object) as string[];
    expect(new Set(shown.map((text) => text.length)).size).toBe(1);
    expect(new Set(shown).size).toBe(3);
    expect(Buffer.from(shown[0]!, 'base64').toString()).toMatch(/^stratus-hidden-[0-9a-f]{24}$/);
    expect((await session(long).read()).data.a).not.toBe(first.data.a);
  });

  it.each<[string, string, (object: Any) => unknown]>([
    ['a list', '/api/v1/secrets', (object) => ({ kind: 'SecretList', items: [object] })],
    ['a table', '/api/v1/secrets', (object) => ({ kind: 'Table', rows: [{ cells: ['login', 2], object }] })],
    ['the answer to a read by a watch path', '/api/v1/watch/secrets', (object) => ({ type: 'ADDED', object })],
    ['data of another form', PATH, (object) => ({ ...object, data: [object.data.password] })],
  ])('shows no value in %s', async (_name, url, form) => {
    const { text } = await session(form(login())).call('GET', url);
    expect(text).not.toContain(b64(VALUE));
    expect(text).toContain('login');
  });

  it('shows no value in a watch', async () => {
    const { veil } = session();
    const url = '/api/v1/secrets?watch=true';
    const lines = ['ADDED', 'MODIFIED'].map((type) => `${JSON.stringify({ type, object: login() })}\n`);
    const response = await veil.pass(
      { method: 'GET', url, headers: {}, body: null, signal: new AbortController().signal },
      parseApiRequest('GET', url),
      async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: Readable.from(lines) }),
      (_rule, reason) => statusResponse(403, reason),
    );
    const text = (await readAll(response.body)).toString();
    expect(text.trim().split('\n')).toHaveLength(2);
    expect(text).not.toContain(b64(VALUE));
  });

  it.each<[string, string]>([
    ['other.tool/copy', JSON.stringify({ data: { password: b64(VALUE) } })],
    ['note', `it is ${VALUE}!`],
    ['note', `it is ${b64(VALUE)}`],
    ['packed', `H4sIAAAA${b64('anything')}`],
    ['kapp.k14s.io/original', 'anything'],
    [LAST, JSON.stringify({ kind: 'Secret', data: { password: b64(VALUE) }, more: VALUE })],
    [LAST, JSON.stringify({ kind: 'Secret', data: VALUE })],
    [LAST, JSON.stringify({ metadata: { annotations: { copy: `{"password":"${VALUE}"}` } }, data: {} })],
    [LAST, JSON.stringify({ stringData: { password: VALUE } })],
    [LAST, JSON.stringify({ kind: 'Secret', type: 'Opaque' }, null, 1)],
  ])('shows no value in the annotation %s: %s', async (name, text) => {
    const object = login();
    object.metadata.annotations = { [name]: text, plain: 'kept' };
    const one = session(object);
    const shown = await one.read();
    expect(JSON.stringify(shown)).not.toMatch(new RegExp(`${VALUE}|${b64(VALUE)}|H4sI|anything`));
    expect(shown.metadata.annotations.plain).toBe('kept');
    await one.call('PUT', PATH, shown);
    expect(one.sent.at(-1)!.body).toEqual(object);
  });

  it('keeps the keys in last-applied, by which apply finds what was removed', async () => {
    const object = login();
    object.metadata.annotations = { [LAST]: JSON.stringify({ kind: 'Secret', data: { old: b64(VALUE) } }) };
    const shown = await session(object).read();
    expect(Object.keys(JSON.parse(shown.metadata.annotations[LAST]).data as object)).toEqual(['old']);
  });

  it('hides what errors and warnings quote, also of values that only the server knows', async () => {
    const one = session();
    await one.read();
    one.state.answer = {
      kind: 'Status',
      message: `bad: "${VALUE}"`,
      details: { causes: [{ message: b64(VALUE) }, { message: 'typed-by-me' }] },
    };
    one.state.status = 422;
    one.state.headers = { 'content-type': 'application/json', warning: `299 - "${VALUE}"` };
    const answer = await one.call('PATCH', PATH, { stringData: { x: 'typed-by-me' } }, 'application/merge-patch+json');
    expect(answer.text + answer.headers.warning).not.toMatch(/correct-horse|Y29ycmVjd|typed-by-me/);
    expect(answer.status).toBe(422);
  });

  it('passes everything else untouched', async () => {
    const config = { kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: VALUE } };
    expect((await session(config).call('GET', '/api/v1/namespaces/hotel/configmaps/x')).json).toEqual(config);
  });
});

describe('what a client writes back', () => {
  it('arrives as it was read, whatever is in it', async () => {
    const key = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'toString', 'a/b~c', LAST));
    const value = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(Buffer.from('true'), Buffer.from('')));
    const data = fc
      .array(fc.tuple(key, value))
      .map((pairs) => Object.fromEntries(pairs.map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])));
    const copy = fc.record({ data, stringData: fc.dictionary(key, fc.string()) }, { requiredKeys: [] });
    const space = fc.constantFrom('', ' ', '\n');
    await fc.assert(
      fc.asyncProperty(data, copy, space, fc.dictionary(key, fc.string()), async (values, applied, end, notes) => {
        const object = login({ data: values });
        object.metadata.annotations = { ...notes, [LAST]: JSON.stringify(applied, null, end) + end };
        const one = session(JSON.parse(JSON.stringify(object)));
        const shown = await one.read();
        for (const text of Object.values(values)) {
          if (text.length > 11) expect(JSON.stringify(shown)).not.toContain(text);
        }
        await one.call('PUT', PATH, shown);
        expect(one.refusals).toEqual([]);
        expect(one.sent.at(-1)!.body).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  it.each<[string, string, (shown: Any) => unknown, unknown]>([
    [
      'a merge patch',
      'application/merge-patch+json',
      (s) => ({ data: { x: s.data.password } }),
      { data: { x: b64(VALUE) } },
    ],
    [
      'a merge patch in stringData',
      'application/merge-patch+json',
      (s) => ({ stringData: { x: Buffer.from(s.data.password as string, 'base64').toString() } }),
      { stringData: { x: VALUE } },
    ],
    [
      'server-side apply',
      'application/apply-patch+yaml',
      (s) => ({ apiVersion: 'v1', kind: 'Secret', data: { password: s.data.password } }),
      { apiVersion: 'v1', kind: 'Secret', data: { password: b64(VALUE) } },
    ],
    [
      'a JSON patch of one key',
      'application/json-patch+json',
      (s) => [
        { op: 'test', path: '/data/password', value: s.data.password },
        { op: 'add', path: '/data/a~1b', value: s.data.user },
        { op: 'remove', path: '/data/user' },
      ],
      [
        { op: 'test', path: '/data/password', value: b64(VALUE) },
        { op: 'add', path: '/data/a~1b', value: b64('admin') },
        { op: 'remove', path: '/data/user' },
      ],
    ],
    [
      'a JSON patch of all keys',
      'application/json-patch+json',
      (s) => [{ op: 'replace', path: '/data', value: s.data }],
      [{ op: 'replace', path: '/data', value: { password: b64(VALUE), user: b64('admin') } }],
    ],
    [
      'what replace makes of the whole',
      'application/merge-patch+json',
      (s) => ({
        metadata: {
          annotations: {
            [LAST]: JSON.stringify({ metadata: { annotations: { c: s.metadata.annotations.copy } }, data: s.data }),
          },
        },
      }),
      {
        metadata: {
          annotations: { [LAST]: JSON.stringify({ metadata: { annotations: { c: COPY } }, data: login().data }) },
        },
      },
    ],
    [
      'what apply keeps',
      'application/strategic-merge-patch+json',
      (s) => ({ metadata: { annotations: { [LAST]: `{"data":{"password":"${s.data.password}"}}\n` } } }),
      { metadata: { annotations: { [LAST]: `{"data":{"password":"${b64(VALUE)}"}}\n` } } },
    ],
  ])('is the value in %s', async (_name, type, body, expected) => {
    const object = login();
    object.metadata.annotations = { copy: COPY };
    const one = session(object);
    await one.call('PATCH', PATH, body(await one.read()), type);
    expect(one.refusals).toEqual([]);
    expect(one.sent.at(-1)!.body).toEqual(expected);
  });

  it('goes with the Secret when it is deleted and created again', async () => {
    const one = session();
    const shown = await one.read();
    await one.call('POST', '/api/v1/namespaces/hotel/secrets', shown);
    expect(one.sent.at(-1)!.body).toEqual(login());
  });

  type Attempt = [
    name: string,
    method: string,
    url: string,
    body: (data: string, plain: string) => unknown,
    type?: string,
  ];
  const CONFIG = '/api/v1/namespaces/hotel/configmaps/x';
  it.each<Attempt>([
    ['a ConfigMap', 'PUT', CONFIG, (_, plain) => ({ data: { a: plain } })],
    ['a ConfigMap, encoded', 'PUT', CONFIG, (data) => ({ data: { a: `a${data}` } })],
    ['a ConfigMap, encoded with more', 'PUT', CONFIG, (_, plain) => ({ data: { a: b64(`user:${plain}`) } })],
    ['a ConfigMap, encoded twice', 'PUT', CONFIG, (data) => ({ data: { a: b64(`=${data}`) } })],
    ['a query', 'DELETE', `${CONFIG}?fieldManager=PLAIN`, () => ({})],
    ['another Secret', 'PUT', '/api/v1/namespaces/hotel/secrets/other', (data) => ({ data: { a: data } })],
    ['a Secret of that name elsewhere', 'PUT', '/api/v1/namespaces/b/secrets/login', (data) => ({ data: { a: data } })],
    [
      'a new Secret',
      'POST',
      '/api/v1/namespaces/hotel/secrets',
      (data) => ({ metadata: { name: 'b' }, data: { a: data } }),
    ],
    ['a part of a value', 'PUT', PATH, (_, plain) => ({ stringData: { url: `db://${plain}@db` } })],
    ['a value encoded twice', 'PUT', PATH, (data) => ({ data: { a: b64(data) } })],
    ['a key', 'PUT', PATH, (_, plain) => ({ data: { [plain]: '' } })],
    ['a label', 'PUT', PATH, (_, plain) => ({ metadata: { labels: { a: plain } } })],
    ['an annotation', 'PUT', PATH, (_, plain) => ({ metadata: { annotations: { a: plain } } })],
    ['an annotation, encoded', 'PUT', PATH, (data) => ({ metadata: { annotations: { a: data } } })],
    [
      'another place in last-applied',
      'PUT',
      PATH,
      (data) => ({ metadata: { annotations: { [LAST]: `{"x":"${data}"}` } } }),
    ],
    ['a type', 'PUT', PATH, (_, plain) => ({ type: plain })],
    [
      'a JSON patch',
      'PATCH',
      PATH,
      (data) => [{ op: 'add', path: '/metadata/labels/a', value: data }],
      'application/json-patch+json',
    ],
    [
      'a path',
      'PATCH',
      PATH,
      (_, plain) => [{ op: 'add', path: `/data/${plain}`, value: '' }],
      'application/json-patch+json',
    ],
  ])('is refused in %s', async (_name, method, url, body, type) => {
    const one = session();
    const { password } = (await one.read()).data;
    const plain = Buffer.from(password as string, 'base64').toString();
    const { status } = await one.call(method, url.replace('PLAIN', plain), body(password as string, plain), type);
    expect(status).toBe(403);
    expect(one.refusals).toHaveLength(1);
    expect(one.sent).toHaveLength(1);
  });

  it('is refused when another session hid it', async () => {
    const shown = await session().read();
    const other = session();
    await other.call('PUT', PATH, shown);
    expect(other.refusals[0]).toContain('read the Secret again');
  });

  it.each([
    ['copy', '/data/password', '/metadata/annotations/x'],
    ['move', '/data/password', '/metadata/labels/x'],
    ['copy', '/data', '/metadata/annotations'],
    ['copy', `/metadata/annotations/${LAST.replace('/', '~1')}`, '/metadata/labels/x'],
    ['copy', '', '/data/x'],
  ])('may not be shown by the server: %s from %s to %s', async (op, from, path) => {
    const one = session();
    await one.call('PATCH', PATH, [{ op, from, path }], 'application/json-patch+json');
    expect(one.refusals).toHaveLength(1);
    expect(one.sent).toEqual([]);
  });

  it('is learnt, with what the server answers', async () => {
    const one = session();
    await one.call(
      'PATCH',
      PATH,
      [{ op: 'add', path: '/data/n', value: b64('brand-new-value') }],
      'application/json-patch+json',
    );
    expect(one.veil.scrub(`x brand-new-value ${b64('brand-new-value')} ${VALUE} y`)).toBe(
      'x «secret» «secret» «secret» y',
    );
  });
});
