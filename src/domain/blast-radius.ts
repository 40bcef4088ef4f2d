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

/** How far a change reaches beyond the objects that it writes, as far as can be told before it is made. */
export interface BlastRadius {
  /** Objects that are written. */
  objects: number;
  /** Pods that run now and are replaced or stopped. */
  pods: number;
  services: EndpointsAtRisk[];
  budgets: BudgetAtRisk[];
  /** Kinds that could not be read, so that more may be reached. */
  unknown: string[];
}

/** For people, a line each; the first always stands. */
export function blastRadiusText({ objects, pods, services, budgets, unknown }: BlastRadius): string[] {
  const restarted = pods === 0 ? 'no pod is restarted' : `${counted(pods, 'pod')} replaced or stopped`;
  return [
    `${counted(objects, 'object')} written, ${restarted}`,
    ...services.map(({ service, ready, out }) =>
      out >= ready
        ? `${refLabel(service)} loses all of its ${counted(ready, 'ready endpoint')} for a while`
        : `${refLabel(service)} loses at most ${out} of its ${counted(ready, 'ready endpoint')} at a time`,
    ),
    ...budgets.map(({ budget, allowed }) => `${refLabel(budget)} allows ${counted(allowed, 'disruption')} now`),
    ...(unknown.length > 0 ? [`more may be reached: ${unknown.join(', ')} could not be read`] : []),
  ];
}
