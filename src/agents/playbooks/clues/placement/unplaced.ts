import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { fittingNodes, placementOf } from '../../../../kube/node-fit.ts';
import { Fleet } from '../../../../kube/placement/fleet.ts';
import { nodeVerdicts } from '../../../../kube/placement/node-obstacles.ts';
import type { NodeVerdict, Obstacle, ObstacleKind } from '../../../../kube/placement/node-obstacles.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { condition, desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { eventEvidence } from '../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';

/** A workload with pods that the scheduler finds no node for, and why. */
export interface Unplaced {
  workload: KubeObject;
  /** Its pods without a node. */
  pods: KubeObject[];
  /** One that stands for them. */
  pod: KubeObject;
  fleet: Fleet;
  verdicts: NodeVerdict[];
  /** Nodes that come closest to taking it: those with the fewest kinds of obstacles, standing ones counted last. */
  nearest: NodeVerdict[];
  /** An autoscaler is bringing a node: a matter of waiting. */
  growing: boolean;
  /** As many pods are ready as are wanted: nobody misses those that wait. */
  served: boolean;
}

const known = new WeakMap<ClusterView, Promise<Fleet>>();

/** Nodes and pods of all namespaces, read once per diagnosis. */
export function fleetOf({ view, list }: Pick<AnalyzerContext, 'view' | 'list'>): Promise<Fleet> {
  let fleet = known.get(view);
  if (!fleet) {
    // Who may not list the pods of others sees less: the fleet says so.
    const everywhere = list({ apiVersion: 'v1', kind: 'Pod' }).catch(() => null);
    fleet = everywhere.then((pods) => new Fleet(view, pods));
    known.set(view, fleet);
  }
  return fleet;
}

/** Workloads in scope with pods that wait for a node; the pods of other namespaces are read only if there are any. */
export async function unplacedWorkloads(context: AnalyzerContext): Promise<Unplaced[]> {
  const { view } = context;
  if (!view.known('Node') || view.all('Node').length === 0 || !view.known('Pod')) return [];
  const waiting = view
    .workloads()
    .map((workload) => ({ workload, pods: view.podsOf(workload).filter(waitsForNode) }))
    .filter(({ workload, pods }) => pods.length > 0 && !workload.metadata.deletionTimestamp);
  if (waiting.length === 0) return [];
  const fleet = await fleetOf(context);
  return waiting.map(({ workload, pods }) => {
    const pod = [...pods].sort(newestFirst)[0]!;
    const verdicts = nodeVerdicts(fleet, pod);
    return {
      workload,
      pods,
      pod,
      fleet,
      verdicts,
      nearest: nearestOf(fleet, pod, verdicts),
      growing: isGrowing(view, pods),
      served: readyPods(view, workload).length >= (desiredReplicas(workload) ?? Infinity),
    };
  });
}

/** The scheduler tried and found none; one that it makes room for is as good as placed. */
export function waitsForNode(pod: KubeObject): boolean {
  const scheduled = condition(pod, 'PodScheduled');
  const tried = scheduled?.status === 'False' && scheduled.reason !== 'SchedulingGated';
  return isLiving(pod) && !pod.spec?.nodeName && tried && !pod.status?.nominatedNodeName;
}

const newestFirst = (a: KubeObject, b: KubeObject): number =>
  (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');

/** A node that its kind of pods was never meant for is no near miss, however little keeps them off. */
const STANDING_COST = 10;

function costOf(obstacles: Obstacle[]): number {
  const standing = obstacles.filter(
    (each) => ['not-ready', 'volume'].includes(each.kind) || (each.kind === 'taint' && each.standing),
  );
  const kinds = new Set(obstacles.filter((each) => !standing.includes(each)).map(({ kind }) => kind));
  return kinds.size + (standing.length > 0 ? STANDING_COST : 0);
}

function nearestOf(fleet: Fleet, pod: KubeObject, verdicts: NodeVerdict[]): NodeVerdict[] {
  const fitting = new Set(fittingNodes(fleet.nodes, placementOf(pod.spec)));
  const eligible = fitting.size > 0 ? verdicts.filter(({ node }) => fitting.has(node)) : verdicts;
  const costs = eligible.map(({ obstacles }) => costOf(obstacles));
  const least = Math.min(...costs);
  return eligible.filter((_, index) => costs[index] === least);
}

function isGrowing(view: ClusterView, pods: KubeObject[]): boolean {
  return pods.some((pod) =>
    view.eventsOf(pod).some((event) => event.reason === 'TriggeredScaleUp' || event.reason === 'Nominated'),
  );
}

export type ObstacleOf<K extends ObstacleKind> = Extract<Obstacle, { kind: K }>;

/** Obstacles of a kind on the nearest nodes, with their nodes. */
export function obstaclesOf<K extends ObstacleKind>(
  { nearest }: Unplaced,
  kind: K,
): { node: KubeObject; obstacle: ObstacleOf<K>; alone: boolean }[] {
  return nearest.flatMap(({ node, obstacles }) =>
    obstacles
      .filter((each): each is ObstacleOf<K> => each.kind === kind)
      .map((obstacle) => ({ node, obstacle, alone: obstacles.every((each) => each.kind === kind) })),
  );
}

/** True when the nearest nodes have nothing but this kind of obstacle: it alone explains the wait. */
export function explainsAll({ nearest }: Unplaced, kind: ObstacleKind): boolean {
  return nearest.every(({ obstacles }) => obstacles.some((each) => each.kind === kind));
}

/**
 * Whether some node would take a pod with this spec in place of the one that waits. Other pods of the workload are no
 * obstacle: they are replaced with it, or it stays without.
 */
export function wouldFit({ workload, fleet, pod }: Unplaced, podSpec: Untyped): boolean {
  const { affinity } = (workload.kind === 'DaemonSet' ? pod.spec : podSpec) as Untyped;
  const spec = { ...podSpec, affinity, tolerations: tolerationsOf(pod, podSpec) };
  const own = new Set(fleet.view.podsOf(workload));
  return nodeVerdicts(fleet, { ...pod, spec }).some(({ obstacles }) =>
    obstacles.every((each) => each.kind === 'unknown' || own.has(otherIn(each)!)),
  );
}

function otherIn(obstacle: Obstacle): KubeObject | undefined {
  if (obstacle.kind === 'port') return obstacle.holder;
  return obstacle.kind === 'anti-affinity' ? obstacle.other : undefined;
}

/** What admission and the DaemonSet controller add to a pod stays. */
function tolerationsOf(pod: KubeObject, podSpec: Untyped): Untyped[] {
  const added = ((pod.spec?.tolerations ?? []) as Untyped[]).filter(({ key }) =>
    String(key ?? '').startsWith('node.kubernetes.io/'),
  );
  return [...((podSpec?.tolerations ?? []) as Untyped[]), ...added];
}

/** What the scheduler said of the pods. */
export function schedulerSays(view: ClusterView, { pods }: Unplaced): Evidence[] {
  return pods.slice(0, 2).flatMap((pod) => {
    const event = view.eventsOf(pod).find(({ reason }) => reason === 'FailedScheduling');
    return event ? [eventEvidence(event, pod)] : [];
  });
}
