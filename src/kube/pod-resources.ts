import type { KubeObject } from '../domain/kube-object.ts';
import { quantity } from '../text/quantity.ts';
import type { ContainerSpec, Untyped } from './pod-template.ts';
import { containersOf } from './pod-template.ts';

export type Side = 'requests' | 'limits';

/** What a container asks for and may use, in plain numbers. */
export interface ContainerResources {
  container: ContainerSpec;
  requests: Record<string, number>;
  limits: Record<string, number>;
}

/** As written in the template. */
export function resourcesOf(podSpec: Untyped): ContainerResources[] {
  return containersOf(podSpec).map((container) => ({
    container,
    requests: numbers(container.spec?.resources?.requests),
    limits: numbers(container.spec?.resources?.limits),
  }));
}

/**
 * As the server completes them before it judges a pod: a limit is also the request where there is none, then the
 * defaults of limit ranges (kubernetes.io: "Limit Ranges").
 */
export function completedResources(podSpec: Untyped, ranges: readonly KubeObject[]): ContainerResources[] {
  const items = rangeItems(ranges, 'Container');
  return resourcesOf(podSpec).map(({ container, requests, limits }) => {
    let asked = { ...limits, ...requests };
    let most = limits;
    for (const item of items) {
      most = { ...numbers(item.default), ...most };
      asked = { ...numbers(item.defaultRequest), ...asked };
    }
    return { container, requests: asked, limits: most };
  });
}

export function rangeItems(ranges: readonly KubeObject[], type: string): Untyped[] {
  return ranges.flatMap(({ spec }) => ((spec?.limits ?? []) as Untyped[]).filter((item) => item?.type === type));
}

export function numbers(map: unknown): Record<string, number> {
  const entries = Object.entries((map ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([key, value]) => [key, quantity(value)]));
}

/** What the pod counts with: init containers run one after the other, sidecars beside all that come after them. */
export function podTotal(containers: readonly ContainerResources[], side: Side, resource: string): number {
  let beside = 0;
  let most = 0;
  let together = 0;
  for (const { container, [side]: amounts } of containers) {
    const amount = amounts[resource] ?? 0;
    if (container.sidecar) beside += amount;
    else if (container.init) most = Math.max(most, beside + amount);
    else together += amount;
  }
  return Math.max(most, beside + together);
}
