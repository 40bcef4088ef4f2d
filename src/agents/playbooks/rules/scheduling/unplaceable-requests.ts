import { pointerKey } from '../../../../json/stable-json.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { NEED, PLACEMENT, REVISIONS } from '../../../../kube/kind-sets.ts';
import { allocatableOf, containerRequests, podRequests } from '../../../../kube/placement/pod-requests.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import { quantityText } from '../../../../kube/quantity.ts';
import { nameOf, placementFixes } from '../../clues/placement/placement-fixes.ts';
import { isDeadlock, makeWay } from '../../clues/pods/rollout-deadlock.ts';
import { obstaclesOf, schedulerSays, unplacedWorkloads } from '../../clues/placement/unplaced.ts';
import type { ObstacleOf, Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { smallerRequests } from './request-values.ts';

const UNPLACEABLE_REQUESTS = 'unplaceable-requests';

type Shortage = ObstacleOf<'too-large'> | ObstacleOf<'full'>;
type Short = { node: KubeObject; obstacle: Shortage };

/** Pods that ask for more than any node has, or than the nodes have left. */
export async function analyzeRequests(context: AnalyzerContext): Promise<Finding[]> {
  return (await unplacedWorkloads(context)).flatMap((unplaced) => {
    const short: Short[] = [...obstaclesOf(unplaced, 'too-large'), ...obstaclesOf(unplaced, 'full')];
    if (short.length === 0 || unplaced.growing) return [];
    return [findingFor(unplaced, short)];
  });
}

function findingFor(unplaced: Unplaced, short: Short[]): Finding {
  const { workload, fleet } = unplaced;
  const resources = [...new Set(short.map(({ obstacle }) => obstacle.resource))].sort();
  const first = short[0]!.obstacle;
  const hopeless = short.every(({ obstacle }) => obstacle.kind === 'too-large');
  const expects = `the pods of ${nameOf(unplaced)} fit a node again and become ready`;
  const concerns = (pointer: string) => isRequest(pointer, resources);
  const { fixes, reasons } = placementFixes(unplaced, concerns, expects);
  const smaller = fixes.length > 0 ? { fixes: [], reasons: [] } : smallerRequests(unplaced, resources, expects);
  const own = hopeless ? null : ownHolder(unplaced, short, resources);
  const way = own ? makeWay(workload) : { fixes: [], reasons: [] };
  const amount = quantityText(first.resource, first.asked);
  return makeFinding({
    rule: UNPLACEABLE_REQUESTS,
    severity: unplaced.served ? 'warning' : 'critical',
    object: workload,
    what: resources.join(','),
    message: hopeless
      ? `${nameOf(unplaced)} asks for ${amount} ${first.resource}, more than any node has for its pods`
      : `${nameOf(unplaced)} asks for ${amount} ${first.resource}, more than is left on the nodes that could take its pods${own ? `: its own old pod ${own.metadata.name} holds it until a new one is ready` : ''}`,
    evidence: [
      ...askedBy(unplaced, resources),
      ...short.slice(0, 4).map(({ node, obstacle }) => offer(node, obstacle)),
      ...(hopeless ? [] : holders(unplaced, short)),
      ...reasons,
      ...smaller.reasons,
      ...way.reasons,
      ...schedulerSays(fleet.view, unplaced),
    ],
    fixes: [...fixes, ...way.fixes, ...(own ? [] : smaller.fixes)],
    unfixed: hopeless
      ? 'nothing in the cluster tells how much the pods really need: their owner decides, or a larger node is needed'
      : 'every pod that holds the capacity has as good a claim to it as far as the cluster tells: who runs it decides which gives way, or adds a node',
  });
}

/** An old pod of the same rollout that would make enough room for the new one. */
function ownHolder({ workload, pod, fleet }: Unplaced, short: Short[], resources: string[]): KubeObject | null {
  const asked = podRequests(pod.spec);
  const amounts = (one: KubeObject) => ({ pods: 1, ...podRequests(one.spec) }) as Record<string, number>;
  const nodes = short.filter(({ obstacle }) => obstacle.kind === 'full').map(({ node }) => node);
  const found = nodes
    .flatMap((node) => fleet.podsOn(node))
    .find(
      (other) =>
        isDeadlock(fleet.view, workload, pod, other) &&
        resources.every(
          (resource) => (amounts(other)[resource] ?? 0) >= (resource === 'pods' ? 1 : (asked[resource] ?? 0)),
        ),
    );
  return found ?? null;
}

/** Requests and limits of one of the resources, or of all of a container's. */
function isRequest(pointer: string, resources: string[]): boolean {
  const match = /^(?:\/(?:initContainers|containers)\/\d+)?\/resources(?:\/(?:requests|limits)(?:\/(.+))?)?$/.exec(
    pointer,
  );
  if (!match) return false;
  const key = match[1] === undefined ? undefined : pointerKey(match[1]);
  return key === undefined || resources.includes(key);
}

function askedBy({ workload, pod }: Unplaced, resources: string[]): Evidence[] {
  const template = podTemplateOf(workload);
  return containersOf(template?.spec ?? pod.spec).flatMap((container) =>
    resources.flatMap((resource) => {
      const asked = containerRequests(container.spec)[resource];
      if (asked === undefined) return [];
      const { requests, limits } = container.spec?.resources ?? {};
      const list = requests?.[resource] === undefined ? 'limits' : 'requests';
      const written = String((requests?.[resource] ?? limits?.[resource]) as unknown);
      const field = `${template?.field ?? 'spec'}.${container.place}.resources.${list}["${resource}"]`;
      const why = list === 'limits' ? ' by its limit, which counts as a request' : '';
      return [evidence('spec', workload, field, `container ${container.name} asks for ${resource} ${written}${why}`)];
    }),
  );
}

function offer(node: KubeObject, obstacle: Shortage): Evidence {
  const { resource, asked, allocatable } = obstacle;
  const has = quantityText(resource, allocatable);
  const field = `status.allocatable["${resource}"]`;
  const left =
    obstacle.kind === 'full' ? `, of which ${quantityText(resource, Math.max(0, obstacle.free))} is left` : '';
  const text = `node ${node.metadata.name} has ${has} ${resource} for pods${left}; ${quantityText(resource, asked)} is asked`;
  return evidence('status', node, field, text);
}

/** Who uses the most of what is short. */
function holders({ fleet }: Unplaced, short: Short[]): Evidence[] {
  const full = short.find(({ obstacle }) => obstacle.kind === 'full');
  if (!full) return [];
  const { resource } = full.obstacle;
  return fleet
    .podsOn(full.node)
    .map((pod) => ({ pod, amount: resource === 'pods' ? 1 : (podRequests(pod.spec)[resource] ?? 0) }))
    .filter(({ amount }) => amount > 0)
    .sort((a, b) => b.amount - a.amount)
    .slice(0, 3)
    .map(({ pod, amount }) => {
      const share = Math.round((amount / (allocatableOf(full.node)[resource] ?? amount)) * 100);
      const text = `pod ${pod.metadata.namespace}/${pod.metadata.name} holds ${quantityText(resource, amount)} ${resource} (${share} %) of node ${full.node.metadata.name}`;
      return evidence('sibling', pod, 'spec.containers[].resources', text);
    });
}

export const unplaceableRequestsRule: Analyzer = {
  rule: UNPLACEABLE_REQUESTS,
  layer: 'template',
  kinds: [...PLACEMENT, ...REVISIONS, ...NEED, 'Secret'],
  explains: 'Pods that no node takes because they ask for more than a node has, or than others leave.',
  unfixed: 'nothing in the cluster tells how much the pods really need',
  analyze: analyzeRequests,
};
