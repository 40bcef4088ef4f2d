import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../domain/kube-object.ts';
import type { Severity } from '../../../domain/severity.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { callersOf, workloadsTouchedBy } from '../../../kube/subjects.ts';
import { lastChange } from '../../../kube/managed-fields.ts';
import { withCallees } from '../../../kube/callees.ts';
import { troubledWorkloads } from '../../playbooks/clues/pods/troubled.ts';

/** How near an object is to what is measured as sick. */
const WEIGHT = { sick: 1, asked: 0.9, callee: 0.8, maybe: 0.6, caller: 0.5, elsewhere: 0.2 };
/** What was changed this long before the trouble began, or since, may well have brought it. */
const RECENT_MS = 15 * 60_000;

/** Where to look: what the severity names, whom that asks, and who asks it. */
export class Focus {
  /** Workloads near what is sick, nearest first. */
  readonly workloads: KubeObject[];
  readonly #view: ClusterView;
  readonly #weights = new Map<string, number>();
  readonly #named = new Set<string>();
  readonly #known = new Map<string, number>();
  readonly #onset: number;

  constructor(view: ClusterView, severity: Severity) {
    this.#view = view;
    const items = severity.known ? severity.items : [];
    for (const { object } of items) if (object) this.#named.add(refKey(object));
    for (const [key, trouble] of troubledWorkloads(view, severity)) {
      this.#raise(key, { unhealthy: WEIGHT.sick, asked: WEIGHT.asked, maybe: WEIGHT.maybe }[trouble]);
    }
    const sick = view.workloads().filter((each) => (this.#weights.get(keyOf(each)) ?? 0) >= WEIGHT.asked);
    // A Service that leads nowhere is sick itself: whom its name means is found by the sources.
    for (const callee of withCallees(view, sick)) this.#raise(keyOf(callee), WEIGHT.callee);
    for (const each of sick.slice(0, MAX_CALLED)) {
      for (const key of callersOf(view, refOf(each))) this.#raise(key, WEIGHT.caller);
    }
    this.workloads = view
      .workloads()
      .filter((each) => this.#weights.has(keyOf(each)))
      .sort((a, b) => this.#weights.get(keyOf(b))! - this.#weights.get(keyOf(a))!);
    const began = items.flatMap(({ since }) => (since === undefined ? [] : [since]));
    this.#onset = began.length > 0 ? Math.min(...began) : view.now;
  }

  #raise(key: string, weight: number): void {
    if ((this.#weights.get(key) ?? 0) < weight) this.#weights.set(key, weight);
  }

  /** 0..1: how near the object is to what is sick; never 0, for any object may be the cause. */
  weightOf(object: KubeObject | ObjectRef): number {
    const ref = 'metadata' in object ? refOf(object as KubeObject) : (object as ObjectRef);
    const key = refKey(ref);
    let weight = this.#known.get(key);
    if (weight === undefined) {
      const touched = workloadsTouchedBy(this.#view, ref).map((each) => this.#weights.get(keyOf(each)) ?? 0);
      const own = this.#named.has(key) ? WEIGHT.sick : (this.#weights.get(key) ?? 0);
      weight = Math.max(own, ...touched, WEIGHT.elsewhere);
      this.#known.set(key, weight);
    }
    return weight;
  }

  isSick(object: KubeObject): boolean {
    return this.weightOf(object) >= WEIGHT.sick;
  }

  /** Whether somebody last changed it shortly before the trouble began, or since. */
  isRecent(object: KubeObject): boolean {
    const created = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
    const at = lastChange(object)?.at ?? created;
    return at >= this.#onset - RECENT_MS && at > created;
  }
}

/** Callers are looked for from so many sick workloads at most: where more are sick, all are near. */
const MAX_CALLED = 50;

function keyOf(workload: KubeObject): string {
  return refKey(refOf(workload));
}
