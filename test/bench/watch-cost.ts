import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from '../../scripts/build.ts';
import { median } from '../catalogue/run/figures.ts';
import { Records } from '../catalogue/run/records.ts';
import type { WatchCostReport } from '../catalogue/telemetry/report.ts';
import { COST_ROWS } from '../catalogue/telemetry/report.ts';
import { Api } from '../judge/api.ts';
import { untilObjects } from '../judge/wait.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';
import { mustRun } from '../testbed/run-command.ts';
import { processorOf } from './timed.ts';
import type { Answered } from './watch/made-sources.ts';
import { MadeSources } from './watch/made-sources.ts';

export const usage =
  '[--services 1000] [--spans 10000] [--minutes 4] [--interval 15] [--prometheus-only] [--keep-profile FOLDER]';

const CLI = join(import.meta.dirname, '..', '..', 'bin', 'stratus');
const NAMESPACE = 'fleet';
const NODES = 20;
const DEPLOYED_MS = 600_000;
/** Series that a Prometheus would hold of one service: buckets, counters, containers. */
const SERIES_PER_SERVICE = 100;
/** Requests of one look follow each other faster than this. */
const BETWEEN_LOOKS_MS = 3_000;
const SAMPLE_MS = 1_000;

/**
 * What `stratus watch`, as it is shipped, costs beside a fleet of healthy services: objects on a real API server with simulated
 * nodes, metrics and traces from a server that speaks the APIs of Prometheus and Jaeger. Processor and memory are the process's
 * own, as Linux counts them.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: 'string', default: '1000' },
      spans: { type: 'string', default: '10000' },
      minutes: { type: 'string', default: '4' },
      interval: { type: 'string', default: '15' },
      'prometheus-only': { type: 'boolean', default: false },
      'keep-profile': { type: 'string' },
    },
  });
  const [services, spans, minutes, interval] = (['services', 'spans', 'minutes', 'interval'] as const).map((name) => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not '${values[name]}'`);
    return value;
  }) as [number, number, number, number];
  const report = new StreamReport();
  const name = `bench-${process.pid}`;
  await report.step('Bundling the command', () => buildAll());
  const instance = await upCluster({ name, nodes: 'simulated', simulatedNodes: NODES }, report);
  const folder = mkdtempSync(join(tmpdir(), 'stratus-watch-cost-'));
  let sources: MadeSources | undefined;
  try {
    const names = Array.from({ length: services }, (_, index) => `app-${index}`);
    const pods = await report.step(`Deploying ${services} services`, () => deploy(instance, folder, names));
    sources = await MadeSources.open({ namespace: NAMESPACE, services: names, pods, spansPerMinute: spans });
    const traces = values['prometheus-only'] ? [] : ['--traces', sources.url];
    const argv = [
      'watch',
      '--json',
      '-n',
      NAMESPACE,
      '--prometheus',
      sources.url,
      ...traces,
      '--interval',
      String(interval),
    ];
    const profile = values['keep-profile'];
    const measured = await report.step(`Watching for ${minutes} min`, () =>
      watch(argv, environment(instance, folder, profile), minutes * 60_000),
    );
    const row: WatchCostReport = {
      ...{ entry: 'watch', seed: 1, minutes, ...measured, ...looksOf(sources.answered, minutes) },
      what: `${services} services, ${services * SERIES_PER_SERVICE} series, ${traces.length > 0 ? spans : 0} spans a minute, a look every ${interval} s`,
    };
    new Records(COST_ROWS, {}).keep(row);
    show(row);
    process.exitCode = row.share < 0.05 && row.peak < 150 && row.incidents === 0 && row.unknown === 0 ? 0 : 1;
  } finally {
    await sources?.close();
    rmSync(folder, { recursive: true, force: true });
    await downCluster(name, report);
  }
}

function environment(instance: Instance, folder: string, profile: string | undefined): NodeJS.ProcessEnv {
  return {
    ...process.env,
    KUBECONFIG: instance.kubeconfig,
    STRATUS_HOME: join(folder, 'home'),
    STRATUS_NODE: process.execPath,
    ...(profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {}),
  };
}

/** @returns the pods, in the order of the names */
async function deploy(instance: Instance, folder: string, names: readonly string[]): Promise<string[]> {
  const items = names.flatMap((name, index) => {
    const labels = { app: name };
    const container = {
      ...{ name: 'main', image: 'app.example/main:1', ports: [{ name: 'http', containerPort: 8080 }] },
      env: [{ name: 'NEXT', value: `http://${names[(index + 1) % names.length]}:80` }],
      resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
    };
    const metadata = { name, namespace: NAMESPACE };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    return [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 1, selector: { matchLabels: labels }, template } },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] } },
    ];
  }); // prettier-ignore
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  const file = join(folder, 'fleet.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [namespace, ...items] }));
  await mustRun([instance.kubectl, '--kubeconfig', instance.kubeconfig, 'create', '-f', file], {
    timeoutMs: DEPLOYED_MS,
  });
  const api = new Api(instance.kubeconfig);
  try {
    const pods = await untilObjects(
      api,
      `/api/v1/namespaces/${NAMESPACE}/pods`,
      DEPLOYED_MS,
      'all pods are ready',
      (all) => {
        const ready = all.filter(({ status }) =>
          (status?.conditions ?? []).some(
            (one: { type: string; status: string }) => one.type === 'Ready' && one.status === 'True',
          ),
        );
        return ready.length === names.length ? '' : `${ready.length} of ${names.length}`;
      },
    );
    const byApp = new Map(pods.map(({ metadata }) => [metadata.labels?.app ?? '', metadata.name]));
    return names.map((name) => byApp.get(name)!);
  } finally {
    api.close();
  }
}

/** Runs the watch for a time. Its share is what it took after its first look, which loads and reads everything. */
async function watch(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  forMs: number,
): Promise<Pick<WatchCostReport, 'share' | 'peak' | 'startSeconds' | 'incidents' | 'unknown'>> {
  const child = spawn(CLI, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let over = false;
  void ended.finally(() => (over = true)).catch(() => undefined);
  let [peak, before, since] = [0, 0, 0];
  const end = performance.now() + forMs;
  const settled = performance.now() + START_MS;
  while (!over && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    if (over) break;
    peak = Math.max(peak, peakOf(child.pid));
    if (since === 0 && performance.now() > settled) [before, since] = [processorOf(child.pid), performance.now()];
  }
  if (over) throw new Error(`stratus watch ended with exit code ${await ended}: ${stdout.slice(-500)}`);
  const share = (processorOf(child.pid) - before) / ((performance.now() - since) / 1_000);
  peak = Math.max(peak, peakOf(child.pid));
  child.kill('SIGINT');
  await ended;
  const typesOf = (type: string) => stdout.split(`"type":"${type}"`).length - 1;
  return { share, peak, startSeconds: before, incidents: typesOf('opened'), unknown: typesOf('unknown') };
}

/** What comes before belongs to the beginning. */
const START_MS = 30_000;

/** Megabytes. */
function peakOf(pid: number | undefined): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
}

/** From the first question of a look to the last answer. */
function looksOf(
  answered: readonly Answered[],
  minutes: number,
): Pick<WatchCostReport, 'looks' | 'lookSeconds' | 'requests' | 'megabytes'> {
  const looks: { from: number; to: number }[] = [];
  for (const { from, to } of [...answered].sort((a, b) => a.from - b.from)) {
    const last = looks.at(-1);
    if (last && from - last.to < BETWEEN_LOOKS_MS) last.to = Math.max(last.to, to);
    else looks.push({ from, to });
  }
  const seconds = looks.map(({ from, to }) => (to - from) / 1_000);
  const bytes = answered.reduce((all, one) => all + one.bytes, 0);
  return {
    looks: looks.length,
    lookSeconds: { middle: median(seconds) ?? 0, most: Math.max(0, ...seconds) },
    requests: answered.length / minutes,
    megabytes: bytes / 1e6 / minutes,
  };
}

function show(row: WatchCostReport): void {
  const { what, share, peak, startSeconds, looks, lookSeconds, requests, megabytes, incidents, unknown } = row;
  console.log(what);
  console.log(
    `  processor  ${(share * 100).toFixed(1)} % of one (goal 5 %), ${startSeconds.toFixed(1)} s in the first half minute`,
  );
  console.log(`  memory     ${peak.toFixed(0)} MB at most (goal 150 MB)`);
  console.log(
    `  looks      ${looks}, ${lookSeconds.middle.toFixed(2)} s in the middle, ${lookSeconds.most.toFixed(2)} s at most`,
  );
  console.log(`  asked      ${requests.toFixed(0)} requests and ${megabytes.toFixed(1)} MB a minute`);
  console.log(`  told       ${incidents} incidents (all is well), ${unknown} looks without an answer`);
}
