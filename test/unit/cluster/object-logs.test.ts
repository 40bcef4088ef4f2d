import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { objectEvents } from '../../../src/cluster/read/object-events.ts';
import { ObjectLogs } from '../../../src/cluster/read/object-logs.ts';
import { SnapshotReader } from '../../../src/cluster/read/snapshot.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { localTime, zoneOf } from '../../../src/text/local-time.ts';
import type { ObjectRef } from '../../../src/domain/kube-object.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/gateway/wire/messages.ts';

const pod = (name: string, app: string, created: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app }, creationTimestamp: created },
  spec: { containers: [{ name: 'main' }, { name: 'side' }], initContainers: [{ name: 'init' }] },
});
const PODS = [
  pod('web-1', 'web', '2026-01-01T00:00:00Z'),
  pod('web-2', 'web', '2026-01-02T00:00:00Z'),
  pod('db-1', 'db', '2026-01-01T00:00:00Z'),
];
const WEB: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

/** An API server with one namespace; `asked` lists paths. */
function server(answers: Record<string, unknown> = {}) {
  const asked: string[] = [];
  const known: Record<string, unknown> = {
    '/apis/apps/v1/namespaces/shop/deployments/web': {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    },
    '/api/v1/namespaces/shop/services/web': {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { app: 'web' } },
    },
    '/api/v1/namespaces/shop/pods/web-1': PODS[0],
    '/api/v1/namespaces/shop/pods': { items: PODS },
    ...answers,
  };
  const handle = async ({ url, signal }: GatewayRequest): Promise<GatewayResponse> => {
    asked.push(url);
    const [path = '', query = ''] = url.split('?');
    const log = /\/pods\/([^/]+)\/log$/.exec(path);
    const params = new URLSearchParams(query);
    if (log && params.get('follow')) {
      const body = new Readable({ read: () => undefined });
      body.push(`${log[1]} says \u001b[31mhello\nhalf a li`);
      signal.addEventListener('abort', () => body.destroy());
      return { status: 200, headers: {}, body };
    }
    if (log) {
      const text = params.get('previous') ? '' : `${log[1]}/${params.get('container')} line\n`;
      return { status: 200, headers: {}, body: Buffer.from(text) };
    }
    const found = known[path];
    const answer = found ?? { kind: 'Status', apiVersion: 'v1', message: 'not found' };
    return { status: found ? 200 : 404, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
  };
  const api = new KubeApi({ handle });
  const reader = new SnapshotReader(api, ['shop'], new SystemClock(), ['Pod', 'Deployment', 'Service']);
  return { asked, api, logs: new ObjectLogs(reader, api) };
}

describe('logs of an object', () => {
  it.each([[WEB], [{ apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web' }]])(
    'are those of the pods that it selects, newest first: %o',
    async (ref) => {
      const text = await server().logs.read(ref, false);
      expect(text.indexOf('==> web-2 / main')).toBe(0);
      expect(text).toContain('==> web-1 / init\nweb-1/init line');
      expect(text).not.toContain('db-1');
    },
  );

  it('say where there is no earlier log', async () => {
    const ref = { ...WEB, apiVersion: 'v1', kind: 'Pod', name: 'web-1' };
    expect(await server().logs.read(ref, true)).toContain(
      '==> web-1 / main\n(no log: the container has not restarted)',
    );
  });

  it('do not say of a container that restarted that it has not', async () => {
    const status = { containerStatuses: [{ name: 'main', restartCount: 3 }] };
    const { logs } = server({ '/api/v1/namespaces/shop/pods/web-1': { ...PODS[0], status } });
    const text = await logs.read({ ...WEB, apiVersion: 'v1', kind: 'Pod', name: 'web-1' }, true);
    expect(text).toContain('==> web-1 / main\n(no log: the container restarted 3 times,');
    expect(text).toContain('==> web-1 / side\n(no log: the container has not restarted)');
  });

  it('name what is gone, and what has no pods', async () => {
    await expect(server().logs.read({ ...WEB, name: 'gone' }, false)).rejects.toThrow(/Deployment gone is not there/);
    const none = server({ '/api/v1/namespaces/shop/pods': { items: [] } });
    await expect(none.logs.read(WEB, false)).rejects.toThrow(/has no pods/);
  });

  it('are followed line by line, with the name of their container, until told to stop', async () => {
    const { logs } = server();
    const stop = new AbortController();
    const lines: string[] = [];
    const following = logs.follow(WEB, stop.signal, (line) => {
      lines.push(line);
      if (lines.length === 6) stop.abort();
    });
    await following;
    expect(lines).toContain('[web-1 / main] web-1 says hello');
    expect(lines.some((line) => line.includes('half'))).toBe(false);
  });
});

describe('events about an object', () => {
  it('are asked for by kind and name, and told latest last without control characters', async () => {
    const events = [
      {
        reason: 'BackOff',
        message: 'late \u001b]0;x\u0007',
        type: 'Warning',
        lastTimestamp: '2026-01-02T00:00:00Z',
        count: 4,
      },
      { reason: 'Pulled', message: 'early', type: 'Normal', lastTimestamp: '2026-01-01T00:00:00Z' },
    ].map((event) => ({ metadata: {}, source: { component: 'kubelet' }, ...event }));
    const { api, asked } = server({ '/api/v1/namespaces/shop/events': { items: events } });
    const text = await objectEvents(api, WEB, new AbortController().signal);
    expect(decodeURIComponent(asked[0]!)).toContain(
      'fieldSelector=involvedObject.kind=Deployment,involvedObject.name=web',
    );
    expect(text.trim().split('\n')).toEqual([
      `-- latest last; times in ${zoneOf(new Date('2026-01-02T00:00:00Z'))}`,
      `${localTime('2026-01-01T00:00:00Z')} Normal Pulled kubelet: early`,
      expect.stringMatching(/^2026-01-0\d \S+ Warning BackOff \(4 times\) kubelet: late$/),
    ]);
    expect(text).not.toContain('\u001b');
  });

  it('say that there are none', async () => {
    const { api } = server({ '/api/v1/namespaces/shop/events': { items: [] } });
    expect(await objectEvents(api, WEB, new AbortController().signal)).toMatch(/^No events about Deployment web/);
  });
});
