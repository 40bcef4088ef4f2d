import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { Upstream } from '../../../../src/gateway/wire/upstream.ts';
import { SessionTelemetry } from '../../../../src/run/telemetry/session-telemetry.ts';
import { parseTelemetry } from '../../../../src/run/telemetry/telemetry-config.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { smallCluster } from '../../../support/small-cluster.ts';
import * as forms from '../../../support/telemetry/forms.ts';
import type { Asked } from '../../../support/telemetry/source-server.ts';
import { serverPool } from '../../../support/telemetry/source-server.ts';

const serve = serverPool(afterEach);
const never = new AbortController().signal;
const AHEAD_MS = 40_000;

/** A session whose Prometheus has these alerts and rules, with a clock that goes wrong by so much. */
async function sessionOf(alerts: unknown, rules: unknown, skewMs: number, snapshot = async () => smallCluster()) {
  const clock = new FakeClock();
  const date = new Date(forms.NOW + skewMs).toUTCString();
  const answers = (body: unknown) => (_asked: unknown, response: ServerResponse) =>
    response.writeHead(200, { date, 'content-type': 'application/json' }).end(JSON.stringify(body));
  const { url } = await serve({
    '/api/v1/status/buildinfo': answers({ status: 'success', data: { version: '3.5.0', revision: 'x' } }),
    '/api/v1/query': answers(forms.vector()),
    '/api/v1/alerts': answers(alerts),
    '/api/v1/rules': answers(rules),
  });
  const sources = [{ what: '--prometheus', role: 'metrics' as const, url }];
  const config = parseTelemetry({ sources, objectives: [], find: false }, 'f');
  const reader = { snapshot, list: async () => [] };
  return new SessionTelemetry(config, {} as Upstream, reader, clock);
}

describe('a test of telemetry', () => {
  it('tells of clocks, of rules that cannot speak, and of alerts that nobody can place', async () => {
    const session = await sessionOf(
      forms.prometheusAlerts({ name: 'Nowhere', team: 'x' }, { name: 'Here', namespace: 'shop', deployment: 'web' }),
      forms.rules({ name: 'Bad', health: 'err', lastError: 'many-to-many' }, { name: 'Nowhere' }, { name: 'Here' }),
      AHEAD_MS,
    );
    const { opened, notes } = await session.test(never);
    expect(opened).toMatchObject([{ problem: null }]);
    expect(opened[0]!.note).toMatch(/^its clock is 4[01] s ahead of the clock here$/);
    expect(notes).toEqual([
      'alerts: 1 rule cannot be evaluated, such as Bad (many-to-many)',
      expect.stringMatching(/^alerts: of 1 alert that fires it is unknown whether it concerns the target.*: Nowhere$/),
    ]);
  });

  it('says nothing more where all is well, and nothing twice', async () => {
    const well = await sessionOf(forms.prometheusAlerts(), forms.rules({ name: 'Down' }), 0);
    const { opened, notes } = await well.test(never);
    expect(opened[0]).not.toHaveProperty('note');
    expect(notes).toEqual([]);
  });

  it('says that nothing can be placed where the cluster is not read', async () => {
    const session = await sessionOf(forms.prometheusAlerts({ name: 'A' }), forms.rules({ name: 'A' }), 0, async () => {
      throw new Error('the cluster does not answer');
    });
    expect((await session.test(never)).notes).toEqual([
      'alerts: whom they concern could not be found out: the cluster does not answer',
    ]);
  });
});

describe('telemetry of several clusters', () => {
  it('is read of the one whose pods the API server tells of, and what that is stands in the notes', async () => {
    const clock = new FakeClock();
    const queries: string[] = [];
    const rows = (...labels: Record<string, string>[]) =>
      forms.vector(...labels.map((each) => [each, '1'] as [typeof each, string]));
    const { url } = await serve({
      '/api/v1/status/buildinfo': { status: 'success', data: { version: '3.5.0', revision: 'x' } },
      '/api/v1/query': (asked: Asked, response: ServerResponse) => {
        const query = asked.query.get('query') ?? new URLSearchParams(asked.body).get('query') ?? '';
        queries.push(query);
        const census = rows(...['eu', 'us'].map((cluster) => ({ __name__: 'kube_node_info', cluster })));
        const ours = query.includes('uid-of-front') ? rows({ stratus_mark: 'own_pod', cluster: 'us' }) : rows();
        const told = query.startsWith('topk by (__name__)') ? census : query.startsWith('topk by') ? ours : rows({});
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
      },
      '/api/v1/alerts': forms.prometheusAlerts(),
      '/api/v1/rules': forms.rules({ name: 'Down' }),
    });
    const pods = { items: [{ metadata: { name: 'front', uid: 'uid-of-front' }, status: { phase: 'Running' } }] };
    const upstream = {
      request: async ({ path }: { path: string }) => ({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Readable.from([Buffer.from(JSON.stringify(path.includes('/pods') ? pods : { items: [] }))]),
      }),
    };
    const sources = [{ what: '--prometheus', role: 'metrics' as const, url }];
    const config = parseTelemetry({ sources, objectives: ['a=sum(x) >= 1'], find: false }, 'f');
    const reader = { snapshot: async () => smallCluster(), list: async () => [] };
    const session = new SessionTelemetry(config, upstream as Upstream, reader, clock, 'shop');
    const { notes } = await session.open(never);
    expect(notes).toEqual([
      expect.stringMatching(/^of Prometheus at \S+ \(cluster: eu, us\) only cluster="us" is read$/),
    ]);
    queries.length = 0;
    const oracles = await session.oracles(never, true);
    await oracles.find(({ name }) => name === 'objectives')!.evaluate(smallCluster(), never);
    expect(queries).toContain('sum(x)');
  });
});
