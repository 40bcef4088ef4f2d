import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { PrometheusAlerts } from '../../../src/telemetry/prometheus/prometheus-alerts.ts';
import { MOST_POINTS, PrometheusMetrics, stepFor } from '../../../src/telemetry/prometheus/prometheus-metrics.ts';
import { lookBackOf } from '../../../src/text/promql-window.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import type { Asked } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;

async function metricsOf(routes: Record<string, unknown>, clock = new FakeClock()) {
  const server = await serve(routes);
  return { server, clock, metrics: new PrometheusMetrics(clientAt(`${server.url}/base`, clock)) };
}

describe('an instant query', () => {
  it('gives one sample a series, below the base path', async () => {
    const { server, metrics } = await metricsOf({ '/base/api/v1/query': forms.vector([{ job: 'a' }, '1.5']) });
    expect(await metrics.instant('up{job="a"}', never)).toEqual({
      state: 'ok',
      value: [{ labels: { job: 'a' }, samples: [{ at: NOW, value: 1.5 }] }],
      asOf: NOW,
    });
    const [asked] = server.asked as [Asked];
    expect(asked.method).toBe('GET');
    expect(Object.fromEntries(asked.query)).toMatchObject({ query: 'up{job="a"}', timeout: '10s' });
    expect(asked.query.has('time')).toBe(false);
  });

  it('asks of a moment, and speaks of it', async () => {
    const { server, metrics } = await metricsOf({ '*': forms.vector() });
    expect(await metrics.instant('up', never, NOW - 60_000)).toMatchObject({ state: 'ok', asOf: NOW - 60_000 });
    expect(server.asked[0]?.query.get('time')).toBe(String((NOW - 60_000) / 1000) + '.000');
  });

  it('sends a long question as a form', async () => {
    const { server, metrics } = await metricsOf({ '*': forms.vector() });
    const query = `up{job=~"${'x|'.repeat(2_000)}"}`;
    expect(await metrics.instant(query, never)).toMatchObject({ state: 'ok' });
    const [asked] = server.asked as [Asked];
    expect(asked.method).toBe('POST');
    expect(new URLSearchParams(asked.body).get('query')).toBe(query);
    expect(asked.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('gives a scalar as a series without labels', async () => {
    const { metrics } = await metricsOf({
      '*': { status: 'success', data: { resultType: 'scalar', result: [NOW / 1000, '3'] } },
    });
    expect(await metrics.instant('scalar(up)', never)).toMatchObject({
      value: [{ labels: {}, samples: [{ at: NOW, value: 3 }] }],
    });
  });

  it.each(['NaN', '+Inf', '-Inf', 'Infinity', ''])('a series of %j alone is none, and that is said', async (value) => {
    const { metrics } = await metricsOf({ '*': forms.vector([{ a: '1' }, value], [{ a: '2' }, '7']) });
    expect(await metrics.instant('x', never)).toEqual({
      state: 'ok',
      value: [{ labels: { a: '2' }, samples: [{ at: NOW, value: 7 }] }],
      asOf: NOW,
      note: '1 more series hold no finite number',
    });
  });

  it('says that histograms are no numbers', async () => {
    const histogram = { metric: { a: '1' }, histogram: [NOW / 1000, { count: '1', sum: '1', buckets: [] }] };
    const { metrics } = await metricsOf({
      '*': { status: 'success', data: { resultType: 'vector', result: [histogram] } },
    });
    expect(await metrics.instant('x', never)).toMatchObject({ value: [], note: '1 more series hold no finite number' });
  });

  it('tells what the server says is missing in it, and what it says besides', async () => {
    const { metrics } = await metricsOf({
      '*': { ...forms.vector(), warnings: ['store a is down\u0007'], infos: ['metric might not be a counter'] },
    });
    expect(await metrics.instant('x', never)).toEqual({
      state: 'ok', value: [], asOf: NOW, cut: 'store a is down', note: 'metric might not be a counter',
    }); // prettier-ignore
  });

  it.each([
    [{ status: 'error', errorType: 'bad_data', error: 'parse error at char 1' }, /it says: parse error at char 1/],
    [{ status: 'success', data: { resultType: 'string', result: [1, 'x'] } }, /gives text for this expression/],
    [forms.matrix([{}, [[1, '1']]]), /gives many samples for each series/],
    [{ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: ['x', 1] }] } }, /samples in a form that is not the documented one/],
  ])('%j is unknown', async (body, reason) => {
    const { metrics } = await metricsOf({ '*': body });
    const answer = await metrics.instant('x', never);
    expect(answer).toMatchObject({ state: 'unknown' });
    expect(answer.state === 'unknown' ? answer.reason : '').toMatch(reason);
  }); // prettier-ignore

  it('takes only so many series and labels, all short', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => [{ i: String(i) }, '1'] as [Record<string, string>, string]);
    const labels = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`l${i}`, 'v'.repeat(5_000)]));
    const { metrics } = await metricsOf({ '*': forms.vector([labels, '1'], ...many) });
    const answer = await metrics.instant('x', never);
    if (answer.state !== 'ok') throw new Error(answer.reason);
    expect(answer.value).toHaveLength(10_000);
    expect(answer.cut).toBe('only 10000 of 10002 series are taken: aggregate in the query');
    expect(Object.keys(answer.value[0]!.labels)).toHaveLength(64);
    expect(answer.value[0]!.labels.l0).toHaveLength(1_000);
  });
});

describe('a range query', () => {
  it('gives samples oldest first, on our clock', async () => {
    const at = (s: number) => NOW / 1000 + s;
    const routes = { '*': forms.matrix([{ a: '1' }, [[at(15), '2'], [at(0), '1'], [at(30), 'NaN']]]) }; // prettier-ignore
    const { server, metrics } = await metricsOf(routes);
    expect(await metrics.range('x', { from: NOW, to: NOW + 30_000, stepMs: 15_000 }, never)).toEqual({
      state: 'ok',
      value: [{ labels: { a: '1' }, samples: [{ at: NOW, value: 1 }, { at: NOW + 15_000, value: 2 }] }],
      asOf: NOW,
      note: '1 sample left out that are no finite number',
    }); // prettier-ignore
    expect(Object.fromEntries(server.asked[0]!.query)).toMatchObject({
      start: `${NOW / 1000}.000`, end: `${NOW / 1000 + 30}.000`, step: '15',
    }); // prettier-ignore
  });

  it('asks in larger steps where more points would come than a server gives, and says so', async () => {
    const { server, metrics } = await metricsOf({ '*': forms.matrix() });
    const answer = await metrics.range('x', { from: NOW - 7 * 86_400_000, to: NOW, stepMs: 15_000 }, never);
    expect(server.asked[0]!.query.get('step')).toBe('55');
    expect(answer).toMatchObject({ state: 'ok', note: 'asked for in steps of 55 s' });
  });

  it('never asks for more points than 11,000', () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.integer({ min: 1, max: 1e7 }), (length, stepMs) => {
        const step = stepFor({ from: 0, to: length, stepMs });
        expect(step).toBeGreaterThanOrEqual(stepMs);
        expect(length / step).toBeLessThanOrEqual(MOST_POINTS);
      }),
    );
  });

  it('asks on the clock of the source once it is known', async () => {
    const date = new Date(NOW + 600_000).toUTCString();
    const { server, metrics } = await metricsOf({
      '*': (_asked: Asked, response: { writeHead(s: number, h: object): { end(b: string): void } }) =>
        response.writeHead(200, { date }).end(JSON.stringify(forms.matrix([{}, [[NOW / 1000 + 600, '1']]]))),
    });
    const window = { from: NOW - 60_000, to: NOW, stepMs: 15_000 };
    await metrics.range('x', window, never);
    const answer = await metrics.range('x', window, never);
    const end = Number(server.asked[1]!.query.get('end')) * 1000;
    expect(Math.abs(end - (NOW + 600_000))).toBeLessThan(1_000);
    const [series] = answer.state === 'ok' ? answer.value : [];
    expect(Math.abs(series!.samples[0]!.at - NOW)).toBeLessThan(1_000);
  });

  it.each([
    { from: NOW, to: NOW - 1, stepMs: 1 },
    { from: NaN, to: NOW, stepMs: 1 },
    { from: 0, to: NOW, stepMs: 0 },
    { from: 0, to: Infinity, stepMs: 1 },
  ])('%j is no time to ask for', async (window) => {
    const { server, metrics } = await metricsOf({ '*': forms.matrix() });
    expect(await metrics.range('x', window, never)).toMatchObject({ state: 'unknown' });
    expect(server.asked).toEqual([]);
  });
});

describe('what is known besides', () => {
  it('how often targets are read is found out from what was read', async () => {
    const { metrics } = await metricsOf({ '*': forms.vector([{}, '15.2']) });
    expect(metrics.lagMs).toBe(60_000);
    await metrics.learn(never);
    expect(metrics.lagMs).toBe(15_200);
  });

  it('where people look at the same', async () => {
    const { server, metrics } = await metricsOf({});
    const link = metrics.link('up > 0', { from: NOW - 3_600_000, to: NOW, stepMs: 1 });
    expect(link).toBe(
      `${server.url}/base/graph?g0.expr=up+%3E+0&g0.tab=0&g0.range_input=3600s&g0.end_input=2031-03-04+05%3A06%3A07`,
    );
    expect(metrics.link('up', { from: NaN, to: NOW, stepMs: 1 })).toBeNull();
  });
});

describe('alerts of Prometheus', () => {
  const alertsOf = async (routes: Record<string, unknown>, clock = new FakeClock()) => {
    const server = await serve(routes);
    return { server, clock, source: new PrometheusAlerts(clientAt(server.url, clock), () => 15_000) };
  };

  it('tells of firing and pending ones, folded, without watchdogs', async () => {
    const { source } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts(
        { name: 'Slow', namespace: 'shop', state: 'pending' },
        { name: 'Slow', namespace: 'shop' },
        { name: 'Down' },
        { name: 'Down' },
        { name: 'Watchdog' },
        { name: 'Info', severity: 'none' },
        { name: 'Old', state: 'inactive' },
      ),
      '/api/v1/rules': forms.rules({ name: 'Slow' }, { name: 'Down' }),
    });
    const answer = await source.alerts(never);
    if (answer.state !== 'ok') throw new Error(answer.reason);
    expect(answer.cut).toBeUndefined();
    expect(answer.value.map(({ name, state, labels }) => [name, state, labels.namespace])).toEqual([
      ['Slow', 'firing', 'shop'],
      ['Down', 'firing', undefined],
    ]);
    expect(answer.value[0]).toMatchObject({
      startsAt: Date.parse('2031-03-04T05:00:00.123Z'), annotations: { summary: 'Slow is there' },
    }); // prettier-ignore
  });

  it.each([
    ['another rule stays', [{ name: 'Slow' }]],
    ['none stays', []],
  ])('that ended with their rule are not over: %s', async (_what, left) => {
    const alerts = [forms.prometheusAlerts({ name: 'Down' }), forms.prometheusAlerts(), forms.prometheusAlerts()];
    const rules = [forms.rules({ name: 'Down' }, { name: 'Slow' }), forms.rules(...left)];
    const next = (list: unknown[]) => (_asked: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(list.length > 1 ? list.shift() : list[0]));
    const { source } = await alertsOf({ '/api/v1/alerts': next(alerts), '/api/v1/rules': next(rules) });
    expect(await source.alerts(never)).not.toHaveProperty('cut');
    for (let look = 0; look < 2; look++)
      expect(await source.alerts(never)).toMatchObject({
        state: 'ok',
        value: [],
        cut: '1 alert fired and has no rule any more, such as Down',
      });
  });

  it('a server without alerting rules is no source of alerts', async () => {
    const { source } = await alertsOf({ '/api/v1/alerts': forms.prometheusAlerts(), '/api/v1/rules': forms.rules() });
    expect(await source.alerts(never)).toMatchObject({ state: 'absent', reason: expect.stringMatching(/no alerting/) });
  });

  it('no alert and no rules to be read is unknown, an alert without them is not', async () => {
    const silent = await alertsOf({ '/api/v1/alerts': forms.prometheusAlerts() });
    expect(await silent.source.alerts(never)).toMatchObject({ state: 'unknown' });
    const { source } = await alertsOf({ '/api/v1/alerts': forms.prometheusAlerts({ name: 'Down' }) });
    expect(await source.alerts(never)).toMatchObject({ state: 'ok', note: 'its rules cannot be read' });
  });

  it.each([
    [{ name: 'Bad', health: 'err', lastError: 'vector contains\u001b[31m twice' }, /^1 rule cannot be evaluated, such as Bad \(vector contains twice\)$/],
    [{ name: 'New', health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' }, /^1 rule not evaluated yet$/],
    [{ name: 'Late', lastEvaluation: new Date(NOW - 1_800_000).toISOString() }, /^1 rule last evaluated 30 min ago$/],
  ])('a rule that cannot speak is told: %j', async (rule, cut) => {
    const { source } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts(), '/api/v1/rules': forms.rules({ name: 'Fine' }, rule),
    });
    const answer = await source.alerts(never);
    expect(answer.state === 'ok' ? answer.cut : '').toMatch(cut);
  }); // prettier-ignore

  it('names the alerts that cannot speak, also those whose records are not made', async () => {
    const failing = { health: 'err', lastError: 'no' };
    const { source } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts(),
      '/api/v1/rules': forms.rules(
        { name: 'Bad', ...failing },
        { name: 'job:errors:rate5m', type: 'recording', ...failing },
        { name: 'job:burn:rate5m', type: 'recording', query: 'sum(job:errors:rate5m) / 2' },
        { name: 'Burns', query: 'job:burn:rate5m > 14' },
        { name: 'Others', query: 'other_job:burn:rate5m > 14' },
        { name: 'Late', lastEvaluation: new Date(NOW - 1_800_000).toISOString() },
      ),
    });
    const answer = await source.alerts(never);
    expect(answer).toMatchObject({ cut: expect.stringMatching(/^2 rules cannot be evaluated, such as Bad \(no\)/) });
    const names = answer.state === 'ok' ? answer.names : {};
    expect([...(names?.missing ?? [])].sort()).toEqual(['Bad', 'Burns', 'Late', 'record job:errors:rate5m']);
  });

  it('records are no alerts: with them alone there is none', async () => {
    const { source } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts(),
      '/api/v1/rules': forms.rules({ name: 'a:b', type: 'recording' }),
    });
    expect(await source.alerts(never)).toMatchObject({ state: 'absent' });
  });

  it('reads rules again soon while one waits for its evaluation', async () => {
    const rules = [
      forms.rules({ name: 'New', health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' }),
      forms.rules({ name: 'New' }),
    ];
    const { source, clock } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts(),
      '/api/v1/rules': (_asked: unknown, response: ServerResponse) => response.end(JSON.stringify(rules.shift())),
    });
    expect(await source.alerts(never)).toMatchObject({ cut: '1 rule not evaluated yet' });
    await clock.advance(6_000);
    expect(await source.alerts(never)).not.toHaveProperty('cut');
  });

  it('knows how its firing rules follow what they watch, and reads rules seldom', async () => {
    const { server, clock, source } = await alertsOf({
      '/api/v1/alerts': forms.prometheusAlerts({ name: 'Slow' }),
      '/api/v1/rules': forms.rules(
        { name: 'Slow', query: 'rate(e[10m]) > 1', keepFiringFor: 120 },
        { name: 'Other', query: 'rate(e[3h]) > 1' },
      ),
    });
    expect(source.timing).toEqual({ lagMs: 75_000, settleMs: 375_000 });
    await source.alerts(never);
    await source.alerts(never);
    expect(source.timing).toEqual({ lagMs: 30_000, settleMs: 30_000 + 600_000 + 120_000 });
    expect(source.ruleOf('Slow')).toMatchObject({ query: 'rate(e[10m]) > 1', intervalMs: 15_000 });
    const reads = () => server.asked.filter(({ path }) => path === '/api/v1/rules').length;
    expect(reads()).toBe(1);
    await clock.advance(61_000);
    await source.alerts(never);
    expect(reads()).toBe(2);
  });
});

describe('how far an expression looks back', () => {
  it.each([
    ['up == 0', 0],
    ['rate(x[5m]) > 1', 300_000],
    ['max_over_time(rate(x[1m])[30m:1m]) > 1', 1_800_000],
    ['increase(x[1h30m]) > 1', 5_400_000],
    ['job:errors:rate5m > 0.1', 300_000],
    ['rate(a[1h]) > 1 and rate(a[5m]) > 1', 300_000],
    ['(e:rate1h > 1 and e:rate5m > 1) or (e:rate6h > 1 and e:rate30m > 1)', 1_800_000],
    ['up == 0 and on() rate(x[2m]) > 0', 120_000],
  ])('%s', (query, ms) => {
    expect(lookBackOf(query)).toBe(ms);
  });
});
