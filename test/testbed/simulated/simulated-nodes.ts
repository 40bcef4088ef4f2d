import { join } from 'node:path';
import type { Manifest } from '../addons.ts';
import type { ApiClient } from '../api-client.ts';
import { startComponent, type StartContext } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { slotNetwork } from '../slots.ts';

/** Marks the nodes that kwok plays; the real one stays untouched. */
const MARK = 'kwok.x-k8s.io/node';
const ZONES = ['zone-a', 'zone-b', 'zone-c'];

/** From here on lease renewals alone would keep the API server busy; they become rarer, and so is their absence noted. */
export const MANY_NODES = 50;
/** A node renews its lease four times within its duration. */
const DEFAULT_LEASE_S = 40;
const SLOW_LEASE_S = 160;
/** Time without a renewal after which the controller manager calls one of many nodes NotReady. */
export const SLOW_GRACE_S = 200;

/** Starts kwok. Beside a real node claims are left to the real provisioner. */
export async function startSimulator(context: StartContext): Promise<void> {
  const { folder, record } = context;
  const network = slotNetwork(record.slot);
  const stages = record.nodes === 'real' ? ['stages.yaml'] : ['stages.yaml', 'volume-stages.yaml'];
  await startComponent(context, 'kwok', [
    `--kubeconfig=${join(instanceFiles(folder).pki, 'kwok.kubeconfig')}`,
    ...stages.map((file) => `--config=${join(import.meta.dirname, file)}`),
    `--manage-nodes-with-annotation-selector=${MARK}=fake`,
    `--cidr=${network.simulatedPodCidr}`,
    `--node-ip=${network.nodeAddress}`,
    `--node-lease-duration-seconds=${record.simulatedNodes > MANY_NODES ? SLOW_LEASE_S : DEFAULT_LEASE_S}`,
  ]);
}

/** Creates the Node objects. Beside a real node they are tainted, so that only pods that ask for them go there. */
export async function createSimulatedNodes(api: ApiClient, count: number, besideReal: boolean): Promise<void> {
  const nodes = Array.from({ length: count }, (_, index) => simulatedNode(index + 1, besideReal));
  const workers = Array.from({ length: 16 }, async () => {
    for (let node = nodes.shift(); node; node = nodes.shift()) await api.create(node);
  });
  await Promise.all(workers);
}

function simulatedNode(number: number, tainted: boolean): Manifest {
  const name = `simulated-${number}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { [MARK]: 'fake' },
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': 'simulated',
        'topology.kubernetes.io/region': 'local',
        'topology.kubernetes.io/zone': ZONES[(number - 1) % ZONES.length],
      },
    },
    spec: tainted ? { taints: [{ key: MARK, value: 'fake', effect: 'NoSchedule' }] } : {},
  };
}
