import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programOf, REAL_NODE_NAME, type StartContext } from '../control-plane.ts';
import { METRICS, TELEMETRY } from '../build.ts';
import { cniFolder } from '../host-packages.ts';
import { instanceFiles, type InstanceRecord } from '../instance-record.ts';
import { childrenOf, isRunning, logTail, startDaemon, startTimeOf, type ProcessRecord } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { slotNetwork } from '../slots.ts';
import { TestbedError } from '../testbed-error.ts';
import { cgroupName, createCgroup } from './cgroups.ts';
import { CONTAINERD_SOCKET, createNodeNamespace, enterNode, NODE_BIN, NODE_DATA } from './node-namespace.ts';

export const PAUSE_IMAGE = 'testbed.local/pause:1';
export const NODE_EXPORTER = 'prometheus-node-exporter';
const NODE_PROGRAMS = ['kubelet', 'kube-proxy'] as const;

/** containerd's snapshotter for a folder: overlayfs, or plain copies where the folder is itself on an overlay. */
export function chooseSnapshotter(folder: string): string {
  const OVERLAYFS_MAGIC = 0x794c7630;
  return statfsSync(folder).type === OVERLAYFS_MAGIC ? 'native' : 'overlayfs';
}

/** Creates the node's namespaces and its network link. Returns the host pid of the node's process 1. */
export async function createNode(context: StartContext): Promise<number> {
  const { folder, record } = context;
  const files = instanceFiles(folder);
  const data = join(files.node, 'data');
  mkdirSync(join(data, 'cni'), { recursive: true, mode: 0o700 });
  writeFileSync(join(data, 'containerd.toml'), containerdConfig(record));
  writeFileSync(join(data, 'cni', '10-pods.conflist'), JSON.stringify(podNetwork(record), null, 2));
  createCgroup(record.name);
  // Servers of telemetry are mounted into their pods from here.
  const built = record.telemetry === 'all' ? TELEMETRY : METRICS;
  const telemetry = record.telemetry ? [...context.debianPrograms.keys(), ...built] : [];
  return createNodeNamespace({
    pause: programOf(context, 'pause'),
    programs: Object.fromEntries([...NODE_PROGRAMS, ...telemetry].map((name) => [name, programOf(context, name)])),
    folder: files.node,
    logs: files.logs,
    network: slotNetwork(record.slot),
    instanceId: record.id,
    onProcess: context.onProcess,
    onLink: context.onLink,
  });
}

/** Starts containerd in the node and waits until it answers. */
export async function startContainerRuntime(context: StartContext, init: number): Promise<void> {
  const argv = ['containerd', '--config', `${NODE_DATA}/containerd.toml`];
  await waitForContainerd(init, await startInNode(context, init, 'containerd', argv));
}

/** Starts kubelet and kube-proxy; the API server must be ready. */
export async function startNodeAgents(context: StartContext, init: number): Promise<void> {
  const { folder, record } = context;
  const files = instanceFiles(folder);
  const network = slotNetwork(record.slot);
  const data = join(files.node, 'data');
  for (const name of ['ca.crt', 'kubelet.crt', 'kubelet.key', 'kubelet.kubeconfig', 'kube-proxy.kubeconfig']) {
    writeFileSync(join(data, name), readFileSync(join(files.pki, name)), { mode: 0o600 });
  }
  // JSON is YAML; a kubelet reads either.
  writeFileSync(join(data, 'kubelet.json'), JSON.stringify(kubeletConfig(record), null, 2));
  await startInNode(context, init, 'kubelet', [
    `${NODE_BIN}/kubelet`,
    `--config=${NODE_DATA}/kubelet.json`,
    `--kubeconfig=${NODE_DATA}/kubelet.kubeconfig`,
    `--hostname-override=${REAL_NODE_NAME}`,
    `--node-ip=${network.nodeAddress}`,
  ]);
  await startInNode(context, init, 'kube-proxy', [
    `${NODE_BIN}/kube-proxy`,
    `--kubeconfig=${NODE_DATA}/kube-proxy.kubeconfig`,
    `--hostname-override=${REAL_NODE_NAME}`,
    '--proxy-mode=nftables',
    `--cluster-cidr=${network.podCidr}`,
    // The limit belongs to the host and is not ours to change.
    '--conntrack-max-per-core=0',
  ]);
}

/** Starts a program inside the node whose process 1 has this host pid. */
export async function startInNode(
  context: StartContext,
  init: number,
  name: string,
  argv: readonly string[],
): Promise<ProcessRecord> {
  const log = join(instanceFiles(context.folder).logs, `${name}.log`);
  const [command = '', ...args] = enterNode(init, argv);
  const outside = await startDaemon({ name: `${name}-holder`, command, args, log, cwd: '/' }, context.record.id);
  context.onProcess(outside);
  // nsenter stays outside as the parent of the program it started inside.
  const deadline = performance.now() + 5000;
  for (;;) {
    const [pid] = childrenOf(outside.pid);
    const startTime = pid === undefined ? undefined : startTimeOf(pid);
    if (pid !== undefined && startTime !== undefined) {
      const inside = { name, pid, startTime, log };
      context.onProcess(inside);
      return inside;
    }
    if (!isRunning(outside) || performance.now() > deadline) {
      throw new TestbedError(`${name} did not start in the node`, logTail(log));
    }
    await sleep(10);
  }
}

async function waitForContainerd(init: number, containerd: ProcessRecord): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { code } = await runCommand(enterNode(init, ['ctr', '--connect-timeout', '1s', 'version']), {
      timeoutMs: 5000,
    });
    if (code === 0) return;
    if (!isRunning(containerd) || performance.now() > deadline) {
      throw new TestbedError('containerd did not become ready', logTail(containerd.log));
    }
    await sleep(50);
  }
}

function containerdConfig(record: InstanceRecord): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd/state"
[grpc]
address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# Without the right to raise a process's priority runc could not start anything.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "${record.snapshotter ?? 'overlayfs'}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${cniFolder()}"
conf_dir = "${NODE_DATA}/cni"
`;
}

/**
 * Every pod has a link of its own to the node, so that all its traffic is routed and Services work without the
 * host's bridge filter settings.
 */
function podNetwork(record: InstanceRecord): unknown {
  const { podCidr } = slotNetwork(record.slot);
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni-addresses',
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

function kubeletConfig(record: InstanceRecord): unknown {
  const network = slotNetwork(record.slot);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${NODE_DATA}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    address: network.nodeAddress,
    tlsCertFile: `${NODE_DATA}/kubelet.crt`,
    tlsPrivateKeyFile: `${NODE_DATA}/kubelet.key`,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName(record.name)}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    clusterDNS: [network.dnsAddress],
    clusterDomain: 'cluster.local',
    // Nothing outside the cluster is to be resolved.
    resolvConf: '',
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    maxPods: 200,
    podPidsLimit: 500,
    // A cached Secret or ConfigMap would delay a fix by up to a minute.
    configMapAndSecretChangeDetectionStrategy: 'Watch',
    serializeImagePulls: false,
    // What is measured, and files of ConfigMaps and Secrets in running pods, are renewed every minute as it comes.
    ...(record.telemetry ? { volumeStatsAggPeriod: '10s', syncFrequency: '10s' } : {}),
  };
}
