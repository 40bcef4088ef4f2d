import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  COREDNS_IMAGE,
  dnsManifests,
  PROVISIONER_IMAGE,
  PROXY_ROLE,
  STORAGE_CLASS,
  volumeManifests,
} from './addons.ts';
import { ApiClient } from './api-client.ts';
import { startApiServer, startControllers, type StartContext } from './control-plane.ts';
import { busyboxImage, importImage, programImage } from './images.ts';
import { describeInstance, instanceFiles, readRecord } from './instance-record.ts';
import { createNode, PAUSE_IMAGE, startContainerRuntime, startNodeAgents } from './node/real-node.ts';
import { logTail } from './processes.ts';
import type { Report } from './report.ts';
import { createSimulatedNodes, MANY_NODES, SLOW_GRACE_S, startSimulator } from './simulated/simulated-nodes.ts';
import { slotNetwork } from './slots.ts';
import { startTelemetry } from './telemetry/start.ts';
import { TestbedError } from './testbed-error.ts';

const NODE_TIMEOUT_MS = 60_000;
/** Allowed on top for each simulated node. */
const PER_NODE_TIMEOUT_MS = 100;
const WORKLOAD_TIMEOUT_MS = 90_000;

/** Starts all parts of an allocated instance and waits until nodes and cluster services are ready. */
export async function startCluster(context: StartContext, report: Report): Promise<void> {
  const { folder, record } = context;
  const graceSeconds = record.simulatedNodes > MANY_NODES ? SLOW_GRACE_S : undefined;
  const startControlPlane = () =>
    report
      .step('Starting etcd and the API server', () => startApiServer(context))
      .then(() => startControllers(context, graceSeconds));
  if (record.nodes === 'simulated') {
    await startControlPlane();
    const api = new ApiClient(folder, record);
    try {
      await startSimulatedNodes(context, api, report);
      await api.create(STORAGE_CLASS);
    } finally {
      api.close();
    }
    return;
  }
  // The API server listens on the host's end of the link to the node.
  const node = await report.step('Creating the node', () => createNode(context));
  const runtime = report.step('Starting containerd and importing images', async () => {
    await startContainerRuntime(context, node);
    await importImages(context);
  });
  // Whatever fails first, the other half must have stopped starting processes before a teardown begins.
  await settle(startControlPlane(), runtime);
  const api = new ApiClient(folder, record);
  try {
    await api.create(PROXY_ROLE);
    await startNodeAgents(context, node);
    for (const manifest of [...dnsManifests(slotNetwork(record.slot)), ...volumeManifests()])
      await api.create(manifest);
    await report.step('Waiting for the node to be Ready', () => waitForNodes(context, api, 1, 'kubelet'));
    await report.step('Waiting for cluster DNS and volumes', async (progress) => {
      for (const [namespace, name] of CLUSTER_SERVICES) {
        progress(name);
        await waitForDeployment(context, api, namespace, name);
      }
    });
    if (record.simulatedNodes > 0) await startSimulatedNodes(context, api, report);
    if (record.telemetry) await startTelemetry(context, record.telemetry, node, api, report);
  } finally {
    api.close();
  }
}

const CLUSTER_SERVICES = [
  ['kube-system', 'coredns'],
  ['local-path-storage', 'local-path-provisioner'],
] as const;

async function startSimulatedNodes(context: StartContext, api: ApiClient, report: Report): Promise<void> {
  const { simulatedNodes, nodes } = context.record;
  if (simulatedNodes === 0) return;
  await report.step(`Starting ${simulatedNodes} simulated nodes`, async () => {
    await startSimulator(context);
    await createSimulatedNodes(api, simulatedNodes, nodes === 'real');
    await waitForNodes(context, api, simulatedNodes + (nodes === 'real' ? 1 : 0), 'kwok');
  });
}

async function importImages(context: StartContext): Promise<void> {
  const { binaries, folder } = context;
  const instance = describeInstance(folder, readRecord(folder)!);
  const images = [
    programImage(PAUSE_IMAGE, binaries.get('pause')!),
    programImage(COREDNS_IMAGE, binaries.get('coredns')!),
    programImage(PROVISIONER_IMAGE, binaries.get('local-path-provisioner')!),
    await busyboxImage(),
  ];
  await Promise.all(images.map((image) => importImage(instance, image)));
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function waitForNodes(context: StartContext, api: ApiClient, count: number, component: string): Promise<void> {
  const timeoutMs = NODE_TIMEOUT_MS + count * PER_NODE_TIMEOUT_MS;
  await waitUntil(context, component, `${count} Ready nodes`, timeoutMs, async () => {
    const { status, body } = await api.send('GET', '/api/v1/nodes');
    const items = status === 200 ? (body as { items: Conditioned[] }).items : [];
    return items.filter((node) => isTrue(node, 'Ready')).length >= count;
  });
}

async function waitForDeployment(
  context: StartContext,
  api: ApiClient,
  namespace: string,
  name: string,
): Promise<void> {
  await waitUntil(context, 'kubelet', `deployment ${namespace}/${name}`, WORKLOAD_TIMEOUT_MS, async () => {
    const { status, body } = await api.send('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
    return status === 200 && isTrue(body as Conditioned, 'Available');
  });
}

function isTrue(object: Conditioned, type: string): boolean {
  return object.status?.conditions?.some((entry) => entry.type === type && entry.status === 'True') ?? false;
}

async function waitUntil(
  context: StartContext,
  component: string,
  what: string,
  timeoutMs: number,
  done: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await done())) {
    if (performance.now() > deadline) {
      const log = join(instanceFiles(context.folder).logs, `${component}.log`);
      throw new TestbedError(`gave up waiting for ${what} after ${timeoutMs / 1000} s`, logTail(log));
    }
    await sleep(100);
  }
}

/** Waits for both, then fails with the first failure. */
async function settle(...work: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
