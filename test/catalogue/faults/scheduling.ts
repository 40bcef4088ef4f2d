import { REAL_NODE_NAME } from '../../testbed/control-plane.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { revision } from './container.ts';

interface Unplaceable {
  name: string;
  summary: string;
  likeness?: string;
  word: RegExp;
  wish?: Fault['wish'];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- pod specs, written by path
  breakIt(scene: Scene): { what: string; change(pod: any, main: any): void };
}

/** A new revision for whose pods there is no node. */
function unplaceable({
  name,
  summary,
  likeness,
  word,
  wish = { kinds: ['Deployment', 'StatefulSet'] },
  breakIt,
}: Unplaceable): Fault {
  return {
    ...{ name, family: 'scheduling', summary, needs: 'any', scope: 'namespace', wish },
    ...(likeness ? { likeness } : {}),
    plan(scene) {
      const { what, change } = breakIt(scene);
      return {
        ...revision(scene, (main, { spec }) => change(spec.template.spec, main)),
        what: `${keyOf(scene.target.ref)}: ${what}`,
        causes: [{ names: [scene.target.name], word }],
      };
    },
  };
}

export const SCHEDULING_FAULTS: Fault[] = [
  unplaceable({
    name: 'node-that-is-not',
    summary: 'a node selector names a node that does not exist',
    likeness: 'AIOpsLab assign_to_non_existent_node; ITBench 33',
    word: /nodeSelector|node selector|hostname/i,
    breakIt: ({ random }) => {
      const node = random.pick(['extra-node', 'worker-7', 'pool-b-2']);
      return { what: `node ${node}`, change: (pod) => (pod.nodeSelector = { 'kubernetes.io/hostname': node }) };
    },
  }),
  unplaceable({
    name: 'wrong-architecture',
    summary: 'pods are sent to nodes of another processor',
    likeness: 'ITBench 23, 57',
    word: /arch|nodeSelector|node selector/i,
    breakIt: ({ random }) => {
      const arch = random.pick(['arm64', 's390x', 'ppc64le']);
      return { what: `architecture ${arch}`, change: (pod) => (pod.nodeSelector = { 'kubernetes.io/arch': arch }) };
    },
  }),
  unplaceable({
    name: 'node-affinity-zone',
    summary: 'node affinity asks for a zone in which there is no node',
    word: /affinity|zone/i,
    breakIt: ({ random }) => {
      const values = [random.pick(['north-1a', 'eu-9c', 'rack-5'])];
      const expression = { key: 'topology.kubernetes.io/zone', operator: 'In', values };
      const terms = { nodeSelectorTerms: [{ matchExpressions: [expression] }] };
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: terms };
      return { what: `zone ${values[0]}`, change: (pod) => (pod.affinity = { nodeAffinity }) };
    },
  }),
  unplaceable({
    name: 'request-too-large',
    summary: 'a request that no node can meet',
    likeness: 'SREGym resource_request_too_large',
    word: /request|memory|cpu|insufficient/i,
    breakIt: ({ random }) => {
      const [resource, amount] = random.pick([
        ['memory', '900Gi'],
        ['cpu', '96'],
      ]) as [string, string];
      const change = (_: unknown, main: { resources: unknown }) =>
        (main.resources = {
          requests: { [resource]: amount },
          limits: { [resource]: amount, memory: resource === 'memory' ? amount : '48Mi' },
        });
      return { what: `request ${resource} ${amount}`, change };
    },
  }),
  unplaceable({
    name: 'extended-resource',
    summary: 'a device is asked for that no node offers',
    word: /example\.com|gpu|resource|insufficient/i,
    breakIt: ({ random }) => {
      const device = `${random.pick(['gpu', 'fpga', 'nic'])}.example.com/unit`;
      const change = (_: unknown, main: { resources: { requests: object; limits: object } }) => {
        main.resources.requests = { ...main.resources.requests, [device]: '1' };
        main.resources.limits = { ...main.resources.limits, [device]: '1' };
      };
      return { what: `device ${device}`, change };
    },
  }),
  unplaceable({
    name: 'anti-affinity-rollout',
    summary: 'replicas that refuse each other, more of them than nodes',
    likeness: 'SREGym pod_anti_affinity_deadlock; ITBench 44',
    word: /anti-?affinity/i,
    wish: { kinds: ['Deployment'], replicas: 2 },
    breakIt: ({ target }) => {
      const rule = { labelSelector: { matchLabels: target.labels }, topologyKey: 'kubernetes.io/hostname' };
      const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [rule] };
      return { what: 'anti-affinity to itself', change: (pod) => (pod.affinity = { podAntiAffinity }) };
    },
  }),
  unplaceable({
    name: 'host-port-conflict',
    summary: 'a port of the node is asked for that another member holds',
    likeness: 'SREGym service_port_conflict',
    word: /host ?port|free ports|port/i,
    wish: { kinds: ['Deployment', 'StatefulSet'], replicas: 1 },
    breakIt({ application, target, random }) {
      const holder = application.members.find((one) => one !== target)!;
      holder.replicas = 1;
      if (holder.workload.spec.replicas) holder.workload.spec.replicas = 1;
      holder.workload.spec.strategy = holder.kind === 'Deployment' ? { type: 'Recreate' } : undefined;
      const hostPort = random.int(31_000, 32_000);
      holder.main.ports[0].hostPort = hostPort;
      return {
        what: `host port ${hostPort}, held by ${holder.name}`,
        change: (_, main) => (main.ports[0].hostPort = hostPort),
      };
    },
  }),
  nodeFault({
    name: 'taint-forgotten',
    summary: 'the node was tainted for a purpose that is over',
    likeness: 'SREGym taint_no_toleration',
    word: /taint/i,
    on: (node) => ['taint', 'node', node, 'sre.example/blocked=yes:NoSchedule'],
    off: (node) => ['taint', 'node', node, 'sre.example/blocked-'],
  }),
  nodeFault({
    name: 'cordon-forgotten',
    summary: 'the node was cordoned for work that is over',
    likeness: 'ITBench 39',
    word: /cordon|unschedulable/i,
    on: (node) => ['cordon', node],
    off: (node) => ['uncordon', node],
  }),
];

interface NodeFault {
  name: string;
  summary: string;
  likeness: string;
  word: RegExp;
  on(node: string): string[];
  off(node: string): string[];
}

/** The node takes no more pods: the next one of the target waits. */
function nodeFault({ name, summary, likeness, word, on, off }: NodeFault): Fault {
  return {
    ...{
      name,
      family: 'scheduling',
      summary,
      likeness,
      needs: 'any',
      scope: 'cluster',
      wish: { kinds: ['Deployment'] },
    },
    plan({ target }) {
      const node = REAL_NODE_NAME;
      let done = false;
      const heal = async (cluster: Cluster) => {
        if (done) await cluster.kubectl(off(node));
        done = false;
      };
      return {
        what: `kubectl ${on(node).join(' ')}`,
        async inject(cluster) {
          done = true;
          await cluster.kubectl(on(node));
          await cluster.removePods(target.labels);
        },
        heal,
        // The product may have repaired it.
        cleanUp: async (cluster) => {
          await cluster.tryKubectl(off(node));
        },
        causes: [{ names: [node], word }],
        mayChange: [`Node/${node}`],
        outside: [`Node/${node}`],
      };
    },
  };
}
