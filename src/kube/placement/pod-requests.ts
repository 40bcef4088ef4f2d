import { listOf } from '../untyped-list.ts';
import { quantity } from '../quantity.ts';
import type { Untyped } from '../pod-template.ts';

/** Amounts by resource name, in base units. */
export type Amounts = Record<string, number>;

/**
 * What the scheduler reserves for a pod: the larger of what its containers ask for together and what any init container
 * asks for beside the sidecars before it, what is set for the pod as a whole, plus overhead (kubernetes.io "Init
 * containers", "Pod-level resources").
 */
export function podRequests(podSpec: Untyped): Amounts {
  const running: Amounts = {};
  for (const container of listOf(podSpec?.containers)) add(running, containerRequests(container));
  const sidecars: Amounts = {};
  const starting: Amounts = {};
  for (const container of listOf(podSpec?.initContainers)) {
    const own = containerRequests(container);
    if (container?.restartPolicy === 'Always') {
      add(sidecars, own);
      raise(starting, sidecars);
    } else raise(starting, sum(own, sidecars));
  }
  const total = sum(running, sidecars);
  raise(total, starting);
  Object.assign(total, containerRequests(podSpec));
  return sum(total, amounts(podSpec?.overhead));
}

/** A limit without a request is a request, as the API server fills it in when the pod is made. */
export function containerRequests(container: Untyped): Amounts {
  return { ...amounts(container?.resources?.limits), ...amounts(container?.resources?.requests) };
}

function amounts(map: Untyped): Amounts {
  return Object.fromEntries(
    Object.entries((map ?? {}) as Record<string, unknown>).flatMap(([name, value]) => {
      const amount = quantity(value);
      return amount === null ? [] : [[name, amount]];
    }),
  );
}

/** What nodes offer to pods. */
export const allocatableOf = (node: Untyped): Amounts => amounts(node?.status?.allocatable);

function sum(a: Amounts, b: Amounts): Amounts {
  const total = { ...a };
  add(total, b);
  return total;
}

export function add(total: Amounts, more: Amounts): void {
  for (const [name, amount] of Object.entries(more)) total[name] = (total[name] ?? 0) + amount;
}

function raise(total: Amounts, least: Amounts): void {
  for (const [name, amount] of Object.entries(least)) total[name] = Math.max(total[name] ?? 0, amount);
}
