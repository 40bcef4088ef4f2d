import type { StartContext } from '../control-plane.ts';
import { NODE_BIN } from '../node/node-namespace.ts';
import { startInNode } from '../node/real-node.ts';

export const EBPF_EXPORTER_PORT = 9435;

/**
 * The testbed's own exporter of kernel events, a process of the node with its rights: ends of processes, kills for want of
 * memory, TCP. What a kernel does not let it count, it says (`kernel_hook_attached`).
 * @param node host pid of the node's process 1
 */
export async function startEbpfExporter(context: StartContext, node: number): Promise<void> {
  const args = [`${NODE_BIN}/ebpf-exporter`, `-listen=:${EBPF_EXPORTER_PORT}`];
  await startInNode(context, node, 'ebpf-exporter', args);
}
