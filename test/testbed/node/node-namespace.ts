import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../instance-record.ts';
import { childrenOf, logTail, startDaemon, startTimeOf, type ProcessRecord } from '../processes.ts';
import { mustRun } from '../run-command.ts';
import type { SlotNetwork } from '../slots.ts';
import { TestbedError } from '../testbed-error.ts';

/**
 * The node is a set of Linux namespaces (processes, mounts, network, System V IPC) whose process 1 is `pause`.
 * When that process dies, by `down` or by accident, the kernel ends every process of the node (containerd, its
 * shims, all pods) and with the last of them go all mounts, the network interfaces on both ends and their routes.
 * So a teardown needs one recorded pid, also after the launcher was killed.
 */

/** Where the node's own data appears inside the node. */
export const NODE_DATA = '/run/testbed';
export const NODE_BIN = '/run/testbed-bin';
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** argv that runs a program inside the node of an instance, with the host's file system outside /run and /var. */
export function insideNode(instance: Pick<Instance, 'name' | 'pids'>, argv: readonly string[]): string[] {
  const init = instance.pids['node'];
  if (!init) throw new TestbedError(`instance ${instance.name} has no real node; start it with --nodes real`);
  return enterNode(init, argv);
}

/** argv that runs a program in the namespaces of the node whose process 1 has this host pid. */
export function enterNode(init: number, argv: readonly string[]): string[] {
  return ['nsenter', '--target', String(init), '--mount', '--pid', '--net', '--ipc', '--', ...argv];
}

export interface NodeNamespaceOptions {
  /** Path of the `pause` binary. */
  readonly pause: string;
  /** Programs to make available in the node as NODE_BIN/NAME, by NAME. */
  readonly programs: Readonly<Record<string, string>>;
  /** Existing folder for the node's data. */
  readonly folder: string;
  readonly logs: string;
  readonly network: SlotNetwork;
  readonly instanceId: string;
  /** Called as soon as a process exists, so that it is on disk before anything else happens. */
  readonly onProcess: (record: ProcessRecord) => void;
  /** Called with the kernel's number of the host interface to the node as soon as it exists. */
  readonly onLink: (index: number) => void;
}

/** Creates the namespaces and links their network to the host. Returns the host pid of the node's process 1. */
export async function createNodeNamespace(options: NodeNamespaceOptions): Promise<number> {
  const log = join(options.logs, 'node.log');
  const holder = await startDaemon(
    {
      name: 'node-holder',
      command: 'unshare',
      args: ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child', '--mount-proc', options.pause],
      log,
      cwd: options.folder,
    },
    options.instanceId,
  );
  options.onProcess(holder);
  const init = await childOf(holder, log);
  options.onProcess({ name: 'node', pid: init, startTime: startTimeOf(init) ?? 'gone', log });
  const programs = Object.entries(options.programs).flat();
  await mustRun(enterNode(init, ['/bin/sh', '-c', MOUNTS, 'sh', options.folder, ...programs]));
  await linkNetwork(init, options);
  return init;
}

/**
 * Gives the node folders of its own where Kubernetes and containerd have fixed paths. The trees are put together
 * below the state folder first and then moved over /run, /var/lib and /var/log, so that it does not matter whether
 * the state folder or the programs are below one of those. Names are looked up where nobody listens: they fail at once,
 * whereas the host's server does not answer from here, and an image that cannot be pulled would show only after its
 * time-outs. (A resolv.conf that links into the host's /run is gone by then, which means the same.)
 */
const MOUNTS = `set -eu
cd "$1"
shift
mkdir -p run lib data kubelet containerd volumes log
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/testbed run/testbed-bin run/containerd run/netns run/lock
while [ $# -gt 0 ]; do
  : > "run/testbed-bin/$1"
  mount --bind "$2" "run/testbed-bin/$1"
  shift 2
done
mount --bind data run/testbed
mount -t tmpfs -o mode=755 tmpfs lib
mkdir -p lib/kubelet lib/containerd lib/cni lib/volumes
mount --bind kubelet lib/kubelet
mount --bind containerd lib/containerd
mount --bind volumes lib/volumes
mount --bind log /var/log
mount --rbind lib /var/lib
mount --rbind run /run
echo 'nameserver 127.0.0.1' > /run/resolv.conf
if [ -e /etc/resolv.conf ]; then mount --bind /run/resolv.conf /etc/resolv.conf; fi
mount --make-rshared /
`;

async function childOf(holder: ProcessRecord, log: string): Promise<number> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const [child] = childrenOf(holder.pid);
    // unshare has finished its work when the child has become the program it was asked to run.
    if (child && commandOf(child) === 'pause') return child;
    if (startTimeOf(holder.pid) === undefined || performance.now() > deadline) {
      throw new TestbedError('cannot create namespaces for a real node; use --nodes simulated', logTail(log));
    }
    await sleep(10);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

async function linkNetwork(init: number, options: NodeNamespaceOptions): Promise<void> {
  const { vethName, hostAddress, nodeAddress, linkPrefix, podCidr } = options.network;
  await mustRun(['ip', 'link', 'add', vethName, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(init)]);
  options.onLink(Number(readFileSync(`/sys/class/net/${vethName}/ifindex`, 'utf8')));
  const commands = [
    ['ip', 'address', 'add', `${hostAddress}/${linkPrefix}`, 'dev', vethName],
    ['ip', 'link', 'set', vethName, 'up'],
    enterNode(init, ['ip', 'address', 'add', `${nodeAddress}/${linkPrefix}`, 'dev', 'eth0']),
    enterNode(init, ['ip', 'link', 'set', 'eth0', 'up']),
    enterNode(init, ['ip', 'link', 'set', 'lo', 'up']),
    enterNode(init, ['ip', 'route', 'add', 'default', 'via', hostAddress]),
    enterNode(init, ['/bin/sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']),
    // Answers to pods, and the API server's service proxy, find their way through the node.
    ['ip', 'route', 'replace', podCidr, 'via', nodeAddress, 'dev', vethName],
  ];
  for (const command of commands) await mustRun(command);
}
