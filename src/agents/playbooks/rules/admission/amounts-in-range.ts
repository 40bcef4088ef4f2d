import type { Untyped } from '../../../../kube/pod-template.ts';
import type { ContainerResources } from '../../../../kube/pod-resources.ts';
import { completedResources, numbers, podTotal, rangeItems } from '../../../../kube/pod-resources.ts';
import type { ResourceRules } from '../../../../kube/resource-rules.ts';
import { leftIn } from '../../../../kube/resource-rules.ts';
import { spelledQuantity } from '../../../../text/quantity.ts';
import type { ResourceChange } from './resource-change.ts';

/** One way to bring all containers of a pod within the limit ranges. */
export interface AdjustedAmount {
  changes: (ResourceChange & { how: string })[];
  /** What is wrong now. */
  why: string;
  confidence: number;
  /** Why a person has to agree: it takes away what the template says is needed. */
  needsPerson?: string;
}

/** What limit ranges demand of one resource of a container; a pod's own range counts where it has one container. */
interface Range {
  min: number;
  max: number;
  ratio: number;
  /** How much of a limit the ranges give by default per requested amount. */
  headroom: number;
}

type Draft = AdjustedAmount['changes'][number] & { why: string; confidence: number; needsPerson?: string };

/** Of less of these programs die, however long they run well before. */
const VITAL = /^(?:memory|hugepages-|ephemeral-storage$)/;

/** What gives way where a limit is too many times its request: a request that grows takes nothing from the program. */
const WAYS = ['requests', 'limits'] as const;

/**
 * Requests and limits within the ranges that keep what the template asks for, as far as possible, best first: a limit gives
 * way before a request, and neither where a larger request will do. Empty where nothing is out of range.
 */
export function amountsInRange(podSpec: Untyped, rules: ResourceRules): AdjustedAmount[] {
  const ways = WAYS.flatMap((way) => amountsBy(way, podSpec, rules));
  const told = (way: AdjustedAmount): string =>
    way.changes
      .map(({ container, side, resource, amount }) => [container.name, side, resource, amount].join())
      .join(';');
  return ways.filter((way, index) => ways.findIndex((other) => told(other) === told(way)) === index);
}

function amountsBy(way: (typeof WAYS)[number], podSpec: Untyped, rules: ResourceRules): AdjustedAmount[] {
  const containers = completedResources(podSpec, rules.ranges);
  const roomOf = (name: string) => ({
    requests: way === 'requests' ? roomFor('requests', name, containers, rules) : 0,
    limits: roomFor('limits', name, containers, rules),
  });
  const single = containers.length === 1;
  const drafts = containers.flatMap((one) => {
    const names = new Set([
      ...Object.keys(one.requests),
      ...Object.keys(one.limits),
      ...rangeItems(rules.ranges, 'Container').flatMap((item) => [
        ...Object.keys(item.max ?? {}),
        ...Object.keys(item.min ?? {}),
      ]),
    ]);
    return [...names].sort().flatMap((name) => adjusted(one, name, rangeOf(rules, name, single), roomOf(name)));
  });
  if (drafts.length === 0) return [];
  const [first] = drafts;
  const persons = [...new Set(drafts.flatMap((draft) => draft.needsPerson ?? []))];
  return [
    {
      changes: drafts,
      why: first!.why,
      confidence: Math.min(...drafts.map(({ confidence }) => confidence)),
      ...(persons.length > 0 ? { needsPerson: persons.join('; ') } : {}),
    },
  ];
}

function rangeOf({ ranges }: ResourceRules, name: string, single: boolean): Range {
  const items = [...rangeItems(ranges, 'Container'), ...(single ? rangeItems(ranges, 'Pod') : [])];
  const all = (part: string) => items.flatMap((item) => numbers(item[part])[name] ?? []);
  const headrooms = items.flatMap((item) => {
    const share = (numbers(item.default)[name] ?? NaN) / (numbers(item.defaultRequest)[name] ?? NaN);
    return share > 1 && Number.isFinite(share) ? [share] : [];
  });
  return {
    min: Math.max(0, ...all('min')),
    max: Math.min(Infinity, ...all('max')),
    ratio: Math.min(Infinity, ...all('maxLimitRequestRatio')),
    headroom: headrooms[0] ?? 2,
  };
}

interface Room {
  requests: number;
  limits: number;
}

/** How much more of it the quotas of the namespace have room for, beside what the other containers take. */
function roomFor(
  side: keyof Room,
  name: string,
  containers: readonly ContainerResources[],
  { quotas }: ResourceRules,
): number {
  const taken = podTotal(containers, side, name);
  const left = quotas.flatMap((quota) => leftIn(quota)[`${side}.${name}`] ?? []);
  return Math.min(Infinity, ...left) - (Number.isFinite(taken) ? taken : 0);
}

function adjusted(
  { container, requests, limits }: ContainerResources,
  name: string,
  range: Range,
  room: Room,
): Draft[] {
  const [request, limit] = [requests[name], limits[name]];
  const own = container.spec?.resources;
  const at = `of container ${container.name}`;
  const say = (amount: number) => spelledQuantity(amount, name);
  const put = (side: 'requests' | 'limits', amount: number, why: string, how: string, confidence: number): Draft => ({
    container, side, resource: name, amount, why, how: `${side}.${name} ${say(amount)} for container ${container.name}: ${how}`, confidence,
  }); // prettier-ignore
  const drafts: Draft[] = [];
  let asked = request;
  if (asked !== undefined && asked > range.max) {
    const why = `the ${name} request ${at} is ${say(asked)}, at most ${say(range.max)} is allowed`;
    const draft = put('requests', range.max, why, 'the most that the limit range allows', 0.5);
    const needsPerson = `the template says that container ${container.name} needs ${say(asked)} of ${name}, and nothing tells that it lives with ${say(range.max)}: it may be killed once it uses more, whatever it does until then`;
    drafts.push(VITAL.test(name) ? { ...draft, needsPerson } : draft);
    asked = range.max;
  } else if (!((asked ?? Infinity) >= range.min) || (asked === undefined && range.min > 0)) {
    const why = `the ${name} request ${at} is ${asked === undefined ? 'not set' : say(asked)}, at least ${say(range.min)} is demanded`;
    drafts.push(put('requests', range.min, why, 'the least that the limit range demands', 0.75));
    asked = range.min;
  }
  const most = Math.min(range.max, asked ? asked * range.ratio : Infinity);
  if (limit === undefined && !Number.isFinite(range.max) && !Number.isFinite(range.ratio)) return drafts;
  const least = Math.max(asked ?? 0, limit === undefined || range.min > limit ? range.min : 0);
  if (limit !== undefined && limit >= least && limit <= most) return drafts;
  const byDefault = limit !== undefined && own?.limits?.[name] === undefined;
  // Keeps the distance that the ranges themselves give between a request and a limit.
  const wish = Math.min((asked ?? range.max) * range.headroom, (asked ?? 0) + Math.max(0, room.limits));
  const step = name === 'cpu' ? 0.001 : 1;
  const exact = limit !== undefined && limit > most ? most : Math.max(least, Math.min(wish, most));
  const value = Math.floor(exact / step + 1e-6) * step;
  if (!Number.isFinite(value) || value <= 0) return drafts;
  const why =
    limit === undefined
      ? `the ${name} limit ${at} is not set, at most ${say(most)} is allowed`
      : limit < least
        ? `the ${name} limit ${at} is ${say(limit)}${byDefault ? ', the default of a limit range,' : ''} and so below its ${limit < (asked ?? 0) ? `request of ${say(asked!)}` : 'least amount'}`
        : `the ${name} limit ${at} is ${say(limit)}, at most ${say(most)} is allowed${most < range.max ? ' by its ratio to the request' : ''}`;
  if (limit !== undefined && limit > most && limit <= range.max && asked !== undefined) {
    const raised = Math.ceil(limit / range.ratio / step - 1e-6) * step;
    const kept = 'keeps the limit, with the least request that the ratio allows';
    if (raised <= range.max && raised - asked <= room.requests)
      return [...drafts.filter(({ side }) => side !== 'requests'), put('requests', raised, why, kept, 0.75)];
  }
  const how = exact === most ? 'the most that the limit range allows' : 'keeps the request, within the limit range';
  drafts.push(put('limits', value, why, how, limit !== undefined && limit > most ? 0.7 : 0.8));
  return drafts;
}
