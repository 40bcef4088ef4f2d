import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSources } from '../../../src/telemetry/open-sources.ts';
import type { SourceOptions } from '../../../src/telemetry/settings/parse-source.ts';
import { parseSource } from '../../../src/telemetry/settings/parse-source.ts';
import type { SourceRole } from '../../../src/telemetry/settings/source-spec.ts';
import type { ClusterGet } from '../../../src/telemetry/wire/proxy-fetcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import * as forms from '../../support/telemetry/forms.ts';
import type { Responder } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';
import { authorityCertificate } from '../cluster/certificates.ts';

const serve = serverPool(afterEach);
const never = new AbortController().signal;
const parse = (text: string, options?: SourceOptions, role: SourceRole = 'metrics') =>
  parseSource('--source', role, text, options);

describe('the address of a source', () => {
  it.each([
    ['https://prom.example.com/base/', { via: 'url', url: 'https://prom.example.com/base/' }],
    [' http://127.0.0.1:9090 ', { via: 'url', url: 'http://127.0.0.1:9090/' }],
    ['svc://monitoring/prom:9090', { via: 'service', service: { namespace: 'monitoring', service: 'prom', port: '9090', tls: false, path: '/' } }],
    ['svc://monitoring/https:prom:web/x', { via: 'service', service: { namespace: 'monitoring', service: 'prom', port: 'web', tls: true, path: '/x' } }],
  ])('%s', (text, place) => {
    expect(parse(text)).toEqual({ role: 'metrics', kinds: ['prometheus'], place, credential: null, headers: {} });
  }); // prettier-ignore

  it('may say what answers there', () => {
    expect(parse('loki+https://x.example.com', {}, 'logs').kinds).toEqual(['loki']);
    expect(parse('tempo+svc://a/b:1', {}, 'traces').kinds).toEqual(['tempo']);
    expect(parse('https://x.example.com', {}, 'logs').kinds).toEqual(['victorialogs', 'loki']);
    expect(() => parse('loki+https://x', {}, 'traces')).toThrow(/loki gives no traces; known are: jaeger, tempo/);
  });

  it('a user in it becomes a credential and is gone from the address', () => {
    expect(parse('https://alice:p%40ss@prom.example.com/x')).toMatchObject({
      place: { url: 'https://prom.example.com/x' },
      credential: { kind: 'basic', user: 'alice', password: 'p@ss' },
    });
  });

  it('takes a token, a file of one, a tenant, headers, an authority and a page', () => {
    const options = {
      token: 'abc',
      tenant: 't1',
      headers: ['X-Key:  v '],
      authorityFile: '/ca',
      page: 'https://g.example.com/d/',
    };
    expect(parse('https://x.example.com', options)).toMatchObject({
      credential: { kind: 'bearer', token: 'abc' }, headers: { 'x-scope-orgid': 't1', 'x-key': 'v' }, authorityFile: '/ca',
      page: 'https://g.example.com/d',
    }); // prettier-ignore
    expect(parse('https://x.example.com', { cluster: 'cluster=eu' }).cluster).toEqual({
      all: false,
      label: 'cluster',
      value: 'eu',
    });
    expect(parse('https://x.example.com', { tokenFile: '/t' }).credential).toEqual({ kind: 'bearer-file', path: '/t' });
  });

  it('CloudWatch has one of its own', () => {
    const text =
      'cloudwatch://eu-west-1?profile=prod&log-group=/aws/containerinsights/c/application&endpoint=http://127.0.0.1:5000';
    expect(parse(text, {}, 'logs')).toEqual({
      role: 'logs', kinds: ['cloudwatch'], credential: null, headers: {},
      place: {
        via: 'aws', region: 'eu-west-1', profile: 'prod', logGroup: '/aws/containerinsights/c/application',
        endpoint: 'http://127.0.0.1:5000',
      },
    }); // prettier-ignore
    expect(parse('cloudwatch://', {}, 'alerts').place).toEqual({ via: 'aws' });
    // What tells series apart has other names than AWS.
    const alarms = parse('cloudwatch://eu-west-1?cluster=prod', { cluster: 'cluster=eu' }, 'alerts');
    expect(alarms).not.toHaveProperty('cluster');
    expect(alarms.place).toEqual({ via: 'aws', region: 'eu-west-1', cluster: 'prod' });
  });

  it.each<[string, SourceOptions, SourceRole, RegExp]>([
    ['', {}, 'metrics', /it is no address/],
    ['prom:9090', {}, 'metrics', /must begin with http/],
    ['ftp://x', {}, 'metrics', /must begin with http/],
    ['https://x/?a=b', {}, 'metrics', /no query/],
    ['https://x/#a', {}, 'metrics', /no fragment/],
    ['svc://a/b', {}, 'metrics', /svc:\/\/NAMESPACE/],
    ['svc://a/b:1/x?y', {}, 'metrics', /no query/],
    ['svc://a/b:1', { token: 'secret-1' }, 'metrics', /only its own credentials/],
    ['svc://a/b:1', { headers: ['Impersonate-User: secret-1'] }, 'metrics', /only headers of tenants/],
    ['https://u:secret-1@x', { token: 'secret-1' }, 'metrics', /credentials twice/],
    ['https://x', { token: 'secret-1', tokenFile: '/t' }, 'metrics', /credentials twice/],
    ['https://x', { token: 'secret-1\nx' }, 'metrics', /one line/],
    ['http://u:secret-1@prom.example.com', {}, 'metrics', /plain http.*use https/],
    ['http://8.8.8.8', { headers: ['X-Key: secret-1'] }, 'metrics', /plain http/],
    ['https://x', { headers: ['secret-1'] }, 'metrics', /Name: value/],
    ['https://x', { headers: ['Host: secret-1'] }, 'metrics', /header host cannot be set/],
    ['https://x', { headers: ['A: b\r\nC: secret-1'] }, 'metrics', /Name: value/],
    ['https://x', { tenant: 'a b' }, 'metrics', /one word/],
    ['https://x', { page: 'javascript:x' }, 'metrics', /must be http/],
    ['https://x', { cluster: 'eu west' }, 'metrics', /the cluster is written LABEL=VALUE/],
    ['https://u:%zz@x', {}, 'metrics', /percent-encoded/],
    ['cloudwatch://eu-west-1', {}, 'metrics', /only alerts and logs/],
    ['cloudwatch://eu-west-1', {}, 'logs', /name the log group/],
    ['cloudwatch://nowhere', {}, 'alerts', /cloudwatch:\/\/REGION/],
    ['cloudwatch://eu-west-1?x=secret-1', {}, 'alerts', /none of profile/],
    ['cloudwatch://eu-west-1?profile=', {}, 'alerts', /no value/],
    ['cloudwatch://eu-west-1', { token: 'secret-1' }, 'alerts', /credentials of AWS only/],
  ])('%j with %j is refused and says why', (text, options, role, why) => {
    let message = '';
    expect(() => {
      try {
        parse(text, options, role);
      } catch (error) {
        message = (error as Error).message;
        throw error;
      }
    }).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(message).toMatch(why);
    expect(message).toMatch(/^--source /);
    expect(message).not.toContain('secret-1');
  });
});

describe('opening sources', () => {
  const clock = () => new FakeClock();
  const page: Responder = (_asked, response) => response.end('<!doctype html><title>x</title>');

  it('finds out what answers and names it', async () => {
    const prometheus = await serve({
      '/api/v1/status/buildinfo': { status: 'success', data: { version: '2.42.0', revision: 'x' } },
      '/api/v1/query': forms.vector([{}, '15']),
      '/api/v1/alerts': forms.prometheusAlerts({ name: 'Soon', state: 'pending' }),
      '/api/v1/rules': forms.rules({ name: 'Soon' }),
    });
    const manager = await serve({
      '/api/v2/status': { cluster: {}, config: { original: '' }, uptime: '', versionInfo: { version: '0.25.0' } },
      '/api/v2/alerts': forms.managerAlerts({ name: 'Down' }),
    });
    const loki = await serve({ '*': page, '/loki/api/v1/status/buildinfo': { version: '3.1.0' } });
    const jaeger = await serve({ '*': page, '/api/v3/services': { services: [] } });
    const { sources, opened } = await openSources(
      [
        parse(prometheus.url),
        parse(manager.url, {}, 'alerts'),
        parse(loki.url, {}, 'logs'),
        parse(jaeger.url, {}, 'traces'),
      ],
      { clock: clock(), clusterGet: null },
      never,
    );
    expect(opened.map(({ name, version, problem }) => [name.replace(/ at .*/, ''), version, problem])).toEqual([
      ['Prometheus', '2.42.0', null],
      ['Alertmanager', '0.25.0', null],
      ['Loki', '3.1.0', null],
      ['Jaeger', null, null],
    ]);
    expect(sources.metrics?.lagMs).toBe(15_000);
    const answer = await sources.alerts!.alerts(never);
    expect(answer.state === 'ok' && answer.value.map(({ name, state }) => [name, state])).toEqual([
      ['Down', 'firing'],
      ['Soon', 'pending'],
    ]);
    expect(sources.alerts!.timing.lagMs).toBe(30_000);
    expect(await sources.traces!.services(never)).toMatchObject({ state: 'ok' });
  });

  it.each([
    [{ version: '2.42.0', revision: 'x' }, {}, 'Prometheus', '2.42.0'],
    [{ version: '2.10', application: 'Grafana Mimir' }, {}, 'Grafana Mimir', '2.10'],
    [{ version: '2.24.0' }, {}, 'VictoriaMetrics', null],
    [{ version: '2.24.0', revision: 'x' }, { 'x-server-hostname': 'vm' }, 'VictoriaMetrics', null],
  ])('%j with %j is %s', async (data, headers, product, version) => {
    const { url } = await serve({
      '/api/v1/status/buildinfo': ((_asked, response) =>
        response.writeHead(200, headers).end(JSON.stringify({ status: 'success', data }))) satisfies Responder,
      '/api/v1/query': forms.vector(),
    });
    const { opened } = await openSources([parse(url)], { clock: clock(), clusterGet: null }, never);
    expect(opened).toEqual([{ role: 'metrics', name: expect.stringContaining(product), version, problem: null }]);
  });

  it('one that does not answer is opened all the same, and found out later', async () => {
    let up = false;
    const answers = (body: unknown): Responder => (_asked, response) =>
      up ? response.end(JSON.stringify(body)) : response.writeHead(503).end(); // prettier-ignore
    const server = await serve({
      '*': (_asked: unknown, response: Parameters<Responder>[1]) => response.writeHead(up ? 404 : 503).end(),
      '/api/status/buildinfo': answers({ version: '2.7.0' }),
      '/api/v2/search/tag/resource.service.name/values': answers({ tagValues: [{ type: 'string', value: 'front' }] }),
    });
    const specs = [parse(server.url, {}, 'traces')];
    const { sources, opened } = await openSources(specs, { clock: clock(), clusterGet: null }, never);
    expect(opened[0]!.problem).toMatch(/^the trace server at \S+ answers with HTTP 503: see its log$/);
    expect(await sources.traces!.services(never)).toMatchObject({ state: 'unknown' });
    up = true;
    expect(await sources.traces!.services(never)).toMatchObject({ state: 'ok', value: ['front'] });
    expect(sources.traces!.link('a')).toBeNull();
  });

  it('something else that answers is told', async () => {
    const { url } = await serve({ '*': page });
    const { opened } = await openSources([parse(url, {}, 'logs')], { clock: clock(), clusterGet: null }, never);
    expect(opened[0]!.problem).toMatch(/answers, but not as victorialogs or loki does: check its address/);
  });

  it('nothing named is nothing there; a role named twice is refused', async () => {
    const parts = { clock: clock(), clusterGet: null };
    expect((await openSources([], parts, never)).sources).toEqual({
      alerts: null,
      metrics: null,
      traces: null,
      logs: null,
    });
    const twice = [parse('http://127.0.0.1:1'), parse('http://127.0.0.1:2')];
    await expect(openSources(twice, parts, never)).rejects.toThrow(/more than one source of metrics/);
    await expect(openSources([parse('svc://a/b:1')], parts, never)).rejects.toThrow(/needs a cluster/);
  });

  it('asks a Service through the API server, with its tenant', async () => {
    const asked: [string, string | undefined][] = [];
    const get: ClusterGet = async (path, headers) => {
      asked.push([path.split('?')[0]!, headers['x-scope-orgid']]);
      const body = path.includes('buildinfo')
        ? { status: 'success', data: { version: '2.10', application: 'Grafana Mimir' } }
        : forms.vector([{}, '30']);
      return { status: 200, headers: {}, body: bytes(JSON.stringify(body)) };
    };
    const specs = [parse('svc://mimir/gateway:80/prometheus', { tenant: 'one' })];
    const { sources, opened } = await openSources(specs, { clock: clock(), clusterGet: get }, never);
    expect(opened).toEqual([{ role: 'metrics', name: 'Grafana Mimir in mimir', version: '2.10', problem: null }]);
    expect(sources.metrics!.link('up', { from: 0, to: 1, stepMs: 1 })).toBeNull();
    const proxy = '/api/v1/namespaces/mimir/services/gateway:80/proxy/prometheus/api/v1';
    // What of it is the target's cluster, and how often it reads.
    expect(asked).toEqual([[`${proxy}/status/buildinfo`, 'one'], [`${proxy}/query`, 'one'], [`${proxy}/query`, 'one']]); // prettier-ignore
  });

  it.each([
    [403, 'services "gateway" is forbidden: User "u" cannot get resource "services/proxy"', /your user may not get services\/proxy in mimir/],
    [404, 'services "gateway" not found', /there is no Service gateway in mimir/],
    [503, 'no endpoints available for service "gateway"', /nothing serves port 80 of Service gateway/],
    [503, 'error trying to reach service: dial tcp: connection refused', /does not get through to Service gateway/],
    [429, 'too many requests', /takes no more questions now/],
  ])('an API server that says %i %s is understood', async (status, message, problem) => {
    const spoken = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: status });
    const get: ClusterGet = async () => ({ status, headers: {}, body: bytes(spoken) });
    const parts = { clock: clock(), clusterGet: get };
    const { opened } = await openSources([parse('svc://mimir/gateway:80')], parts, never);
    expect(opened[0]!.problem).toMatch(problem);
  }); // prettier-ignore

  it('an API server that cannot be reached is told in its own words', async () => {
    const get: ClusterGet = () => Promise.reject(new Error('the API server x cannot be reached: connection refused'));
    const parts = { clock: clock(), clusterGet: get };
    const { opened } = await openSources([parse('svc://mimir/gateway:80')], parts, never);
    expect(opened[0]!.problem).toBe(
      'Prometheus in mimir cannot be reached: the API server x cannot be reached: connection refused',
    );
  });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('files of a source', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  const folderOf = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'source-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };
  const problemOf = async (url: string, options: SourceOptions) => {
    const parts = { clock: new FakeClock(), clusterGet: null };
    return (await openSources([parse(url, options)], parts, never)).opened[0]!.problem;
  };

  it('a token is read again before each question', async () => {
    const seen: unknown[] = [];
    const { url } = await serve({
      '*': (({ headers }, response) => {
        seen.push(headers.authorization);
        response.end(JSON.stringify(forms.vector([{}, '15'])));
      }) satisfies Responder,
    });
    const path = join(await folderOf(), 'token');
    await writeFile(path, 'first-token\n');
    const parts = { clock: new FakeClock(), clusterGet: null };
    const { sources } = await openSources([parse(url, { tokenFile: path })], parts, never);
    await writeFile(path, 'second-token');
    await sources.metrics!.instant('up', never);
    expect([seen[0], seen.at(-1)]).toEqual(['Bearer first-token', 'Bearer second-token']);
  });

  it('what is wrong with one is told, not what is in it', async () => {
    const folder = await folderOf();
    await writeFile(join(folder, 'bad'), 'two words secret-1');
    const { url } = await serve({});
    expect(await problemOf(url, { tokenFile: join(folder, 'none') })).toMatch(
      /token file .*none cannot be read \(ENOENT\)/,
    );
    const bad = await problemOf(url, { tokenFile: join(folder, 'bad') });
    expect(bad).toMatch(/holds no token on one line/);
    expect(bad).not.toContain('secret-1');
    const secure = await serve({ '*': forms.vector() }, {});
    expect(await problemOf(secure.url, { authorityFile: join(folder, 'none') })).toMatch(
      /authority .* cannot be read \(ENOENT\)/,
    );
    expect(await problemOf(secure.url, { authorityFile: join(folder, 'bad') })).toMatch(/holds no certificate/);
    await writeFile(join(folder, 'ca'), authorityCertificate);
    expect(await problemOf(secure.url, { authorityFile: join(folder, 'ca') })).toBeNull();
  });
});
