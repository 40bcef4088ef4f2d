import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Side } from '../../../../kube/pod-resources.ts';
import { completedResources, numbers, rangeItems, resourcesOf } from '../../../../kube/pod-resources.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Demand, ResourceRules } from '../../../../kube/resource-rules.ts';
import { appliesTo, demandsOf, leftIn } from '../../../../kube/resource-rules.ts';
import { spelledQuantity } from '../../../../text/quantity.ts';
import { wantedPods } from './refused.ts';
import type { ResourceChange } from './resource-change.ts';

export interface FittingAmount extends ResourceChange {
  /** Where the amount comes from, for people. */
  how: string;
  /** True where other containers of the namespace have it. */
  known: boolean;
}

const MI = 2 ** 20;
/** What small services commonly ask for; nobody here says more. */
const MODEST: Record<Side, Record<string, number>> = {
  requests: { cpu: 0.1, memory: 128 * MI },
  limits: { cpu: 1, memory: 512 * MI },
};
/** Nothing starts with less. */
const LEAST: Record<string, number> = { cpu: 0.005, memory: 8 * MI };
const STEP: Record<string, number> = { cpu: 0.001, memory: MI };

/**
 * Amounts for what a quota demands, that fit for all pods which still have to be made here: what other containers of the
 * namespace commonly have, or a modest amount, and never more than an even share of what the quota leaves. Null where
 * that is too little to start with.
 */
export function fittingAmounts(
  view: ClusterView,
  workload: KubeObject,
  demands: readonly Demand[],
  quota: KubeObject,
  rules: ResourceRules,
): FittingAmount[] | null {
  const found: FittingAmount[] = [];
  // Requests first: a limit must not be below the request.
  for (const demand of [...demands].sort((a, b) => (a.side < b.side ? 1 : -1))) {
    const { container, side, resource } = demand;
    const { share, pods } = shareOf(view, workload, demand, demands, quota, rules);
    const usual = commonAmount(view, workload, side, resource);
    const wish = usual?.amount ?? MODEST[side][resource]!;
    const request =
      found.find((one) => one.side === 'requests' && one.resource === resource && one.container === container)
        ?.amount ??
      completedResources(podTemplateOf(workload)!.spec, rules.ranges).find(
        (one) => one.container.name === container.name,
      )?.requests[resource] ??
      0;
    const { least, most } = bounds(rules, resource);
    const fitting = Math.max(Math.min(wish, share, most), least, side === 'limits' ? request : 0);
    const amount = rounded(fitting, resource);
    if (amount > share || amount > most || amount < (LEAST[resource] ?? 0)) return null;
    const even = `an even share of what quota ${quota.metadata.name} leaves for ${pods} pods`;
    const how =
      usual && amount === rounded(usual.amount, resource) ? usual.how : share < wish ? even : 'a modest amount';
    found.push({ container, side, resource, amount, how, known: how === usual?.how });
  }
  return found;
}

function rounded(amount: number, resource: string): number {
  const step = STEP[resource] ?? 1;
  return Math.floor(amount / step + 1e-6) * step;
}

/** Of what the quota leaves, for one container: all pods that lack the same have to be made from it. */
function shareOf(
  view: ClusterView,
  workload: KubeObject,
  { side, resource }: Demand,
  demands: readonly Demand[],
  quota: KubeObject,
  rules: ResourceRules,
): { share: number; pods: number } {
  const { namespace } = workload.metadata;
  const alike = view.workloads().filter((other) => {
    const template = other.metadata.namespace === namespace && other.kind !== 'Pod' && podTemplateOf(other);
    if (!template) return false;
    const containers = completedResources(template.spec, rules.ranges);
    return (
      appliesTo(quota, template.spec, containers) &&
      demandsOf(quota, containers).some((lack) => lack.side === side && lack.resource === resource)
    );
  });
  const pods = [...new Set([workload, ...alike])].reduce((sum, each) => sum + wantedPods(each) + surgeOf(each), 0);
  const names = side === 'requests' ? [`requests.${resource}`, resource] : [`limits.${resource}`];
  const left = Math.min(
    ...rules.quotas.flatMap((each) => {
      const rest = leftIn(each);
      return names.flatMap((name) => rest[name] ?? []);
    }),
  );
  const own = demands.filter((lack) => lack.side === side && lack.resource === resource).length;
  return { share: left / Math.max(1, pods) / Math.max(1, own), pods };
}

/** Pods that a rollout makes beside those wanted. */
function surgeOf(workload: KubeObject): number {
  if (workload.kind !== 'Deployment' || workload.spec?.strategy?.type === 'Recreate') return 0;
  const surge: unknown = workload.spec?.strategy?.rollingUpdate?.maxSurge ?? '25%';
  const part = typeof surge === 'string' ? (Number.parseFloat(surge) / 100) * wantedPods(workload) : Number(surge);
  return Math.ceil(part);
}

/** The middle one of what other templates of the namespace say. */
function commonAmount(
  view: ClusterView,
  workload: KubeObject,
  side: Side,
  resource: string,
): { amount: number; how: string } | null {
  const amounts = view
    .workloads()
    .filter((other) => other !== workload && other.metadata.namespace === workload.metadata.namespace)
    .flatMap((other) => resourcesOf(podTemplateOf(other)?.spec).filter(({ container }) => !container.init))
    .flatMap((each) => (each[side][resource]! > 0 ? [each[side][resource]!] : []))
    .sort((a, b) => a - b);
  if (amounts.length === 0) return null;
  const amount = amounts[Math.floor((amounts.length - 1) / 2)]!;
  const how = `as ${amounts.length === 1 ? 'another container' : `${amounts.length} other containers`} of the namespace (${spelledQuantity(amount, resource)} is the middle)`;
  return { amount, how };
}

/** Strictest bounds that limit ranges set for a container. */
function bounds({ ranges }: ResourceRules, resource: string): { least: number; most: number } {
  const items = rangeItems(ranges, 'Container');
  const all = (part: string) => items.flatMap((item) => numbers(item[part])[resource] ?? []);
  return { least: Math.max(0, ...all('min')), most: Math.min(Infinity, ...all('max')) };
}
