import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { unaidedReason } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { isOfPresentTemplate } from '../kube/container-trouble.ts';
import { condition, isReady } from '../kube/pods.ts';
import { listOf } from '../kube/untyped-list.ts';

/**
 * A pod that was not ready for this long, in ms, does not become ready within the seconds of a rollout by chance: probes that
 * now and then fail, and programs that start, change their mind sooner.
 */
const LONG_UNREADY_MS = 20_000;

/** A pod of the template before the change that was not ready, as the first look found it. */
interface Former {
  name: string;
  /** Since when, milliseconds since the epoch. */
  since: number;
  /** When each container began to run: one that starts anew is another program. */
  runs: string;
}

/**
 * Tells whether what a change of one template was to mend got well without it: a rolling update keeps the pods of the former
 * template until those of the new one are ready, and what brings both to life is something else.
 */
export class UnaidedRecovery {
  readonly #root: ObjectRef | null;
  #former: Map<string, Former> | null = null;
  readonly #recovered = new Map<string, string>();

  /** @param roots what was written; with more than one, or another kind, nothing can be told */
  constructor(roots: readonly ObjectRef[]) {
    const [root, ...others] = roots;
    this.#root = root?.kind === 'Deployment' && others.length === 0 ? root : null;
  }

  look(snapshot: ClusterSnapshot): void {
    if (!this.#root) return;
    this.#former ??= formerPods(snapshot, this.#root);
    if (!this.#former || this.#former.size === 0) return;
    for (const pod of objectsOf(snapshot, 'Pod', this.#root.namespace)) this.#lookAt(pod);
  }

  #lookAt(pod: KubeObject): void {
    const uid = pod.metadata.uid ?? '';
    const former = this.#former!.get(uid);
    if (!former) return;
    const isBack = isReady(pod) && runsOf(pod) === former.runs && turnedAt(pod) - former.since >= LONG_UNREADY_MS;
    if (isBack) this.#recovered.set(uid, former.name);
    // One that is stopped is no longer ready either.
    else if (!pod.metadata.deletionTimestamp) this.#recovered.delete(uid);
  }

  /** One sentence; null: nothing speaks for it. */
  get text(): string | null {
    const [name] = this.#recovered.values();
    return name === undefined
      ? null
      : unaidedReason(`pod ${name}, made from the template before it, became ready as well`);
  }
}

/** By uid; null where that cannot be told yet. */
function formerPods(snapshot: ClusterSnapshot, root: ObjectRef): Map<string, Former> | null {
  const view = new ClusterView(snapshot);
  const workload = view.find('Deployment', root.namespace, root.name);
  if (!workload || !view.known('ReplicaSet') || !view.known('Pod')) return null;
  return new Map(
    view
      .podsOf(workload)
      .filter((pod) => !isOfPresentTemplate(view, workload, pod) && !isReady(pod) && runsOf(pod) !== '')
      .map((pod) => [pod.metadata.uid ?? '', { name: pod.metadata.name, since: turnedAt(pod), runs: runsOf(pod) }]),
  );
}

/** When it became ready, or stopped being so; by the server's clock, as all times of one pod. */
function turnedAt(pod: KubeObject): number {
  return Date.parse(condition(pod, 'Ready')?.lastTransitionTime ?? '');
}

/** Empty where not all containers run. */
function runsOf({ status }: KubeObject): string {
  const starts = listOf(status?.containerStatuses).map((each) => each?.state?.running?.startedAt as string | undefined);
  return starts.includes(undefined) ? '' : starts.join(' ');
}
