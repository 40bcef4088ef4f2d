import type { Api } from '../api.ts';
import { objectPath } from '../api.ts';
import type { App, Member } from '../app-model.ts';
import type { Random } from '../random.ts';
import { keyOf } from '../snapshot.ts';

/** One concrete break of one application, ready to be injected. */
export interface FaultPlan {
  /** What exactly is broken and how, for the report. */
  description: string;
  /** Workload that suffers. */
  target: string;
  /** Keys of the objects that a reasonable fix may create, change or delete; any other change is a failure. */
  mayChange: string[];
  /** Replicas that the fix must bring back, when the evidence of the former size is in the cluster. */
  formerSize?: number;
  /** Edits as an operator would make them; returns when the API server has taken them. */
  inject(api: Api): Promise<void>;
  /** Returns when the cluster shows the fault (beside the user's request failing). */
  untilVisible(api: Api): Promise<void>;
  /**
   * Makes a fault show that running pods do not notice (they would only fail to start again). Needed after an undo of
   * a fix that had repaired what the pods read at their start.
   */
  provoke(api: Api): Promise<void>;
  /** Removes what was created outside the namespace. */
  cleanUp(api: Api): Promise<void>;
}

/** A class of faults; the random source decides variant, target and values. */
export interface FaultClass {
  name: string;
  variants: readonly string[];
  /** Throws when the application has no member that this variant can break. */
  plan(app: App, variant: string, random: Random): FaultPlan;
}

export const nothing = (): Promise<void> => Promise.resolve();

export function workloadPath(app: App, member: Member): string {
  return objectPath(member.kind, app.namespace, member.workload);
}

export function workloadKey(app: App, member: Member): string {
  return keyOf(member.kind, app.namespace, member.workload);
}

export function serviceKey(app: App, member: Member): string {
  return keyOf('Service', app.namespace, member.service.name);
}

/** A random member that satisfies a condition. */
export function pickMember(app: App, random: Random, what: string, suits: (member: Member) => boolean): Member {
  const suitable = app.members.filter(suits);
  if (suitable.length === 0) throw new Error(`seed ${app.seed} has no member ${what}`);
  return random.pick(suitable);
}
