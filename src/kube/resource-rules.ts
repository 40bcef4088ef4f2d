import type { KubeObject } from '../domain/kube-object.ts';
import { quantity, spelledQuantity } from '../text/quantity.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ContainerResources, Side } from './pod-resources.ts';
import { completedResources, numbers, podTotal, rangeItems } from './pod-resources.ts';
import type { Untyped } from './pod-template.ts';

/** What the limit ranges and quotas of a namespace demand of its pods. */
export interface ResourceRules {
  ranges: KubeObject[];
  quotas: KubeObject[];
}

export function resourceRules(view: ClusterView, namespace: string | undefined): ResourceRules {
  return { ranges: view.all('LimitRange', namespace), quotas: view.all('ResourceQuota', namespace) };
}

/** A resource of one side that a quota makes every container name. */
export interface Demand {
  container: ContainerResources['container'];
  side: Side;
  resource: string;
}

/** Quotas count these only where every container names them (kubernetes.io: "Resource Quotas"). */
const DEMANDED = /^(?:(requests|limits)\.)?(cpu|memory)$/;

/** Why the server would refuse the pod; null when nothing in these rules does. Of `pods` such pods, all must fit. */
export function resourceProblem(podSpec: Untyped, { ranges, quotas }: ResourceRules, pods: number): string | null {
  const containers = completedResources(podSpec, ranges);
  const inverted = containers.flatMap(({ container, requests, limits }) =>
    Object.keys(limits)
      .filter((resource) => (requests[resource] ?? 0) > limits[resource]!)
      .map((resource) => `the ${resource} request of container ${container.name} is above its limit`),
  );
  const range = inverted[0] ?? rangeProblems(containers, ranges)[0];
  if (range) return range;
  for (const quota of quotas) {
    if (!appliesTo(quota, podSpec, containers)) continue;
    const name = `quota ${quota.metadata.name}`;
    const [lack] = demandsOf(quota, containers);
    if (lack) return `${name} demands ${lack.side}.${lack.resource} of container ${lack.container.name}`;
    const left = leftIn(quota);
    const over = Object.keys(left).find((resource) => usedOf(resource, containers) * pods > left[resource]!);
    if (over) return `${name} has no room for ${over} of ${pods} such pods`;
  }
  return null;
}

/** What each container lacks that a quota makes it name. */
export function demandsOf(quota: KubeObject, containers: readonly ContainerResources[]): Demand[] {
  return Object.keys(hardOf(quota)).flatMap((name) => {
    const match = DEMANDED.exec(name);
    if (!match) return [];
    const side = (match[1] ?? 'requests') as Side;
    const resource = match[2]!;
    return containers
      .filter((each) => !(each[side][resource]! > 0))
      .map(({ container }) => ({ container, side, resource }));
  });
}

export function hardOf(quota: KubeObject): Record<string, number> {
  return numbers(quota.status?.hard ?? quota.spec?.hard);
}

/** Never negative. */
export function leftIn(quota: KubeObject): Record<string, number> {
  const used = numbers(quota.status?.used);
  return Object.fromEntries(
    Object.entries(hardOf(quota)).map(([name, hard]) => [name, Math.max(0, hard - (used[name] ?? 0))]),
  );
}

/** What one pod takes of a quota's resource. */
export function usedOf(name: string, containers: readonly ContainerResources[]): number {
  if (name === 'pods' || name === 'count/pods') return 1;
  const match = /^(?:(requests|limits)\.)?(.+)$/.exec(name)!;
  return podTotal(containers, (match[1] ?? 'requests') as Side, match[2]!);
}

/** Whether a quota's scopes take in such pods. */
export function appliesTo(quota: KubeObject, podSpec: Untyped, containers: readonly ContainerResources[]): boolean {
  const scopes = ((quota.spec?.scopes ?? []) as string[]).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  const expressions = (quota.spec?.scopeSelector?.matchExpressions ?? []) as Untyped[];
  return [...scopes, ...expressions].every((scope) => inScope(scope, podSpec, containers));
}

function inScope(scope: Untyped, podSpec: Untyped, containers: readonly ContainerResources[]): boolean {
  const effort = containers.some(({ requests, limits }) =>
    ['cpu', 'memory'].some((resource) => requests[resource]! > 0 || limits[resource]! > 0),
  );
  const ends = podSpec?.activeDeadlineSeconds !== undefined;
  const priority = podSpec?.priorityClassName as string | undefined;
  switch (scope.scopeName) {
    case 'BestEffort':
      return !effort;
    case 'NotBestEffort':
      return effort;
    case 'Terminating':
      return ends;
    case 'NotTerminating':
      return !ends;
    case 'PriorityClass': {
      const listed = priority !== undefined && ((scope.values ?? []) as string[]).includes(priority);
      if (scope.operator === 'In') return listed;
      if (scope.operator === 'NotIn') return !listed;
      return (scope.operator === 'Exists') === Boolean(priority);
    }
    default:
      return false;
  }
}

/** What limit ranges forbid of containers whose resources are complete, in words. */
export function rangeProblems(containers: readonly ContainerResources[], ranges: readonly KubeObject[]): string[] {
  const each = rangeItems(ranges, 'Container').flatMap((item) =>
    containers.flatMap(({ container, requests, limits }) =>
      itemProblems(item, requests, limits).map((text) => `${text} (container ${container.name})`),
    ),
  );
  const whole = rangeItems(ranges, 'Pod').flatMap((item) => {
    const names = ['min', 'max', 'maxLimitRequestRatio'].flatMap((part) => Object.keys(item[part] ?? {}));
    const total = (side: Side) =>
      Object.fromEntries(
        names
          .filter((name) => containers.some((one) => one[side][name] !== undefined))
          .map((name) => [name, podTotal(containers, side, name)]),
      );
    return itemProblems(item, total('requests'), total('limits')).map((text) => `${text} (all containers together)`);
  });
  return [...each, ...whole];
}

function itemProblems(item: Untyped, requests: Record<string, number>, limits: Record<string, number>): string[] {
  const problems: string[] = [];
  const check = (part: string, name: string, bad: (bound: number) => string | null) => {
    const text = bad(quantity(item[part][name]));
    if (text) problems.push(text);
  };
  const say = (value: number | undefined, name: string) =>
    value === undefined ? 'unset' : spelledQuantity(value, name);
  for (const name of Object.keys(item.min ?? {})) {
    check('min', name, (bound) => {
      if (!(requests[name]! >= bound))
        return `the ${name} request is ${say(requests[name], name)}, at least ${item.min[name]} is demanded`;
      return limits[name]! < bound
        ? `the ${name} limit is ${say(limits[name], name)}, at least ${item.min[name]} is demanded`
        : null;
    });
  }
  for (const name of Object.keys(item.max ?? {})) {
    check('max', name, (bound) => {
      if (!(limits[name]! <= bound))
        return `the ${name} limit is ${say(limits[name], name)}, at most ${item.max[name]} is allowed`;
      return requests[name]! > bound
        ? `the ${name} request is ${say(requests[name], name)}, at most ${item.max[name]} is allowed`
        : null;
    });
  }
  for (const name of Object.keys(item.maxLimitRequestRatio ?? {})) {
    check('maxLimitRequestRatio', name, (bound) => {
      const ratio = limits[name]! / requests[name]!;
      return ratio <= bound
        ? null
        : `the ${name} limit is more than ${item.maxLimitRequestRatio[name]} times the request`;
    });
  }
  return problems;
}
