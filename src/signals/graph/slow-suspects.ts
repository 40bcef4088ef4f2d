import type { CallGraphNode, Localisation, Suspect } from '../../domain/signals.ts';
import { amountText } from '../../text/amount.ts';
import { counted } from '../../text/plain-text.ts';
import { moreThan } from '../statistics/binomial.ts';
import { quantileOf, sortedFinite } from '../statistics/robust.ts';
import { sampledWins } from './sampled-wins.ts';
import type { SelfTime } from './self-times.ts';
import { selfTimes } from './self-times.ts';
import { singlePod } from './single-pod.ts';
import type { SpanNodes } from './span-nodes.ts';
import type { SpanTree } from './span-tree.ts';

/** Requests of one kind are compared from so many traces on either side. */
const LEAST_TRACES = 5;
/** Chance to name somebody where nothing has changed, over all that are looked at. */
const FALSE_ALARM = 0.02;
/** And what nobody feels is not looked into: less than this part of what a request usually takes. */
const LEAST_RISE = 0.1;
/** Places in the usual distribution at which more traces than usual may lie above: all are slower, many, or a few. */
const QUANTILES = [0.5, 0.9, 0.99];
/** A trace that spends more at a place than this part of usual ones shows that it is slow. */
const SHOWS = 0.9;
const SHOWN_TRACES = 5;

interface Timed {
  id: string;
  times: ReadonlyMap<string, SelfTime>;
}

/** Traces of requests of one kind, now and usually. */
interface Group {
  now: Timed[];
  usual: Timed[];
}

interface Place {
  node: CallGraphNode | null;
  gap: SelfTime['gap'];
}

/** Nodes at which requests spend more time than usual, compared kind by kind. */
export function slowSuspects(
  now: readonly SpanTree[],
  usual: readonly SpanTree[],
  nodes: SpanNodes,
  seed: number,
): Localisation {
  const groups = groupsOf(now, usual, nodes);
  if (groups.length === 0)
    return { suspects: [], unknown: `of no kind of request there are ${LEAST_TRACES} traces both now and from before` };
  const places = placesOf(groups);
  const slower = new Set([...places.keys()].filter((key) => chanceOf(groups, key) < FALSE_ALARM / places.size));
  const excess = excessOf(groups);
  const homes = homesOf(places, slower, excess);
  const folded = foldedInto(homes, excess);
  const total = [...folded.values()].reduce((sum, value) => sum + Math.max(0, value), 0);
  const nodesById = new Map([...homes.values()].map((node) => [node.id, node]));
  const hit = new Set([...slower].map((key) => homes.get(key)!.id));
  const least = LEAST_RISE * meanOf(groups, 'usual', [...places.keys()]);
  const candidates = [...nodesById.keys()].filter((id) => hit.has(id) && folded.get(id)! > least);
  const keysOf = new Map(
    candidates.map((id) => [id, [...homes].flatMap(([key, home]) => (home.id === id ? [key] : []))]),
  );
  const wins = winsOf(groups, candidates, keysOf, seed);
  const suspects = candidates.map((id): Suspect => {
    const node = nodesById.get(id)!;
    const keys = keysOf.get(id)!;
    const [after, before] = [meanOf(groups, 'now', keys), meanOf(groups, 'usual', keys)];
    const score = folded.get(id)! / total;
    const traces = groups.flatMap((group) => group.now);
    const shown = groups.reduce((sum, group) => sum + slowerThanUsual(group, keys), 0);
    const worst = [...traces].sort((a, b) => sumOf(b, keys) - sumOf(a, keys) || (a.id < b.id ? -1 : 1));
    return {
      node,
      pod: podOf(node, groups),
      symptom: 'latency',
      score,
      confidence: wins.get(id)!,
      lift: before > 0 ? after / before : null,
      message: `a request spends ${amountText(after, 'ms')} in ${node.name} on average, against ${amountText(before, 'ms')} usually: ${amountText(score, 'ratio')} of what is slower, seen in ${shown} of ${counted(traces.length, 'trace')}`,
      traces: worst.slice(0, SHOWN_TRACES).map((trace) => trace.id),
    };
  });
  return { suspects: suspects.sort((a, b) => b.score - a.score || (a.node.id < b.node.id ? -1 : 1)), unknown: null };
}

function groupsOf(now: readonly SpanTree[], usual: readonly SpanTree[], nodes: SpanNodes): Group[] {
  const groups = new Map<string, Group>();
  const add = (trees: readonly SpanTree[], side: keyof Group): void => {
    for (const tree of trees) {
      const root = tree.spans.find((span) => !tree.parentOf.has(span));
      if (!root) continue;
      const key = `${nodes.of(root).id}|${root.kind}|${root.operation}`;
      let group = groups.get(key);
      if (!group) groups.set(key, (group = { now: [], usual: [] }));
      group[side].push({ id: tree.id, times: selfTimes(tree, nodes) });
    }
  };
  add(now, 'now');
  add(usual, 'usual');
  return [...groups.values()].filter((group) => group.now.length >= LEAST_TRACES && group.usual.length >= LEAST_TRACES);
}

function placesOf(groups: readonly Group[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { times } of groups.flatMap((group) => [...group.now, ...group.usual]))
    for (const [key, { node, gap }] of times) if (!places.has(key)) places.set(key, { node, gap });
  return places;
}

/** Chance that as many traces lie above usual times by luck; the least of several looks, counted as such. */
function chanceOf(groups: readonly Group[], key: string): number {
  const looks = QUANTILES.map((part) => {
    const hits = { now: 0, usual: 0 };
    for (const group of groups) {
      const line = quantileOf(sortedFinite(group.usual.map((trace) => sumOf(trace, [key]))), part);
      for (const side of ['now', 'usual'] as const)
        hits[side] += group[side].filter((trace) => sumOf(trace, [key]) > line).length;
    }
    return moreThan(hits.now, sizeOf(groups, 'now'), hits.usual, sizeOf(groups, 'usual'));
  });
  return Math.min(1, Math.min(...looks) * looks.length);
}

/** Milliseconds a request spends at each place more than usual; kinds of requests count by how often they come now. */
function excessOf(groups: readonly Group[]): Map<string, number> {
  const excess = new Map<string, number>();
  const all = sizeOf(groups, 'now');
  for (const group of groups) {
    const weight = group.now.length / all;
    for (const [side, sign] of [
      ['now', 1],
      ['usual', -1],
    ] as const)
      for (const { times } of group[side])
        for (const [key, { ms }] of times)
          excess.set(key, (excess.get(key) ?? 0) + (sign * weight * ms) / group[side].length);
  }
  return excess;
}

/**
 * The node that each place is charged to. A gap between two belongs to the one all of whose calls have it: a callee that is
 * slow to answer whoever calls, or a caller that waits for a connection whomever it calls; with one call only, the callee.
 */
function homesOf(
  places: ReadonlyMap<string, Place>,
  slower: ReadonlySet<string>,
  excess: ReadonlyMap<string, number>,
): Map<string, CallGraphNode> {
  const gaps = [...places].flatMap(([key, { gap }]) =>
    gap ? [{ ...gap, slow: slower.has(key) && excess.get(key)! > 0 }] : [],
  );
  const share = (list: typeof gaps): number => list.filter(({ slow }) => slow).length / list.length;
  const homes = new Map<string, CallGraphNode>();
  for (const [key, { node, gap }] of places) {
    if (node) homes.set(key, node);
    if (!gap) continue;
    const sent = gaps.filter(({ from }) => from.id === gap.from.id);
    const received = gaps.filter(({ to }) => to.id === gap.to.id);
    const isCaller = sent.length > 1 && share(sent) > share(received);
    const isEven = sent.length > 1 && received.length === 1 && share(sent) === share(received);
    homes.set(key, isCaller || isEven ? gap.from : gap.to);
  }
  return homes;
}

function foldedInto(
  homes: ReadonlyMap<string, CallGraphNode>,
  excess: ReadonlyMap<string, number>,
): Map<string, number> {
  const folded = new Map<string, number>();
  for (const [key, value] of excess) {
    const id = homes.get(key)?.id;
    if (id !== undefined) folded.set(id, (folded.get(id) ?? 0) + value);
  }
  return folded;
}

/** Samples are drawn kind by kind, of what each trace spends at each candidate. */
function winsOf(
  groups: readonly Group[],
  candidates: readonly string[],
  keysOf: ReadonlyMap<string, readonly string[]>,
  seed: number,
): Map<string, number> {
  const spent = (trace: Timed): number[] => candidates.map((id) => sumOf(trace, keysOf.get(id)!));
  const all = sizeOf(groups, 'now');
  const sides = groups.flatMap((group) => {
    const weight = group.now.length / all;
    return [
      { traces: group.now.map(spent), weight },
      { traces: group.usual.map(spent), weight: -weight },
    ];
  });
  return sampledWins(candidates, seed, (draw) => {
    const scores = candidates.map(() => 0);
    for (const { traces, weight } of sides)
      for (const at of draw(traces.length))
        for (const [index, ms] of traces[at]!.entries()) scores[index]! += (weight * ms) / traces.length;
    return new Map(candidates.map((id, index) => [id, scores[index]!]));
  });
}

function meanOf(groups: readonly Group[], side: keyof Group, keys: readonly string[]): number {
  const all = sizeOf(groups, 'now');
  return groups.reduce((sum, group) => {
    const total = group[side].reduce((ms, trace) => ms + sumOf(trace, keys), 0);
    return sum + (total / group[side].length) * (group.now.length / all);
  }, 0);
}

/** Traces of now that spend more at these places than nearly all usual ones. */
function slowerThanUsual({ now, usual }: Group, keys: readonly string[]): number {
  const line = quantileOf(sortedFinite(usual.map((trace) => sumOf(trace, keys))), SHOWS);
  return now.filter((trace) => sumOf(trace, keys) > line).length;
}

function sumOf({ times }: Timed, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + (times.get(key)?.ms ?? 0), 0);
}

function sizeOf(groups: readonly Group[], side: keyof Group): number {
  return groups.reduce((sum, group) => sum + group[side].length, 0);
}

/** By the time that pods of the node spend beyond what the others do. */
function podOf(node: CallGraphNode, groups: readonly Group[]): Suspect['pod'] {
  const totals = new Map<string, { ms: number; traces: number }>();
  for (const { times } of groups.flatMap((group) => group.now)) {
    for (const [pod, ms] of times.get(node.id)?.pods ?? []) {
      const total = totals.get(pod) ?? { ms: 0, traces: 0 };
      totals.set(pod, { ms: total.ms + ms, traces: total.traces + 1 });
    }
  }
  const means = new Map([...totals].map(([pod, { ms, traces }]) => [pod, ms / traces]));
  return singlePod(node, means, new Set(means.keys()));
}
