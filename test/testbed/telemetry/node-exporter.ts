import type { StartContext } from '../control-plane.ts';
import { NODE_BIN } from '../node/node-namespace.ts';
import { NODE_EXPORTER, startInNode } from '../node/real-node.ts';

export const NODE_EXPORTER_PORT = 9100;

const COLLECTORS = [
  'cpu',
  'diskstats',
  'filefd',
  'filesystem',
  'loadavg',
  'meminfo',
  'netdev',
  'netstat',
  'pressure',
  'sockstat',
  'stat',
  'time',
  'uname',
  'vmstat',
];

/**
 * node-exporter from Debian's package, a process of the node as its kubelet is one: it sees the node's file systems and
 * network, the machine's memory and processors. Whether it answers, Prometheus tells.
 * @param node host pid of the node's process 1
 */
export async function startNodeExporter(context: StartContext, node: number): Promise<void> {
  await startInNode(context, node, NODE_EXPORTER, [
    `${NODE_BIN}/${NODE_EXPORTER}`,
    `--web.listen-address=:${NODE_EXPORTER_PORT}`,
    '--collector.disable-defaults',
    ...COLLECTORS.map((name) => `--collector.${name}`),
  ]);
}
