import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';
import { programOf, REAL_NODE_NAME, type StartContext } from '../control-plane.ts';
import type { DebianProgram } from '../debian-programs.ts';
import { buildImage, importImage, programWithLibraries, type TarEntry } from '../images.ts';
import { apiServerUrl, describeInstance, instanceFiles, readRecord, type TelemetryKind } from '../instance-record.ts';
import { logTail } from '../processes.ts';
import type { Report } from '../report.ts';
import { slotNetwork } from '../slots.ts';
import { TestbedError } from '../testbed-error.ts';
import { ALERTMANAGER, SHARED_FILES } from './alertmanager.ts';
import { BLACKBOX } from './blackbox.ts';
import { COLLECTOR } from './collector.ts';
import { startEbpfExporter } from './ebpf-exporter.ts';
import { JAEGER } from './jaeger.ts';
import { KUBE_STATE_METRICS } from './kube-state-metrics.ts';
import { METRICS_API, METRICS_SERVER, untilNodesAreMeasured } from './metrics-server.ts';
import { startNodeExporter } from './node-exporter.ts';
import { prometheus, PROMETHEUS_DATA } from './prometheus.ts';
import { manifestsOf, MONITORING_NAMESPACE, SERVER_IMAGE, type ServerPod } from './server-pod.ts';
import { createSmallVolume } from './small-volume.ts';
import { VICTORIA_LOGS } from './victoria-logs.ts';

/** What of telemetry comes as Debian packages. */
export const DEBIAN_SERVERS = [
  'prometheus',
  'prometheus-alertmanager',
  'prometheus-node-exporter',
  'prometheus-blackbox-exporter',
] as const satisfies readonly DebianProgram[];

const METRICS_PODS: readonly ServerPod[] = [ALERTMANAGER, BLACKBOX];
const BUILT_PODS: readonly ServerPod[] = [VICTORIA_LOGS, JAEGER, COLLECTOR, KUBE_STATE_METRICS, METRICS_SERVER];
const READY_TIMEOUT_MS = 120_000;

/**
 * Starts the servers of telemetry in an instance that is up otherwise, and waits until each is ready.
 * @param node host pid of the node's process 1
 */
export async function startTelemetry(
  context: StartContext,
  kind: TelemetryKind,
  node: number,
  api: ApiClient,
  report: Report,
): Promise<void> {
  await report.step('Starting the servers of telemetry', async (progress) => {
    await startNodeExporter(context, node);
    if (kind === 'all') await startEbpfExporter(context, node);
    await createSmallVolume(context, node, api, report);
    await importServerImage(context);
    mkdirSync(join(instanceFiles(context.folder).node, 'data', PROMETHEUS_DATA, 'targets'), { recursive: true });
    await api.create({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: MONITORING_NAMESPACE } } as never);
    const pods = [
      ...METRICS_PODS,
      ...(kind === 'all' ? BUILT_PODS : []),
      prometheus(placeOf(context, kind), !context.record.noRules),
    ];
    for (const manifest of pods.flatMap(manifestsOf)) await api.create(manifest);
    for (const pod of pods) {
      progress(pod.name);
      await untilReady(context, api, pod);
    }
    if (kind !== 'all') return;
    progress('figures of the node');
    await api.create(METRICS_API);
    await untilNodesAreMeasured(api);
  });
}

function placeOf({ record }: StartContext, kind: TelemetryKind) {
  const { nodeAddress } = slotNetwork(record.slot);
  return {
    kind,
    cluster: record.name,
    nodeName: REAL_NODE_NAME,
    nodeAddress,
    apiServer: new URL(apiServerUrl(record)).host,
  };
}

/** An image without a program: what those of Debian need of this machine, and what they open at fixed paths. */
async function importServerImage(context: StartContext): Promise<void> {
  const files = new Map<string, TarEntry>();
  for (const name of DEBIAN_SERVERS) {
    const program = programOf(context, name);
    for (const file of (await programWithLibraries(program, name)).slice(1)) files.set(file.name, file);
  }
  const share = join(dirname(programOf(context, 'prometheus-alertmanager')), '..', 'share');
  for (const path of SHARED_FILES) {
    files.set(path, { name: `usr/share/${path}`, data: readFileSync(join(share, path)) });
  }
  const image = buildImage({
    name: SERVER_IMAGE,
    files: [...files.values(), { name: 'tmp/', mode: 0o1777 }],
    entrypoint: ['/none'],
  });
  await importImage(describeInstance(context.folder, readRecord(context.folder)!), image);
}

async function untilReady({ folder }: StartContext, api: ApiClient, pod: ServerPod): Promise<void> {
  const { name, namespace = MONITORING_NAMESPACE } = pod;
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { body } = await api.send('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
    if ((body as { status?: { readyReplicas?: number } }).status?.readyReplicas === 1) return;
    if (performance.now() > deadline) {
      const log = lastWords(join(instanceFiles(folder).node, 'log', 'pods'), `${namespace}_${name}-`);
      throw new TestbedError(`${name} was not ready within ${READY_TIMEOUT_MS / 1000} s`, log);
    }
    await sleep(100);
  }
}

/** The end of the output of a pod's containers, which goes with the node. */
function lastWords(folder: string, pod: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.startsWith(pod) && file.endsWith('.log'))
    .map((file) => logTail(join(folder, file)))
    .join('\n');
}
