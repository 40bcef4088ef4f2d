import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert, AlertSource, Answer } from '../../../src/domain/telemetry.ts';
import { AllAlerts } from '../../../src/telemetry/alerts/all-alerts.ts';
import { JoinedAlerts } from '../../../src/telemetry/alerts/joined-alerts.ts';
import { AlertmanagerAlerts } from '../../../src/telemetry/alertmanager/alertmanager.ts';
import { PrometheusAlerts } from '../../../src/telemetry/prometheus/prometheus-alerts.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;
const iso = (ms: number) => new Date(ms).toISOString();

async function sourceOf(body: unknown) {
  const server = await serve({ '/api/v2/alerts': body });
  return { server, source: new AlertmanagerAlerts(clientAt(server.url, new FakeClock())) };
}

function valueOf(answer: Answer<Alert[]>): Alert[] {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

const namesOf = (answer: Answer<Alert[]>) => valueOf(answer).map(({ name }) => name);

describe('Alertmanager', () => {
  it('is asked for what nobody hides', async () => {
    const { server, source } = await sourceOf(forms.managerAlerts({ name: 'Down', labels: { namespace: 'shop' } }));
    expect(valueOf(await source.alerts(never))).toEqual([
      {
        name: 'Down',
        state: 'firing',
        labels: { alertname: 'Down', severity: 'critical', namespace: 'shop' },
        annotations: { summary: 'Down is there' },
        startsAt: NOW - 60_000,
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        link: 'http://prometheus.example.com/graph?g0.expr=up+%3D%3D+0',
      },
    ]);
    expect(Object.fromEntries(server.asked[0]!.query)).toEqual({
      active: 'true', silenced: 'false', inhibited: 'false', unprocessed: 'false',
    }); // prettier-ignore
  });

  it('leaves out what is silenced or inhibited, though it was given', async () => {
    const { source } = await sourceOf(
      forms.managerAlerts({ name: 'A', silencedBy: ['x'] }, { name: 'B', inhibitedBy: ['y'] }, { name: 'C' }),
    );
    expect(namesOf(await source.alerts(never))).toEqual(['C']);
  });

  it('tells of what fired before it was hidden, as hidden, until it ends', async () => {
    const bodies = [
      forms.managerAlerts({ name: 'A' }, { name: 'Other', silencedBy: ['x'] }),
      forms.managerAlerts({ name: 'A', silencedBy: ['x'] }, { name: 'Other', silencedBy: ['x'] }),
      forms.managerAlerts({ name: 'A', inhibitedBy: ['y'] }),
      forms.managerAlerts({ name: 'Other', silencedBy: ['x'] }),
      forms.managerAlerts({ name: 'A', silencedBy: ['x'] }),
    ];
    const { server, source } = await sourceOf((_asked: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(bodies.shift())),
    );
    const seen: unknown[] = [];
    while (bodies.length > 0)
      seen.push(valueOf(await source.alerts(never)).map(({ name, hidden }) => (hidden ? `${name} hidden` : name)));
    expect(seen).toEqual([['A'], ['A hidden'], ['A hidden'], [], []]);
    expect(server.asked.map(({ query }) => Object.fromEntries(query)['silenced'])).toEqual([
      'false', 'true', 'true', 'true', 'false',
    ]); // prettier-ignore
  });

  it('folds what comes twice, by whichever Prometheus, and keeps the first start', async () => {
    const { source } = await sourceOf(
      forms.managerAlerts(
        { name: 'Down', labels: { prometheus_replica: 'a' } },
        { name: 'Down', labels: { prometheus_replica: 'b' }, startsAt: iso(NOW - 300_000) },
        { name: 'Down', labels: { pod: 'x' } },
      ),
    );
    expect(valueOf(await source.alerts(never)).map(({ labels, startsAt }) => [labels.pod, startsAt])).toEqual([
      [undefined, NOW - 300_000],
      ['x', NOW - 60_000],
    ]);
  });

  it('leaves out watchdogs, and keeps alerts without a namespace or a name', async () => {
    const bare = { labels: { job: 'x' }, startsAt: iso(NOW - 1_000) };
    const { source } = await sourceOf([
      ...forms.managerAlerts({ name: 'Watchdog' }, { name: 'InfoInhibitor' }, { name: 'Quiet', labels: { severity: 'none' } }),
      bare,
    ]); // prettier-ignore
    expect(namesOf(await source.alerts(never))).toEqual(['(without a name)']);
  });

  it('says unknown when its watchdog was there and is gone', async () => {
    const bodies = [forms.managerAlerts({ name: 'Watchdog' }), forms.managerAlerts()];
    const { source } = await sourceOf((_asked: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(bodies.shift())),
    );
    expect(namesOf(await source.alerts(never))).toEqual([]);
    const answer = await source.alerts(never);
    expect(answer).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/no longer hears its watchdog/) });
  });

  it('leaves out what ended, by the clock of the source', async () => {
    const hour = 3_600_000;
    // Our clock is an hour ahead: by it everything would be over.
    const list = forms.managerAlerts(
      { name: 'Over', startsAt: iso(NOW - 2 * hour), endsAt: iso(NOW - hour - 60_000), updatedAt: iso(NOW - hour) },
      { name: 'On', startsAt: iso(NOW - 2 * hour), endsAt: iso(NOW - hour + 240_000), updatedAt: iso(NOW - hour) },
      { name: 'Endless', startsAt: iso(NOW - 2 * hour), endsAt: '0001-01-01T00:00:00.000Z', updatedAt: iso(NOW - hour) },
    ); // prettier-ignore
    const { source } = await sourceOf(list);
    expect(namesOf(await source.alerts(never))).toEqual(['On', 'Endless']);
  });

  it('takes a start in the future for now, and says so', async () => {
    const { source } = await sourceOf(forms.managerAlerts({ name: 'A', startsAt: iso(NOW + 3_600_000) }));
    const answer = await source.alerts(never);
    expect(valueOf(answer)[0]).toMatchObject({ name: 'A', startsAt: NOW });
    expect(answer).toMatchObject({ note: '1 alert said to begin in the future' });
  });

  it('cuts what is too much, and links that are none', async () => {
    const many = Array.from({ length: 20_001 }, (_, i) => ({ name: 'A', labels: { i: String(i) } }));
    const list = forms.managerAlerts(...many);
    Object.assign(list[0]!, { generatorURL: 'javascript:alert(1)' });
    Object.assign(list[1]!, { generatorURL: 'http://user:secret@x/' });
    const { source } = await sourceOf(list);
    const answer = await source.alerts(never);
    expect(answer).toMatchObject({ cut: 'only 20000 of 20001 alerts are taken' });
    expect(valueOf(answer)).toHaveLength(20_000);
    expect(valueOf(answer).filter(({ link }) => link === undefined)).toHaveLength(2);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('has the same fingerprint for the same labels, in whatever order', async () => {
    const { source } = await sourceOf(forms.managerAlerts({ name: 'A', labels: { b: '1', a: '2' } }));
    const other = await sourceOf(forms.managerAlerts({ name: 'A', labels: { a: '2', b: '1', prometheus: 'x/k8s' } }));
    const [one] = valueOf(await source.alerts(never));
    const [two] = valueOf(await other.source.alerts(never));
    expect(one!.fingerprint).toBe(two!.fingerprint);
  });
});

describe('Alertmanager with Prometheus beside it', () => {
  const pair = async (manager: unknown, prometheus: Record<string, unknown>) => {
    const { source } = await sourceOf(manager);
    const server = await serve(prometheus);
    return new JoinedAlerts(source, new PrometheusAlerts(clientAt(server.url, new FakeClock()), () => 15_000));
  };
  const rules = forms.rules({ name: 'Down', query: 'rate(x[2m]) > 1' });

  it('one tells what fires, the other what is pending and how rules follow', async () => {
    const joined = await pair(forms.managerAlerts({ name: 'Down' }), {
      '/api/v1/alerts': forms.prometheusAlerts({ name: 'Silenced' }, { name: 'Soon', state: 'pending' }),
      '/api/v1/rules': rules,
    });
    const answer = await joined.alerts(never);
    expect(valueOf(answer).map(({ name, state }) => [name, state])).toEqual([
      ['Down', 'firing'],
      ['Soon', 'pending'],
    ]);
    expect(joined.timing).toEqual({ lagMs: 30_000, settleMs: 150_000 });
  });

  it('without Prometheus, what is pending and what ends is not known, and that is told', async () => {
    const joined = await pair(forms.managerAlerts({ name: 'Down' }), {});
    const answer = await joined.alerts(never);
    expect(namesOf(answer)).toEqual(['Down']);
    expect(answer).toMatchObject({
      cut: expect.stringMatching(/^pending alerts are not known, and what has just begun or ended may not be: /),
      names: { missing: ['*'] },
    });
  });

  it('rules of Prometheus that fail make what Alertmanager does not tell of uncertain', async () => {
    const joined = await pair(forms.managerAlerts(), {
      '/api/v1/alerts': forms.prometheusAlerts(),
      '/api/v1/rules': forms.rules({ name: 'Down', health: 'err', lastError: 'no' }),
    });
    expect(await joined.alerts(never)).toMatchObject({
      cut: expect.stringContaining('Down'),
      names: { missing: ['Down'] },
    });
  });

  it('what Alertmanager has forgotten is missed while its rule fires', async () => {
    const bodies: unknown[] = [
      forms.managerAlerts({ name: 'Down', labels: { namespace: 'shop', cluster: 'one' } }, { name: 'Over' }),
      forms.managerAlerts(),
      forms.managerAlerts(),
    ];
    const fires = forms.prometheusAlerts({ name: 'Down', namespace: 'shop' });
    const alerts = [fires, fires, forms.prometheusAlerts()];
    const next = (list: unknown[]) => (_asked: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(list.shift()));
    const joined = await pair(next(bodies), { '/api/v1/alerts': next(alerts), '/api/v1/rules': rules });
    expect(await joined.alerts(never)).not.toHaveProperty('cut');
    expect(await joined.alerts(never)).toMatchObject({
      cut: expect.stringMatching(
        /^1 alert still fires by its rule and is not told of by .* any more, such as Down$/,
      ) as string,
      names: { missing: ['Down'] },
    });
    expect(await joined.alerts(never)).not.toHaveProperty('cut');
  });

  it('without Alertmanager nothing is known', async () => {
    const joined = await pair({}, { '/api/v1/alerts': forms.prometheusAlerts(), '/api/v1/rules': rules });
    expect(await joined.alerts(never)).toMatchObject({ state: 'unknown' });
  });
});

describe('several sources of alerts', () => {
  const fixed = (answer: Answer<Alert[]>): AlertSource => ({
    name: 'x', timing: { lagMs: 1, settleMs: 2 }, alerts: () => Promise.resolve(answer),
  }); // prettier-ignore
  const ok = (value: Alert[]): Answer<Alert[]> => ({ state: 'ok', value, asOf: NOW });

  it('are unknown when one is, and absent when all are', async () => {
    const unknown = { state: 'unknown' as const, reason: 'x is down' };
    const absent = { state: 'absent' as const, reason: 'no rules' };
    expect(await new AllAlerts([fixed(ok([])), fixed(unknown)]).alerts(never)).toEqual(unknown);
    expect(await new AllAlerts([fixed(absent)]).alerts(never)).toEqual(absent);
    expect(await new AllAlerts([fixed(absent), fixed(ok([]))]).alerts(never)).toEqual({ ...ok([]), note: 'no rules' });
    expect(await new AllAlerts([]).alerts(never)).toMatchObject({ state: 'absent' });
    const parts = [
      { ...ok([]), cut: 'a page is missing' },
      { ...ok([]), names: { missing: ['A'], mute: ['B'] } },
    ];
    expect(await new AllAlerts(parts.map(fixed)).alerts(never)).toMatchObject({
      names: { missing: ['*', 'A'], mute: ['B'] },
    });
  });

  it('show what an alert looks at by whoever knows it', async () => {
    const series = { state: 'ok' as const, value: [], asOf: NOW };
    const blind = { ...fixed(ok([])), series: () => Promise.resolve({ state: 'absent' as const, reason: 'not mine' }) };
    const seeing = { ...fixed(ok([])), series: () => Promise.resolve(series) };
    const [alert, window] = [{} as Alert, { from: 0, to: NOW, stepMs: 1 }];
    expect(await new AllAlerts([fixed(ok([])), blind, seeing]).series(alert, window, never)).toEqual(series);
    expect(await new AllAlerts([fixed(ok([])), blind]).series(alert, window, never)).toMatchObject({ state: 'absent' });
  });
});
