import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../scripts/build.ts';
import { ensureBinaries } from '../testbed/build.ts';
import { downCluster, type Instance, upCluster } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';
import { runCommand } from '../testbed/run-command.ts';
import type { Cost } from './rule-costs.ts';
import { diagnosisCosts } from './rule-costs.ts';
import { processorOf, timed, type TimedRun } from './timed.ts';

const CLI = join(import.meta.dirname, '..', '..', 'bin', 'stratus');
const NODES = Number(process.env.STRATUS_BENCH_NODES ?? 1_000);
const SIZES = [1_000, Number(process.env.STRATUS_BENCH_PODS ?? 10_000)];
const PODS_PER_WORKLOAD = 50;
const WAIT_MS = 15 * 60_000;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Bytes that a client got from the API server, counted on a plain TCP relay: TLS goes through as it is. */
class Meter {
  received = 0;
  readonly kubeconfig: string;
  readonly #server;

  private constructor(kubeconfig: string, server: ReturnType<typeof createServer>) {
    this.kubeconfig = kubeconfig;
    this.#server = server;
  }

  static async open(instance: Instance, folder: string): Promise<Meter> {
    const { hostname, port } = new URL(instance.apiServerUrl);
    const relay = (client: Socket) => {
      const upstream = connect(Number(port), hostname);
      upstream.on('data', (chunk) => (meter.received += chunk.length));
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        socket.on('error', () => {
          client.destroy();
          upstream.destroy();
        });
      }
    };
    const server = createServer(relay);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = readFileSync(instance.kubeconfig, 'utf8').replace(instance.apiServerUrl, address);
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, text, { mode: 0o600 });
    const meter = new Meter(kubeconfig, server);
    return meter;
  }

  close(): void {
    this.#server.close();
  }
}

/** Workloads of one namespace with a Service each; one Service sends to a port that nobody serves. */
function application(namespace: string, workloads: number): object {
  const items = Array.from({ length: workloads }, (_, index) => {
    const name = `app-${index}`;
    const labels = { app: name };
    const container = {
      name: 'main',
      image: 'app.example/main:1',
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [{ name: 'NEXT', value: `app-${(index + 1) % workloads}:80` }],
      resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
    };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    const spec = { replicas: PODS_PER_WORKLOAD, selector: { matchLabels: labels }, template };
    const targetPort = index === workloads - 1 ? 'wrong' : 'http';
    return [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace },
        spec: { selector: labels, ports: [{ port: 80, targetPort }] },
      },
    ];
  });
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  return { apiVersion: 'v1', kind: 'List', items: [own, ...items.flat()] };
}

async function deploy(instance: Instance, folder: string, namespace: string, pods: number): Promise<void> {
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(
      [instance.kubectl, '--kubeconfig', instance.kubeconfig, ...args],
      { timeoutMs: WAIT_MS },
    );
    if (code !== 0) throw new Error(stderr.slice(-500));
    return stdout;
  };
  const file = join(folder, `${namespace}.json`);
  writeFileSync(file, JSON.stringify(application(namespace, pods / PODS_PER_WORKLOAD)));
  await kubectl('create', '-f', file);
  await kubectl(
    '-n',
    namespace,
    'wait',
    '--for=condition=Available',
    'deployment',
    '--all',
    `--timeout=${WAIT_MS / 1000}s`,
  );
}

/** Share of a processor that the control plane takes while nothing happens, and for how long it may take to get there. */
const IDLE_SHARE = 0.25;
const IDLE_LOOK_MS = 3_000;

/** Waits until the API server has digested what was made: it is no part of what is measured. */
async function idle({ pids }: Pick<Instance, 'pids'>): Promise<void> {
  const pid = pids['kube-apiserver'];
  const end = performance.now() + WAIT_MS;
  for (let before = processorOf(pid); performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
    const now = processorOf(pid);
    if ((now - before) / (IDLE_LOOK_MS / 1_000) < IDLE_SHARE) return;
    before = now;
  }
}

interface Row {
  what: string;
  run: TimedRun;
  megabytes: number;
  found: boolean;
}

function show({ what, run, megabytes, found }: Row): void {
  const verdict = found ? 'fault found' : 'fault not found';
  say(
    `${what.padEnd(34)} ${run.seconds.toFixed(2).padStart(7)} s   processor ${run.processor.toFixed(2).padStart(7)} s   peak ${run.peak.toFixed(0).padStart(5)} MB   from the API ${megabytes.toFixed(1).padStart(6)} MB   ${verdict}`,
  );
}

/** Cheaper rules are told together. */
const SHOWN_MS = 1;

/** In a process that has just run none of it: the first rule to look at something pays for its index. */
function showCosts(costs: readonly Cost[]): void {
  const line = ({ of, processor, reads, bytes }: Cost) => {
    const asked = reads > 0 ? `   ${String(reads).padStart(3)} reads ${(bytes / 1e6).toFixed(2).padStart(7)} MB` : '';
    say(`  ${of.padEnd(32)} ${processor.toFixed(1).padStart(8)} ms${asked}`);
  };
  const [before, ...rules] = costs;
  if (before) line(before);
  const shown = rules.filter(({ processor, reads }) => processor >= SHOWN_MS || reads > 0);
  for (const cost of shown.sort((a, b) => b.processor - a.processor)) line(cost);
  const others = rules.filter((cost) => !shown.includes(cost));
  line(summed(`${others.length} cheaper rules`, others));
  line(summed(`all ${rules.length} rules`, rules));
}

function summed(of: string, costs: readonly Cost[]): Cost {
  const sum = (pick: (cost: Cost) => number) => costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    of,
    processor: sum(({ processor }) => processor),
    reads: sum(({ reads }) => reads),
    bytes: sum(({ bytes }) => bytes),
  };
}

/**
 * A whole diagnosis of one namespace with thousands of pods on a thousand simulated nodes by the bundled command, beside
 * popeye (and k8sgpt where it is on the PATH) on the same cluster: seconds by the clock, memory of the process, bytes from
 * the API server; then what each rule costs.
 */
export async function bench(): Promise<void> {
  const report = new StreamReport();
  const name = `bench-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'stratus-analyze-'));
  let meter: Meter | null = null;
  try {
    const popeye = (await ensureBinaries(['popeye'], report)).get('popeye')!;
    await report.step('Bundling the command', () => buildAll());
    const instance = await upCluster({ name, nodes: 'simulated', simulatedNodes: NODES }, report);
    meter = await Meter.open(instance, folder);
    const run = (program: string, args: string[], kubeconfig: string) =>
      timed(program, args, {
        env: {
          ...process.env,
          KUBECONFIG: kubeconfig,
          STRATUS_HOME: join(folder, 'home'),
          STRATUS_NODE: process.execPath,
        },
        keepOutput: true,
      });
    const counting = meter;
    /** The relay that counts takes time of its own: what is timed goes without it. */
    const measured = async (what: string, program: string, args: string[], isFound: (text: string) => boolean) => {
      const timedRun = await run(program, args, instance.kubeconfig);
      if (!timedRun) return null;
      const before = counting.received;
      await run(program, args, counting.kubeconfig);
      const row = {
        what,
        run: timedRun,
        megabytes: (counting.received - before) / 1e6,
        found: isFound(timedRun.stdout),
      };
      show(row);
      return row;
    };
    const rows: Row[] = [];
    for (const pods of SIZES) {
      const namespace = `scale-${pods}`;
      await report.step(`${pods} pods on ${NODES} nodes`, () => deploy(instance, folder, namespace, pods));
      await report.step('Waiting until the control plane is idle', () => idle(instance));
      const culprit = `app-${pods / PODS_PER_WORKLOAD - 1}`;
      const argv = ['diagnose', '-n', namespace, '--json'];
      const found = (text: string) => text.includes(culprit) && text.includes('targetPort');
      const own = await measured(`stratus diagnose, ${pods} pods`, CLI, argv, found);
      if (own?.run.code !== 0)
        throw new Error(`stratus diagnose ended with exit code ${own?.run.code}: ${CLI} ${argv.join(' ')}`);
      rows.push(own);
      if (pods !== SIZES.at(-1)) continue;
      const peers = [
        ['popeye', popeye, ['-n', namespace, '-o', 'json', '--force-exit-zero']],
        ['k8sgpt', 'k8sgpt', ['analyze', '-n', namespace, '-o', 'json']],
      ] as const;
      for (const [peer, program, args] of peers) {
        const other = await measured(`${peer}, ${pods} pods`, program, [...args], (text) => text.includes(culprit));
        say(
          other
            ? `${peer} takes ${(other.run.seconds / own.run.seconds).toFixed(1)} times as long`
            : `${peer} is not there`,
        );
      }
      say(`what the parts of a diagnosis of ${pods} pods cost:`);
      showCosts(await diagnosisCosts(instance.kubeconfig, instance.context, namespace));
    }
    const [small, large] = [rows[0]!.run, rows.at(-1)!.run];
    const grown = (pick: (run: TimedRun) => number) => (pick(large) / pick(small)).toFixed(1);
    say(
      `${SIZES.at(-1)! / SIZES[0]!} times the pods: ${grown(({ seconds }) => seconds)} times the seconds, ${grown(({ processor }) => processor)} times the processor, ${grown(({ peak }) => peak)} times the memory`,
    );
  } finally {
    meter?.close();
    await downCluster(name, report);
    rmSync(folder, { recursive: true, force: true });
  }
}
