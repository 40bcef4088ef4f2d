import type { Clock } from '../domain/clock.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import type { SettleResult, Settler } from '../domain/ports.ts';
import { ClusterError } from '../domain/cluster-error.ts';
import type { Convergence, Pending } from './convergence.ts';
import { assessConvergence } from './convergence.ts';
import type { KindInfo } from '../cluster/read/kinds.ts';
import { snapshotKind } from '../cluster/read/kinds.ts';
import type { KubeApi } from '../gateway/wire/kube-api.ts';
import { LiveView } from '../cluster/read/live-view.ts';
import { UnaidedRecovery } from './unaided.ts';

/** Kinds whose objects depend on each other in ways that settling follows. */
const FOLLOWED = [
  'Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'Service', 'EndpointSlice',
  'PersistentVolumeClaim', 'HorizontalPodAutoscaler', 'StorageClass',
]; // prettier-ignore

const MIN_WAIT_MS = 30_000;
const DEFAULT_MAX_WAIT_MS = 180_000;
/** Room for scheduling and for the controllers between the waves of a rollout. */
const ROLLOUT_SLACK_MS = 10_000;
/** Bursts of events are looked at together. */
const COALESCE_MS = 15;

export interface SettleOptions {
  /** Upper limit of any wait, in ms. */
  maxWaitMs?: number;
}

/**
 * Event-driven settling over watch streams. Ends when everything affected has converged; when all that is pending
 * is stuck in a way that waiting does not cure (then `settled` is true and `pending` says what); or at a deadline
 * that grows with the probes and rollout settings of the workloads written to (then `settled` is false).
 */
export class WatchSettler implements Settler {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #namespaces: string[];
  readonly #maxWaitMs: number;

  /** @param namespaces namespaces in scope; those of the roots are added */
  constructor(api: KubeApi, clock: Clock, namespaces: string[], options: SettleOptions = {}) {
    this.#api = api;
    this.#clock = clock;
    this.#namespaces = namespaces;
    this.#maxWaitMs = options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
  }

  /** @throws ClusterError aborted */
  async settle(roots: ObjectRef[], signal: AbortSignal, progress: (text: string) => void): Promise<SettleResult> {
    if (roots.length === 0) return { settled: true, pending: [] };
    const namespaces = [...new Set([...this.#namespaces, ...roots.flatMap(({ namespace }) => namespace ?? [])])];
    const kinds = [...new Set([...FOLLOWED, ...roots.map(({ kind }) => kind)])];
    const infos = kinds.map(snapshotKind).filter((info): info is KindInfo => info !== undefined);
    const view = new LiveView(this.#api, this.#clock, infos, namespaces);
    const stop = () => view.close();
    signal.addEventListener('abort', stop);
    try {
      return await this.#wait(view, roots, signal, progress);
    } finally {
      signal.removeEventListener('abort', stop);
      view.close();
    }
  }

  async #wait(
    view: LiveView,
    roots: ObjectRef[],
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<SettleResult> {
    const started = this.#clock.monotonic();
    const since = new Map<string, number>();
    const known = new Map(roots.map((root) => [refKey(root), root]));
    const starting = view.start().then(() => true);
    // The timer must not outlive the race, or it would keep the process alive.
    const timer = new AbortController();
    // Ended by the race.
    const limit = this.#clock.sleep(this.#maxWaitMs, AbortSignal.any([signal, timer.signal])).catch(() => false);
    await Promise.race([starting, limit]).finally(() => timer.abort());
    const recovery = new UnaidedRecovery(roots);
    let shown = '';
    for (;;) {
      if (signal.aborted) throw new ClusterError('aborted', 'waiting for the cluster to settle was cancelled');
      const stale = view.problem();
      if (stale === null) recovery.look(view.snapshot());
      const unaided = recovery.text === null ? {} : { unaided: recovery.text };
      const { pending, budgetMs, homes } = assess(view, [...known.values()], stale);
      for (const home of homes) known.set(refKey(home), home);
      const now = this.#clock.monotonic();
      const patience = this.#remainingPatience(pending, since, now);
      const texts = pending.map(({ text }) => text);
      if (pending.length === 0 || patience === 0) return { settled: true, pending: texts, ...unaided };
      const waitMs = Math.max(
        MIN_WAIT_MS,
        budgetMs + ROLLOUT_SLACK_MS,
        ...pending.map(({ patienceMs }) => patienceMs ?? 0),
      );
      const left = started + Math.min(waitMs, this.#maxWaitMs) - now;
      if (left <= 0) return { settled: false, pending: texts, ...unaided };
      const text = texts.join('; ');
      if (text !== shown) progress(`waiting: ${text}`);
      shown = text;
      await view.change(Math.min(left, patience ?? left));
      // The next turn looks at the signal.
      await this.#clock.sleep(COALESCE_MS, signal).catch(() => undefined);
    }
  }

  /** Until all that is pending has used up its patience, in ms; null while something is still moving. */
  #remainingPatience(pending: Pending[], since: Map<string, number>, now: number): number | null {
    const keys = new Set(pending.map(({ key }) => key));
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
    let longest = 0;
    for (const { key, patienceMs } of pending) {
      const first = since.get(key) ?? now;
      since.set(key, first);
      if (patienceMs === null) return null;
      longest = Math.max(longest, first + patienceMs - now);
    }
    return longest;
  }
}

/** A picture that may be stale proves nothing. */
function assess(view: LiveView, roots: ObjectRef[], stale: string | null): Convergence {
  if (stale !== null) return { pending: [{ key: 'stale', text: stale, patienceMs: null }], budgetMs: 0, homes: [] };
  return assessConvergence(view.snapshot(), roots);
}
