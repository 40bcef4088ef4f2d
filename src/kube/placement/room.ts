import type { KubeObject } from '../../domain/kube-object.ts';
import type { Fleet } from './fleet.ts';
import { nodeVerdicts } from './node-obstacles.ts';
import { add, allocatableOf, podRequests } from './pod-requests.ts';
import type { Amounts } from './pod-requests.ts';

/**
 * How many more pods like this one nodes have room for, beside those that are there: by what pods ask for, on nodes that
 * nothing else keeps them off. Null where the pods of other namespaces are not known. Infinite where no node says what it has.
 */
export function roomFor(fleet: Fleet, pod: KubeObject): number | null {
  if (!fleet.complete) return null;
  const requests: Amounts = { ...podRequests(pod.spec), pods: 1 };
  return nodeVerdicts(fleet, pod)
    .filter(({ obstacles }) => obstacles.length === 0)
    .reduce((sum, { node }) => sum + roomOn(fleet, node, requests), 0);
}

function roomOn(fleet: Fleet, node: KubeObject, requests: Amounts): number {
  const allocatable = allocatableOf(node);
  const used: Amounts = {};
  for (const pod of fleet.podsOn(node)) add(used, { ...podRequests(pod.spec), pods: 1 });
  const rooms = Object.entries(requests).flatMap(([resource, asked]) => {
    const has = allocatable[resource];
    return asked > 0 && has !== undefined ? [Math.floor((has - (used[resource] ?? 0)) / asked + 1e-9)] : [];
  });
  return Math.max(0, Math.min(...rooms, Number.POSITIVE_INFINITY));
}
