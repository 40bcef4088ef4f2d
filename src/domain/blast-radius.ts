import { amountText } from '../text/amount.ts';
import { counted } from '../text/plain-text.ts';
import type { ObjectRef } from './kube-object.ts';
import { refLabel } from './kube-object.ts';

/** A Service some of whose endpoints go for a while, or for good. */
export interface EndpointsAtRisk {
  service: ObjectRef;
  /** Ready pods behind it now. */
  ready: number;
  /** Most of them that are gone at one time while the change takes effect. */
  out: number;
}

/** A PodDisruptionBudget over pods that go; rollouts do not ask it, people want to know. */
export interface BudgetAtRisk {
  budget: ObjectRef;
  /** Pods that may go now without breaking it. */
  allowed: number;
}

/** Somebody at the other end of calls, for people. Names are untrusted. */
export interface CallPartner {
  name: string;
  /** Over whom its calls come or go; empty where it is a direct call. */
  via: string;
}

/** Who calls what a change bears on, and whom that calls, over up to three calls. */
export interface CallsAtRisk {
  /** The nearest ones first, bounded; `callerCount` is how many there are in all. */
  callers: CallPartner[];
  callerCount: number;
  callees: CallPartner[];
  calleeCount: number;
  /** Calls that come to it in a second, as far as they are counted; null where nobody counts them. */
  perSecond: number | null;
  /** Some of the calls are not counted. */
  isPartial: boolean;
  /** Of some callers only settings tell: others may call, and some of these may not. */
  bySettings: boolean;
  /** Objects of which nobody tells who calls them, as people name them. */
  unknown: string[];
}

/** How far a change reaches beyond the objects that it writes, as far as can be told before it is made. */
export interface BlastRadius {
  /** Objects that are written. */
  objects: number;
  /** Pods that run now and are replaced or stopped. */
  pods: number;
  services: EndpointsAtRisk[];
  budgets: BudgetAtRisk[];
  /** Absent in older logs, and where nothing is written. */
  calls?: CallsAtRisk;
  /** Kinds that could not be read, so that more may be reached. */
  unknown: string[];
}

/** Partners that are named in one sentence. */
const NAMED = 6;

/** For people, a line each; the first always stands. */
export function blastRadiusText({ objects, pods, services, budgets, calls, unknown }: BlastRadius): string[] {
  const restarted = pods === 0 ? 'no pod is restarted' : `${counted(pods, 'pod')} replaced or stopped`;
  return [
    `${counted(objects, 'object')} written, ${restarted}`,
    ...services.map(({ service, ready, out }) =>
      out >= ready
        ? `${refLabel(service)} loses all of its ${counted(ready, 'ready endpoint')} for a while`
        : `${refLabel(service)} loses at most ${out} of its ${counted(ready, 'ready endpoint')} at a time`,
    ),
    ...budgets.map(({ budget, allowed }) => `${refLabel(budget)} allows ${counted(allowed, 'disruption')} now`),
    ...(calls ? callsText(calls) : []),
    ...(unknown.length > 0 ? [`more may be reached: ${unknown.join(', ')} could not be read`] : []),
  ];
}

/** Who is reached by calls, a line each. What is not known is told as that. */
export function callsText(calls: CallsAtRisk): string[] {
  const { callers, callerCount, callees, calleeCount, bySettings, unknown } = calls;
  const isAllUnknown = unknown.length > 0 && callerCount === 0;
  return [
    ...(callerCount > 0
      ? [`called by ${partnersText(callers, callerCount)}${trafficText(calls)}`]
      : isAllUnknown
        ? []
        : ['nobody was seen to call it, which does not say that nobody does']),
    ...(calleeCount > 0 ? [`it calls ${partnersText(callees, calleeCount)}`] : []),
    ...(bySettings
      ? ['some callers are known from settings only: how often they call is not known, nor who else does']
      : []),
    ...(unknown.length > 0 ? [`who calls ${listText(unknown, unknown.length)} is not known`] : []),
  ];
}

function trafficText({ perSecond, isPartial }: CallsAtRisk): string {
  if (perSecond === null) return '';
  return `; ${isPartial ? 'at least ' : ''}${amountText(perSecond, 'per-second').replace(' a second', ' requests a second')} pass through`;
}

function partnersText(partners: readonly CallPartner[], count: number): string {
  return listText(
    partners.map(({ name, via }) => (via === '' ? name : `${name} (via ${via})`)),
    count,
  );
}

function listText(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED);
  const more = count - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
