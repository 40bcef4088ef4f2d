import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../judge/random.ts';
import { SHOP_NAMESPACE } from '../app/topology.ts';
import { ensureDebianPrograms } from '../debian-programs.ts';
import { instanceFiles, type Instance } from '../instance-record.ts';
import type { Report } from '../report.ts';
import { mustRun } from '../run-command.ts';
import { TestbedError } from '../testbed-error.ts';
import { askPrometheus } from './ask-prometheus.ts';
import { PROMETHEUS_DATA } from './prometheus.ts';
import { Past, type LiveSeries } from './history-series.ts';

export const MAX_HISTORY_HOURS = 7 * 24;
/** Live samples that the past is made of. */
const SAMPLE_SECONDS = 60;
const SAMPLE_TIMEOUT_MS = 150_000;
/** Prometheus looks for new blocks every minute. */
const FOUND_TIMEOUT_MS = 120_000;
/** A block as Prometheus makes them; promtool reads its whole input again for each. */
const BLOCK_SECONDS = 2 * 3600;

/** What baselines are made of: of the application, and of the containers, volumes and probes around it. */
const SELECTED = [
  'http_requests_total',
  'http_request_duration_seconds_.*',
  'http_requests_in_flight',
  'dependency_.*',
  'store_pool_.*',
  'hotels_answered_total',
  'process_(resident_memory_bytes|cpu_seconds_total)',
  'go_memstats_heap_alloc_bytes',
  'container_(memory_working_set_bytes|spec_memory_limit_bytes|cpu_usage_seconds_total)',
  'kubelet_volume_stats_(used|capacity|available)_bytes',
  'probe_(success|duration_seconds|ssl_earliest_cert_expiry)',
  'up',
].join('|');

/**
 * Gives Prometheus a past in which the application ran as it does now, healthy and with the noise of real load, made of the
 * very series it has: baselines need no hours of waiting. Waits for a minute of live samples, and until the past is found.
 */
export async function seedHistory(instance: Instance, hours: number, report: Report): Promise<void> {
  const { telemetry } = instance;
  if (!telemetry) throw new TestbedError(`instance ${instance.name} has no telemetry to give a history to`);
  const live = await report.step(`Measuring the healthy application for ${SAMPLE_SECONDS} s`, () =>
    untilMeasured(telemetry.prometheus),
  );
  const folder = join(instanceFiles(instance.stateFolder).node, 'data', PROMETHEUS_DATA);
  const promtool = (await ensureDebianPrograms(['promtool'], report)).get('promtool')!;
  const end = Math.floor(live.startedAt);
  // Rates over a minute still have samples in a day's history; beyond that the files would be too many.
  const step = hours <= 24 ? 15 : 60;
  if (await isThere(telemetry.prometheus, end - hours * 1800)) return report.notice('there is a history already');
  const random = createRandom(15, 'history');
  const past = new Past(live.series, end, () => random.int(0, 1e6) / 1e6);
  await report.step(`Writing ${hours} hours of history (${live.series.length} series)`, async (progress) => {
    const staging = join(folder, 'history');
    for (let from = end - hours * 3600; from < end; from = nextBlock(from)) {
      progress(new Date(from * 1000).toISOString().slice(0, 16));
      mkdirSync(staging, { recursive: true });
      const file = join(staging, 'past.txt');
      writeLines(file, past.lines(from, Math.min(nextBlock(from), end), step));
      await mustRun([promtool, 'tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'tsdb')], {
        timeoutMs: 300_000,
      });
      rmSync(staging, { recursive: true, force: true });
    }
  });
  await report.step('Waiting until Prometheus has the history', () =>
    untilFound(telemetry.prometheus, end - hours * 1800),
  );
}

function nextBlock(time: number): number {
  return (Math.floor(time / BLOCK_SECONDS) + 1) * BLOCK_SECONDS;
}

interface Live {
  readonly series: LiveSeries[];
  /** When Prometheus began, seconds since the epoch: the past ends there. */
  readonly startedAt: number;
}

async function untilMeasured(prometheus: string): Promise<Live> {
  const begun = (await askPrometheus(prometheus, 'status/runtimeinfo')) as { startTime: string };
  const deadline = performance.now() + SAMPLE_TIMEOUT_MS;
  for (;;) {
    const query = `{__name__=~"${SELECTED}",namespace="${SHOP_NAMESPACE}"}[${SAMPLE_SECONDS}s]`;
    const { result } = (await askPrometheus(prometheus, 'query', { query })) as { result: RangeSeries[] };
    const long = result.filter(({ values }) => values.at(-1)![0] - values[0]![0] > SAMPLE_SECONDS * 0.75);
    // Some series are rare; most are there from the beginning.
    if (long.length > 100 && long.length > result.length * 0.9) {
      const series = long.map(({ metric, values }) => ({
        labels: metric,
        samples: values.map(([time, value]) => [time, Number(value)] as const),
      }));
      return { series, startedAt: Date.parse(begun.startTime) / 1000 };
    }
    if (performance.now() > deadline) {
      throw new TestbedError(`only ${long.length} of ${result.length} series were scraped for ${SAMPLE_SECONDS} s`);
    }
    await sleep(1000);
  }
}

interface RangeSeries {
  metric: Record<string, string>;
  values: [number, string][];
}

async function untilFound(prometheus: string, time: number): Promise<void> {
  const deadline = performance.now() + FOUND_TIMEOUT_MS;
  while (!(await isThere(prometheus, time))) {
    if (performance.now() > deadline) throw new TestbedError('Prometheus does not find the history that was written');
    await sleep(1000);
  }
}

/** @param time seconds since the epoch */
async function isThere(prometheus: string, time: number): Promise<boolean> {
  const words = { query: 'http_requests_total', time: String(time) };
  const { result } = (await askPrometheus(prometheus, 'query', words)) as { result: unknown[] };
  return result.length > 0;
}

function writeLines(path: string, lines: Iterable<string>): void {
  const file = openSync(path, 'w');
  let buffer = '';
  for (const line of lines) {
    buffer += line;
    if (buffer.length > 1 << 20) {
      writeSync(file, buffer);
      buffer = '';
    }
  }
  writeSync(file, `${buffer}# EOF\n`);
  closeSync(file);
}
