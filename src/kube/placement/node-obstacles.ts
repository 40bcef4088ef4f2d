import type { KubeObject } from '../../domain/kube-object.ts';
import { fittingNodes, placementOf, termHolds } from '../node-fit.ts';
import type { Untyped } from '../pod-template.ts';
import { condition } from '../pods.ts';
import type { Fleet } from './fleet.ts';
import { hostPortsOf, portsClash } from './host-ports.ts';
import type { HostPort } from './host-ports.ts';
import { neighbourTroubles } from './neighbours.ts';
import type { NeighbourTrouble } from './neighbours.ts';
import { add, allocatableOf, podRequests } from './pod-requests.ts';
import type { Amounts } from './pod-requests.ts';
import { isCordonedFor, isStanding, keepingOff } from './taints.ts';
import type { Taint } from './taints.ts';

/** One reason why a node does not take a pod. */
export type Obstacle =
  | { kind: 'cordoned' }
  | { kind: 'not-ready' }
  | { kind: 'taint'; taint: Taint; standing: boolean }
  /** Its labels or name are not those that the pod demands. */
  | { kind: 'selector' }
  /** More than the node has for pods at all. */
  | { kind: 'too-large'; resource: string; asked: number; allocatable: number }
  /** More than the pods that are there leave of it. */
  | { kind: 'full'; resource: string; asked: number; free: number; allocatable: number }
  | { kind: 'port'; port: HostPort; holder: KubeObject }
  | ({ kind: NeighbourTrouble['kind'] } & NeighbourTrouble)
  /** A volume of the pod that cannot be reached from there. */
  | { kind: 'volume'; claim: string; volume: KubeObject }
  /** Nothing is seen to be in the way, but not everything can be seen. */
  | { kind: 'unknown' };

export type ObstacleKind = Obstacle['kind'];

/** Why one node does not take a pod; it would as far as can be told when there are none. */
export interface NodeVerdict {
  node: KubeObject;
  obstacles: Obstacle[];
}

/** For every node why it does not take the pod. */
export function nodeVerdicts(fleet: Fleet, pod: KubeObject): NodeVerdict[] {
  const fitting = new Set(fittingNodes(fleet.nodes, placementOf(pod.spec)));
  const requests = podRequests(pod.spec);
  const volumes = volumesOf(fleet, pod);
  return fleet.nodes.map((node) => {
    const obstacles: Obstacle[] = [
      ...(fitting.has(node) ? [] : [{ kind: 'selector' } as const]),
      ...access(node, pod.spec),
      ...shortage(fleet, node, requests),
      ...ports(fleet, node, pod.spec),
      ...neighbourTroubles(fleet, pod, node),
      ...volumes.filter(({ volume }) => !reaches(volume, node)),
    ];
    return { node, obstacles: obstacles.length > 0 || fleet.complete ? obstacles : [{ kind: 'unknown' }] };
  });
}

function access(node: KubeObject, podSpec: Untyped): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (isCordonedFor(node, podSpec)) obstacles.push({ kind: 'cordoned' });
  const ready = condition(node, 'Ready');
  if (ready && ready.status !== 'True') obstacles.push({ kind: 'not-ready' });
  for (const taint of keepingOff(node, podSpec)) {
    const ofCondition = /^node\.kubernetes\.io\/(?:not-ready|unreachable)$/.test(taint.key);
    if (ofCondition && obstacles.some(({ kind }) => kind === 'not-ready')) continue;
    obstacles.push({ kind: 'taint', taint, standing: isStanding(taint) });
  }
  return obstacles;
}

function shortage(fleet: Fleet, node: KubeObject, requests: Amounts): Obstacle[] {
  const allocatable = allocatableOf(node);
  // A node that has reported nothing yet proves nothing.
  if (Object.keys(allocatable).length === 0) return [];
  const used: Amounts = {};
  for (const pod of fleet.podsOn(node)) add(used, { ...podRequests(pod.spec), pods: 1 });
  return Object.entries({ ...requests, pods: 1 }).flatMap(([resource, asked]): Obstacle[] => {
    const has = allocatable[resource] ?? (resource === 'pods' ? Infinity : 0);
    if (asked <= 0) return [];
    if (asked > has * TOLERANCE) return [{ kind: 'too-large', resource, asked, allocatable: has }];
    const free = has - (used[resource] ?? 0);
    return asked > free + has * (TOLERANCE - 1) ? [{ kind: 'full', resource, asked, free, allocatable: has }] : [];
  });
}

/** Sums of decimal fractions are a little off. */
const TOLERANCE = 1 + 1e-9;

function ports(fleet: Fleet, node: KubeObject, podSpec: Untyped): Obstacle[] {
  return hostPortsOf(podSpec).flatMap((port): Obstacle[] => {
    const holder = fleet.podsOn(node).find((pod) => hostPortsOf(pod.spec).some((each) => portsClash(each, port)));
    return holder ? [{ kind: 'port', port, holder }] : [];
  });
}

/** Bound volumes of the pod's claims. */
function volumesOf({ view }: Fleet, pod: KubeObject): { kind: 'volume'; claim: string; volume: KubeObject }[] {
  const volumes: Untyped[] = Array.isArray(pod.spec?.volumes) ? pod.spec.volumes : [];
  return volumes.flatMap((each) => {
    const claim: unknown =
      each?.persistentVolumeClaim?.claimName ?? (each?.ephemeral ? `${pod.metadata.name}-${each.name}` : undefined);
    if (typeof claim !== 'string') return [];
    const bound = view.find('PersistentVolumeClaim', pod.metadata.namespace, claim)?.spec?.volumeName;
    const volume = bound ? view.find('PersistentVolume', undefined, bound) : undefined;
    return volume ? [{ kind: 'volume' as const, claim, volume }] : [];
  });
}

/** Whether a volume may be used on a node (`spec.nodeAffinity.required`). */
export function reaches(volume: KubeObject, node: KubeObject): boolean {
  const terms: unknown = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !Array.isArray(terms) || terms.length === 0 || terms.some((term) => termHolds(term, node));
}
