import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../../src/domain/telemetry.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { clusterGet } from '../../../src/run/telemetry/cluster-get.ts';
import { openSources } from '../../../src/telemetry/open-sources.ts';
import type { OpenedSources } from '../../../src/telemetry/open-sources.ts';
import { parseSource } from '../../../src/telemetry/settings/parse-source.ts';
import { deployShop } from '../../testbed/app/deploy.ts';
import { SHOP_NAMESPACE } from '../../testbed/app/topology.ts';
import { areBuilt, TELEMETRY } from '../../testbed/build.ts';
import { healFault, injectFault } from '../../testbed/faults/catalog.ts';
import { downCluster, upCluster, type Instance } from '../../testbed/instance.ts';
import { silentReport } from '../../testbed/report.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

/** Building takes more than ten minutes; that is the soak's to do. */
const built = areBuilt(TELEMETRY);
const asRoot = process.getuid?.() === 0;
const never = new AbortController().signal;
const soon = { timeout: 120_000, interval: 500 };

function valueOf<T>(answer: Answer<T>): T {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

describe.runIf(asRoot)('sources of telemetry on real servers', () => {
  const name = `sources-${process.pid}`;
  const clock = new SystemClock();
  let home: string;
  let instance: Instance;
  let gateway: GatewayHarness;
  let direct: OpenedSources;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
    vi.stubEnv('STRATUS_TESTBED_HOME', home);
    instance = await upCluster({ name, nodes: 'real', telemetry: built ? 'all' : 'metrics' }, silentReport);
    await deployShop(instance, silentReport);
    gateway = await openGateway(instance, 'sources');
    const { prometheus, alertmanager, jaeger, logs } = instance.telemetry!;
    const specs = [
      parseSource('--prometheus', 'metrics', prometheus),
      parseSource('--alertmanager', 'alerts', alertmanager),
      ...(jaeger ? [parseSource('--jaeger', 'traces', jaeger)] : []),
      ...(logs ? [parseSource('--logs', 'logs', logs)] : []),
    ];
    direct = await openSources(specs, { clock, clusterGet: null }, never);
  });
  afterAll(async () => {
    await gateway?.close();
    await downCluster(name, silentReport);
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  it('say what they are', () => {
    const named = direct.opened.map((one) => [one.name.replace(/ at .*/, ''), one.problem]);
    const all = [['Prometheus', null], ['Alertmanager', null], ['Jaeger', null], ['VictoriaLogs', null]]; // prettier-ignore
    expect(named).toEqual(all.slice(0, built ? 4 : 2));
    expect(direct.opened[0]!.version).toMatch(/^\d+\.\d+/);
  });

  it('Prometheus gives samples of now and of a time, with the window of a day and a step of a second', async () => {
    const metrics = direct.sources.metrics!;
    await expect
      .poll(async () => valueOf(await metrics.instant('up{job="kubernetes-pods"}', never)).length, soon)
      .toBeGreaterThan(0);
    const [series] = valueOf(await metrics.instant('count(up)', never));
    expect(Math.abs(series!.samples[0]!.at - Date.now())).toBeLessThan(10_000);
    const window = { from: Date.now() - 86_400_000, to: Date.now(), stepMs: 1_000 };
    const day = await metrics.range('count(up)', window, never);
    expect(day).toMatchObject({ state: 'ok', note: expect.stringMatching(/in steps of 8 s/) as string });
    expect(await metrics.instant('sum(', never)).toMatchObject({
      state: 'unknown', reason: expect.stringMatching(/does not take the question.*parse error/) as string,
    }); // prettier-ignore
    expect(await metrics.instant('vector(0) / 0', never)).toMatchObject({ state: 'ok', value: [] });
    expect(metrics.lagMs).toBeLessThan(60_000);
  });

  it('Alertmanager tells of a fault that no object shows, and of its end; rules tell how long that may take', async () => {
    const alerts = direct.sources.alerts!;
    const firing = async () =>
      valueOf(await alerts.alerts(never)).filter(
        ({ name: alert, state }) => alert === 'ProbeFailing' && state === 'firing',
      );
    await expect.poll(firing, soon).toEqual([]);
    await injectFault(instance, 'wrong-answer');
    await expect.poll(async () => (await firing()).length, soon).toBe(1);
    const [alert] = await firing();
    expect(alert!.labels).toMatchObject({ service: 'frontend' });
    expect(alert!.startsAt).toBeLessThanOrEqual(Date.now());
    expect(alerts.timing.settleMs).toBeLessThan(10 * 60_000);
    await healFault(instance, 'wrong-answer');
    await expect.poll(firing, soon).toEqual([]);
  });

  it.runIf(built)('Jaeger gives whole traces of a service, failed ones alone where asked', async () => {
    const traces = direct.sources.traces!;
    await expect.poll(async () => valueOf(await traces.services(never)), soon).toContain('frontend');
    // What ended just now has not arrived in whole.
    const query = () => ({ service: 'frontend', from: Date.now() - 600_000, to: Date.now() - 10_000, limit: 5 });
    const deep = async () =>
      valueOf(await traces.search(query(), never)).filter(
        (trace) => new Set(trace.map(({ service }) => service)).size > 2,
      );
    await expect.poll(async () => (await deep()).length, soon).toBeGreaterThan(0);
    const [trace] = await deep();
    const ids = new Set(trace!.map(({ id }) => id));
    expect(trace!.filter(({ parent }) => parent === null)).toHaveLength(1);
    expect(trace!.every(({ parent }) => parent === null || ids.has(parent))).toBe(true);
    expect(
      trace!.every(({ startsAt, durationMs }) => Math.abs(startsAt - Date.now()) < 3_600_000 && durationMs >= 0),
    ).toBe(true);
    for (const one of valueOf(await traces.search({ ...query(), errorsOnly: true }, never)))
      expect(one.some(({ isError }) => isError)).toBe(true);
    expect(await traces.search({ ...query(), service: 'nobody' }, never)).toMatchObject({ state: 'ok', value: [] });
  });

  it.runIf(built)('VictoriaLogs gives the newest lines of a namespace, a container, a text', async () => {
    const logs = direct.sources.logs!;
    const query = (more: object = {}) => ({
      namespace: SHOP_NAMESPACE,
      from: Date.now() - 3_600_000,
      to: Date.now(),
      limit: 5,
      ...more,
    });
    const lines = async (more?: object) => valueOf(await logs.search(query(more), never));
    await expect
      .poll(async () => (await lines({ container: 'geo', text: 'LISTENING' })).length, soon)
      .toBeGreaterThan(0);
    const [line] = await lines({ container: 'geo', text: 'LISTENING' });
    expect(line).toMatchObject({ container: 'geo', pod: expect.stringMatching(/^geo-/) as string });
    const found = await lines();
    expect(found.map(({ at }) => at)).toEqual(found.map(({ at }) => at).sort((a, b) => a - b));
    expect(await lines({ pod: line!.pod, text: 'no such text "(' })).toEqual([]);
    expect(await lines({ namespace: 'nowhere' })).toEqual([]);
  });

  it('are asked through the API server, as Services of the cluster', async () => {
    const specs = [
      parseSource('--prometheus', 'metrics', 'svc://monitoring/prometheus:9090'),
      parseSource('--alertmanager', 'alerts', 'svc://monitoring/alertmanager:9093'),
      ...(built ? [parseSource('--jaeger', 'traces', 'svc://monitoring/jaeger-query:16686')] : []),
      ...(built ? [parseSource('--logs', 'logs', 'svc://monitoring/victoria-logs:9428')] : []),
    ];
    const parts = { clock, clusterGet: clusterGet(gateway.upstream) };
    const { sources, opened } = await openSources(specs, parts, never);
    expect(opened.map(({ name: one, problem }) => [one, problem])).toEqual(
      direct.opened.map(({ name: one }) => [one.replace(/ at .*/, ' in monitoring'), null]),
    );
    const [seven] = valueOf(await sources.metrics!.instant('vector(7)', never));
    expect(seven!.samples[0]!.value).toBe(7);
    expect(await sources.alerts!.alerts(never)).toMatchObject({ state: 'ok' });
    const missing = await openSources([parseSource('--logs', 'logs', 'svc://monitoring/nothing:1')], parts, never);
    expect(missing.opened[0]!.problem).toMatch(/there is no Service nothing in monitoring/);
  });
});
