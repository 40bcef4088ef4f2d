import { NODE_BIN } from '../node/node-namespace.ts';
import { NODE_EXPORTER, startInNode } from '../node/real-node.ts';
import { slotNetwork } from '../slots.ts';
import { untilAnswers, type TelemetryContext } from './server.ts';

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

/** node-exporter from Debian's package, inside the node: its file systems and network, the machine's memory and processors. */
export async function startNodeExporter(context: TelemetryContext): Promise<void> {
  const { nodeAddress } = slotNetwork(context.record.slot);
  const server = await startInNode(context, context.node, NODE_EXPORTER, [
    `${NODE_BIN}/${NODE_EXPORTER}`,
    `--web.listen-address=${nodeAddress}:${NODE_EXPORTER_PORT}`,
    '--collector.disable-defaults',
    ...COLLECTORS.map((name) => `--collector.${name}`),
  ]);
  await untilAnswers(server, `http://${nodeAddress}:${NODE_EXPORTER_PORT}/`);
}
