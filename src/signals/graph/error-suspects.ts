import type { CallGraphNode, Localisation, Suspect } from '../../domain/signals.ts';
import { counted } from '../../text/plain-text.ts';
import { moreThan } from '../statistics/binomial.ts';
import type { Origin } from './error-origins.ts';
import { errorOrigins } from './error-origins.ts';
import { sampledWins } from './sampled-wins.ts';
import { singlePod } from './single-pod.ts';
import type { SpanNodes } from './span-nodes.ts';
import type { SpanTree } from './span-tree.ts';

/** Fewer failed traces may be anything. */
const LEAST_TRACES = 3;
/** Chance to name somebody where nothing has changed, over all that are looked at. */
const FALSE_ALARM = 0.01;
const SHOWN_TRACES = 5;

/** Of one trace: nodes in which errors begin, each with its part of the blame. */
type Blame = ReadonlyMap<string, number>;

/** Nodes in which more errors begin than usual. */
export function errorSuspects(
  now: readonly SpanTree[],
  usual: readonly SpanTree[],
  nodes: SpanNodes,
  seed: number,
): Localisation {
  const origins = now.map((tree) => errorOrigins(tree, nodes));
  const failed = origins.filter((list) => list.length > 0).length;
  if (failed === 0) return { suspects: [], unknown: null };
  if (failed < LEAST_TRACES)
    return { suspects: [], unknown: `only ${counted(failed, 'trace')} of ${now.length} failed: too few to tell where` };
  const blamed = origins.map(blameOf);
  const before = usual.map((tree) => blameOf(errorOrigins(tree, nodes)));
  const byId = new Map<string, CallGraphNode>(origins.flat().map(({ node }) => [node.id, node]));
  const hitsIn = (list: readonly Blame[], id: string): number => list.filter((blame) => blame.has(id)).length;
  const candidates = [...byId.keys()].filter((id) => {
    const hits = hitsIn(blamed, id);
    const chance = moreThan(hits, blamed.length, hitsIn(before, id), before.length);
    return hits >= LEAST_TRACES && (before.length === 0 || chance < FALSE_ALARM / byId.size);
  });
  const excess = excessOf(blamed, before, [...byId.keys()]);
  const total = [...excess.values()].reduce((sum, value) => sum + Math.max(0, value), 0);
  const wins = sampledWins(candidates, seed, (draw) =>
    excessOf(
      draw(blamed.length).map((at) => blamed[at]!),
      draw(before.length).map((at) => before[at]!),
      candidates,
    ),
  );
  const suspects = candidates.map((id): Suspect => {
    const [hits, usualHits] = [hitsIn(blamed, id), hitsIn(before, id)];
    const node = byId.get(id)!;
    const shown = now.flatMap((tree, index) => (blamed[index]!.has(id) ? [tree.id] : []));
    const spans = origins.flat().filter((origin) => origin.node.id === id);
    return {
      node,
      pod: podOf(node, spans, now, nodes),
      symptom: 'errors',
      score: total > 0 ? Math.max(0, excess.get(id)!) / total : 0,
      confidence: wins.get(id)!,
      // Half a trace more on both sides: none in so many is not never.
      lift: before.length === 0 ? null : (hits + 0.5) / (blamed.length + 1) / ((usualHits + 0.5) / (before.length + 1)),
      message: `errors begin in ${node.name} in ${hits} of ${counted(blamed.length, 'trace')}, ${usualText(usualHits, before.length)}`,
      traces: shown.slice(0, SHOWN_TRACES),
    };
  });
  const unknown =
    candidates.length > 0
      ? null
      : `${failed} of ${counted(now.length, 'trace')} failed, as many as usual, or nowhere in particular`;
  return { suspects: suspects.sort((a, b) => b.score - a.score || (a.node.id < b.node.id ? -1 : 1)), unknown };
}

function usualText(hits: number, traces: number): string {
  return traces === 0 ? 'and there are none to compare with' : `against ${hits} of ${traces} usually`;
}

function blameOf(origins: readonly Origin[]): Blame {
  const ids = new Set(origins.map(({ node }) => node.id));
  return new Map([...ids].map((id) => [id, 1 / ids.size]));
}

/** Blame for a trace on average, less what is usual. */
function excessOf(now: readonly Blame[], before: readonly Blame[], ids: readonly string[]): Map<string, number> {
  const excess = new Map(ids.map((id) => [id, 0]));
  const add = (list: readonly Blame[], sign: number): void => {
    for (const blame of list)
      for (const [id, part] of blame) if (excess.has(id)) excess.set(id, excess.get(id)! + (sign * part) / list.length);
  };
  add(now, 1);
  add(before, -1);
  return excess;
}

function podOf(
  node: CallGraphNode,
  origins: readonly Origin[],
  trees: readonly SpanTree[],
  nodes: SpanNodes,
): Suspect['pod'] {
  const amounts = new Map<string, number>();
  for (const { span } of origins) {
    const pod = nodes.of(span).id === node.id ? (span.attributes['k8s.pod.name'] ?? '') : '';
    amounts.set(pod, (amounts.get(pod) ?? 0) + 1);
  }
  const pods = new Set<string>();
  for (const span of trees.flatMap((tree) => tree.spans))
    if (span.attributes['k8s.pod.name'] && nodes.of(span).id === node.id) pods.add(span.attributes['k8s.pod.name']);
  return singlePod(node, amounts, pods);
}
