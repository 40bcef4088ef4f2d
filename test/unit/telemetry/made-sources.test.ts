import { afterEach, expect, it } from 'vitest';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../src/domain/signal-settings.ts';
import type { Answer } from '../../../src/domain/telemetry.ts';
import { requestQuery } from '../../../src/signals/incident-types/request-asks.ts';
import { openSources } from '../../../src/telemetry/open-sources.ts';
import { parseSource } from '../../../src/telemetry/settings/parse-source.ts';
import { MadeSources } from '../../bench/watch/made-sources.ts';

const never = new AbortController().signal;
const clock = new SystemClock();
let made: MadeSources | undefined;

afterEach(() => made?.close());

function valueOf<T>(answer: Answer<T>): T {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

it('the servers beside which a watch is measured are understood by its adapters', async () => {
  const services = ['app-0', 'app-1', 'app-2', 'app-3'];
  const pods = services.map((name) => `${name}-1-a`);
  made = await MadeSources.open({ namespace: 'fleet', services, pods, spansPerMinute: 4_000 });
  const specs = [parseSource('--prometheus', 'metrics', made.url), parseSource('--traces', 'traces', made.url)];
  const { sources, opened } = await openSources(specs, { clock, clusterGet: null }, never);
  expect(opened.map(({ problem }) => problem)).toEqual([null, null]);
  expect(opened.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^Prometheus/),
    expect.stringMatching(/^Jaeger/),
  ]);
  const { metrics, alerts, traces } = sources;
  expect(metrics!.lagMs).toBe(15_000);

  const [metric, other] = DEFAULT_SIGNAL_SETTINGS.requests;
  const window = { from: Date.now() - 3_600_000, to: Date.now(), stepMs: 30_000 };
  for (const part of ['p99', 'timed', 'answered'] as const) {
    const series = valueOf(await metrics!.range(requestQuery(metric!, part, DEFAULT_SIGNAL_SETTINGS), window, never));
    expect(series.map(({ labels }) => labels.service_name)).toEqual(services);
    expect(series[0]!.samples).toHaveLength(121);
  }
  const absent = requestQuery(other!, 'p99', DEFAULT_SIGNAL_SETTINGS);
  expect(valueOf(await metrics!.range(absent, window, never))).toEqual([]);
  // Weeks that are not kept any more are empty, as they are for Prometheus.
  const old = { from: window.from - 21 * 86_400_000, to: window.to - 21 * 86_400_000, stepMs: 60_000 };
  expect(valueOf(await metrics!.range('container_memory_working_set_bytes', old, never))).toEqual([]);

  expect(valueOf(await alerts!.alerts(never)).map(({ name, labels }) => [name, labels.namespace])).toEqual([
    ['QueueLong', 'another'],
  ]);

  expect(valueOf(await traces!.services(never))).toEqual(services);
  const found = valueOf(
    await traces!.search({ service: 'app-1', from: Date.now() - 180_000, to: Date.now(), limit: 5 }, never),
  );
  expect(found).toHaveLength(5);
  for (const spans of found) {
    expect(spans).toHaveLength(20);
    expect(spans.filter(({ parent }) => parent === null)).toHaveLength(1);
    expect(spans[0]!.service).toBe('app-1');
  }
  expect(made.answered.length).toBeGreaterThan(8);
});
