import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { UserCheckOracle, userCheckOracle } from '../../../src/severity/check-oracle.ts';
import type { SampleResult } from '../../../src/cluster/read/check-sample.ts';
import { sampleHttp } from '../../../src/cluster/read/check-sample.ts';
import { CheckUsageError, parseCheck } from '../../../src/severity/check-spec.ts';
import type { Upstream } from '../../../src/gateway/wire/upstream.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const never = new AbortController().signal;

describe('parseCheck', () => {
  it('has defaults', () => {
    expect(parseCheck('shop=http://localhost:8080/x')).toMatchObject({
      name: 'shop',
      url: 'http://localhost:8080/x',
      status: null,
      samples: 3,
    });
  });

  it('keeps commas and equals signs of the URL', () => {
    const spec = parseCheck('a=https://h/p?x=1,2&status=3,status=404,samples=7');
    expect(spec.url).toBe('https://h/p?x=1,2&status=3');
    expect(spec).toMatchObject({ status: 404, samples: 7 });
  });

  it.each([
    ['svc://web/front:80/a/b?c=d', '/api/v1/namespaces/web/services/front:80/proxy/a/b?c=d'],
    ['svc://web/front:http', '/api/v1/namespaces/web/services/front:http/proxy/'],
    ['svc://web/https:front:443/', '/api/v1/namespaces/web/services/https:front:443/proxy/'],
    ['svc://web/front:80?q=1', '/api/v1/namespaces/web/services/front:80/proxy/?q=1'],
  ])('%s goes through the API server', (url, path) => {
    expect(parseCheck(`a=${url}`).target).toEqual({ kind: 'service', path });
  });

  it.each([
    ['svc://web/front:80/a', { namespace: 'web', name: 'front' }],
    ['svc://web/https:front:443/', { namespace: 'web', name: 'front' }],
    ['http://front.web.svc:80/x', { namespace: 'web', name: 'front' }],
    ['https://me:secret@front.web.svc.cluster.local/x', { namespace: 'web', name: 'front' }],
    ['https://front.web.example.com/x', undefined],
  ])('%s says which Service it asks', (url, asks) => {
    const found = parseCheck(`a=${url}`).asks;
    expect(found && { namespace: found.namespace, name: found.name }).toEqual(asks);
  });

  it('does not show credentials of the URL', () => {
    expect(parseCheck('a=https://me:secret@h/x').url).toBe('https://h/x');
  });

  it.each([
    ['http://x', 'name before the first ='],
    ['=http://x', 'name before the first ='],
    ['a b=http://x', 'name before the first ='],
    ['a=nonsense', 'the URL is not valid'],
    ['a=ftp://x', 'must start with http'],
    ['a=http://x,status=ok', 'status must be'],
    ['a=http://x,status=700', 'status must be'],
    ['a=http://x,samples=0', 'samples must be'],
    ['a=http://x,samples=99', 'samples must be'],
    ['a=svc://web/front', 'svc://NAMESPACE/SERVICE:PORT/PATH'],
    ['a=svc://Web/front:80', 'not a namespace name'],
    ['a=svc://web/fr_ont:80', 'not a Service name'],
    ['a=svc://web/front:0', 'not a port'],
    ['a=svc://web/front:99999', 'not a port'],
    ['a=svc://web/front:80/../../secrets', 'may not contain'],
    ['a=svc://web/front:80/%2e%2E/x', 'may not contain'],
    ['a=svc://web/front:80/x%2f..%2F..%2fsecrets', 'may not contain'],
    ['a=svc://web/front:80/%zz', 'percent-encoded'],
    ['a=svc://web/front:80/a\\b', 'percent-encoded'],
    ['a=svc://web/front:80/ä', 'percent-encoded'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseCheck(text)).toThrow(CheckUsageError);
    expect(() => parseCheck(text)).toThrow(why);
  });

  it('never leaves the proxy path of one service, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (tail) => {
        let target;
        try {
          target = parseCheck(`a=svc://web/front:80/${tail}`).target;
        } catch (error) {
          return error instanceof CheckUsageError;
        }
        if (target.kind !== 'service') return false;
        const { pathname } = new URL(target.path, 'https://api');
        return (
          pathname.startsWith('/api/v1/namespaces/web/services/front:80/proxy/') && target.path.startsWith(pathname)
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('UserCheckOracle', () => {
  const run = async (results: SampleResult[], text = `shop=http://h/x,samples=${results.length}`) => {
    const clock = new FakeClock();
    const left = [...results];
    const oracle = new UserCheckOracle([parseCheck(text)], () => Promise.resolve(left.shift()!), clock);
    return { verdict: await whileTimePasses(clock, oracle.evaluate(null, never)), left: left.length };
  };
  const passed: SampleResult = { state: 'passed' };
  const failed: SampleResult = { state: 'failed', why: 'HTTP 503' };
  const timeout: SampleResult = { state: 'timeout', why: 'no answer within 4 s' };

  it('is absent without checks', async () => {
    expect(
      await new UserCheckOracle([], () => Promise.reject(new Error()), new FakeClock()).evaluate(null, never),
    ).toMatchObject({ state: 'absent' });
  });
  it('is ok when all samples pass', async () =>
    expect((await run([passed, passed])).verdict).toEqual({ state: 'ok', items: [] }));
  it('grades by the share of failures', async () => {
    const { verdict } = await run([passed, failed, passed, failed]);
    expect(verdict).toMatchObject({
      state: 'bad',
      items: [{ source: 'check', object: null, what: 'shop', grade: 0.5 }],
    });
    expect(JSON.stringify(verdict)).toContain('2 of 4 requests to http://h/x failed (HTTP 503)');
  });
  it('is unknown, not bad, when nothing can be said', async () => {
    expect((await run([failed, { state: 'unknown', why: 'API server away' }, passed])).verdict).toEqual({
      state: 'unknown',
      reason: 'check shop: API server away',
    });
  });
  it('does not wait one after the other for what takes long to fail', async () => {
    const clock = new FakeClock();
    let under = 0;
    let most = 0;
    const slow = async (): Promise<SampleResult> => {
      most = Math.max(most, ++under);
      await clock.sleep(3_000, never);
      under--;
      return failed;
    };
    const oracle = new UserCheckOracle([parseCheck('shop=http://h/x,samples=9')], slow, clock);
    const verdict = await whileTimePasses(clock, oracle.evaluate(null, never));
    expect(JSON.stringify(verdict)).toContain('9 of 9 requests');
    expect(most).toBe(4);
    expect(clock.monotonic()).toBeLessThan(13_000);
  });
  it('stops after two timeouts in a row', async () => {
    const { verdict, left } = await run([timeout, timeout, passed, passed]);
    expect(verdict).toMatchObject({ items: [{ grade: 1 }] });
    expect(left).toBe(2);
    expect((await run([timeout, passed, timeout, passed])).verdict).toMatchObject({ items: [{ grade: 0.5 }] });
  });
});

describe('svc checks', () => {
  const through = async (
    answer: { status: number; body: string } | Error,
    check = 'shop=svc://web/front:80/x,samples=1',
  ) => {
    const paths: string[] = [];
    const upstream: Upstream = {
      request: ({ method, path }) => {
        paths.push(`${method} ${path}`);
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve({ status: answer.status, headers: {}, body: Readable.from([Buffer.from(answer.body)]) });
      },
    };
    return { verdict: await userCheckOracle([check], upstream, new FakeClock()).evaluate({} as never, never), paths };
  };
  const status = (code: number, message: string) => ({
    status: code,
    body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', message, code }),
  });

  it('asks exactly the given path', async () => {
    const { verdict, paths } = await through({ status: 200, body: 'hello' });
    expect(verdict).toEqual({ state: 'ok', items: [] });
    expect(paths).toEqual(['GET /api/v1/namespaces/web/services/front:80/proxy/x']);
  });

  it.each([
    ['the service’s own error', { status: 503, body: 'down' }, 'bad'],
    ['JSON of the service', { status: 500, body: '{"kind":"Problem"}' }, 'bad'],
    ['no endpoints', status(503, 'no endpoints available for service "front"'), 'bad'],
    [
      'refused by the pod',
      status(503, 'error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused'),
      'bad',
    ],
    ['no such service', status(404, 'services "front" not found'), 'bad'],
    ['no such port', status(503, 'no service port "80" found for service "front"'), 'bad'],
    ['no right', status(403, 'services "front" is forbidden'), 'unknown'],
    ['overloaded API server', status(429, 'too many requests'), 'unknown'],
    ['API server in trouble', status(500, 'etcdserver: leader changed'), 'unknown'],
    ['API server away', new UpstreamError('unreachable', 'connection refused', false), 'unknown'],
  ])('%s is %s', async (_name, answer, state) => {
    expect((await through(answer)).verdict.state).toBe(state);
  });

  it('compares the status when one is given', async () => {
    expect(
      (await through({ status: 404, body: '' }, 'a=svc://web/front:80/x,status=404,samples=1')).verdict.state,
    ).toBe('ok');
    expect(
      (await through({ status: 200, body: '' }, 'a=svc://web/front:80/x,status=404,samples=1')).verdict.state,
    ).toBe('bad');
    expect((await through({ status: 302, body: '' })).verdict.state).toBe('ok');
  });
});

describe('http checks', () => {
  let close = () => Promise.resolve();
  afterEach(() => close());
  async function server(listener: http.RequestListener): Promise<URL> {
    const one = http.createServer(listener);
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    close = () =>
      new Promise((resolve) => {
        one.closeAllConnections();
        one.close(() => resolve());
      });
    return new URL(`http://127.0.0.1:${(one.address() as AddressInfo).port}/x`);
  }

  it('takes any status below 400, or exactly the one given, and follows no redirect', async () => {
    const url = await server((_request, response) => response.writeHead(301, { location: '/x' }).end());
    expect(await sampleHttp(url, null, never)).toEqual({ state: 'passed' });
    expect(await sampleHttp(url, 200, never)).toEqual({ state: 'failed', why: 'HTTP 301' });
    expect(await sampleHttp(url, 301, never)).toEqual({ state: 'passed' });
  });

  it('does not take half an answer for one', async () => {
    const url = await server((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      response.socket!.destroySoon();
    });
    expect((await sampleHttp(url, null, never)).state).toBe('failed');
  });

  it('reports a refused connection as a failure', async () => {
    const url = await server(() => undefined);
    await close();
    close = () => Promise.resolve();
    expect(await sampleHttp(url, null, never)).toEqual({ state: 'failed', why: 'ECONNREFUSED' });
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const url = await server(() => controller.abort());
    await expect(sampleHttp(url, null, controller.signal)).rejects.toMatchObject({ reason: 'aborted' });
  });
});
