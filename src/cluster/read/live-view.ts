import type { Clock } from '../../domain/clock.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { KindInfo } from './kinds.ts';
import { LiveCollection } from './live-collection.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';

/** Where watching is not allowed, the kind is listed again this often. */
const POLL_MS = 1_000;
/** Pause before listing again after a failure; a watch that merely ended is renewed at once. */
const RETRY_MS = 500;

/**
 * A picture of some kinds kept current by watch streams: list, watch from its version, list again when the stream
 * ends with an error. Only as fresh as the streams, but every list includes all writes made before it.
 */
export class LiveView {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #namespaces: string[];
  readonly #stop = new AbortController();
  readonly #stores: Store[];
  #wake: (() => void) | null = null;
  #changed = false;

  constructor(api: KubeApi, clock: Clock, kinds: KindInfo[], namespaces: string[]) {
    this.#api = api;
    this.#clock = clock;
    this.#namespaces = namespaces;
    this.#stores = kinds.flatMap((info) =>
      (info.namespaced ? namespaces : [undefined]).map((namespace) => ({
        info,
        namespace,
        collection: null,
        problem: null,
        forbidden: null,
      })),
    );
  }

  /** Starts all streams; resolves when every kind was listed once or turned out not to be readable. */
  async start(): Promise<void> {
    await Promise.all(
      this.#stores.map((store) => new Promise<void>((first) => void this.#follow(store, first).then(first))),
    );
  }

  close(): void {
    this.#stop.abort();
    this.#notify();
  }

  /** Resolves at the next change, at once when there was one since the last call, or after `ms`. */
  async change(ms: number): Promise<void> {
    if (!this.#changed && ms > 0) {
      const timer = new AbortController();
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      // Woken by the change: the timer's end is no failure.
      const late = this.#clock.sleep(ms, timer.signal).catch(() => undefined);
      await Promise.race([woken, late]);
      timer.abort();
      this.#wake = null;
    }
    this.#changed = false;
  }

  /** What is known now. Kinds that could not be listed are in `unreadable`. */
  snapshot(): ClusterSnapshot {
    const view: ClusterSnapshot = {
      takenAt: new Date(this.#clock.now()).toISOString(),
      namespaces: this.#namespaces,
      objects: {},
      unreadable: {},
    };
    for (const { info, collection, forbidden, problem } of this.#stores) {
      if (collection) view.objects[info.kind] = [...(view.objects[info.kind] ?? []), ...collection.objects()];
      else view.unreadable[info.kind] = forbidden ?? problem ?? 'not read yet';
    }
    return view;
  }

  /** Why the picture may be stale right now; null when all streams are well. */
  problem(): string | null {
    return this.#stores.find((store) => store.problem !== null)?.problem ?? null;
  }

  async #follow(store: Store, listedOnce: () => void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const collection = await this.#list(store);
        listedOnce();
        for (;;) {
          if (!(await collection.watch(signal, () => this.#notify()))) await this.#pause(RETRY_MS);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ClusterError && (error.status === 403 || error.status === 404)) {
          if (!store.collection) {
            store.forbidden = error.message;
            return;
          }
          await this.#pause(POLL_MS);
          continue;
        }
        // 410: the version is too old to watch from. An immediate new list is the documented answer.
        if (error instanceof ClusterError && error.status === 410) continue;
        store.problem = messageOf(error);
        this.#notify();
        await this.#pause(RETRY_MS);
      }
    }
  }

  async #list(store: Store): Promise<LiveCollection> {
    store.collection = await LiveCollection.list(this.#api, store.info, store.namespace, this.#stop.signal);
    store.problem = null;
    this.#notify();
    return store.collection;
  }

  async #pause(ms: number): Promise<void> {
    // Closing ends the pause.
    await this.#clock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
  }
}

interface Store {
  info: KindInfo;
  namespace: string | undefined;
  /** Null until it was listed once. */
  collection: LiveCollection | null;
  problem: string | null;
  forbidden: string | null;
}
