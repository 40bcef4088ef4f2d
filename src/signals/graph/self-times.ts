import type { CallGraphNode } from '../../domain/signals.ts';
import type { SpanNodes } from './span-nodes.ts';
import type { SpanTree } from './span-tree.ts';
import { uncovered } from './span-tree.ts';

/** Time of a trace that was spent at one place. */
export interface SelfTime {
  /** Null in a gap. */
  node: CallGraphNode | null;
  /** On the way between two, or in a queue before the second one. */
  gap: { from: CallGraphNode; to: CallGraphNode } | null;
  ms: number;
  /** Longest single part, for the pod that it was in. */
  pods: Map<string, number>;
}

/**
 * How long a trace was at each place, by the place's key. A span's own time is that in which none of its children runs. That
 * of a call whose other side nobody traces is spent there; that of one with an answer is the gap between both.
 */
export function selfTimes(tree: SpanTree, nodes: SpanNodes): Map<string, SelfTime> {
  const times = new Map<string, SelfTime>();
  for (const span of tree.spans) {
    const children = tree.childrenOf.get(span) ?? [];
    // Nobody waits for a consumer.
    const waited = children.filter(({ kind }) => kind !== 'consumer');
    const own = uncovered(span, waited);
    const node = nodes.of(span);
    const answer = children.find(({ kind }) => kind === 'server');
    if (span.kind === 'client' && answer && nodes.of(answer).id !== node.id) {
      const to = nodes.of(answer);
      add(times, `${node.id}>${to.id}`, { node: null, gap: { from: node, to } }, own, '');
    } else {
      const at = (span.kind === 'client' && !answer ? nodes.peerOf(span) : null) ?? node;
      add(times, at.id, { node: at, gap: null }, own, at === node ? (span.attributes['k8s.pod.name'] ?? '') : '');
    }
  }
  return times;
}

function add(
  times: Map<string, SelfTime>,
  key: string,
  place: Pick<SelfTime, 'node' | 'gap'>,
  ms: number,
  pod: string,
): void {
  let time = times.get(key);
  if (!time) times.set(key, (time = { ...place, ms: 0, pods: new Map() }));
  time.ms += ms;
  if (pod !== '') time.pods.set(pod, (time.pods.get(pod) ?? 0) + ms);
}
