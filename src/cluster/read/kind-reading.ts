import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import type { KindInfo } from './kinds.ts';
import { LiveCollection } from './live-collection.ts';

/** Fewer are listed again faster than a watch of them is opened. */
const WORTH_WATCHING = 500;
/** A stream that died without a word looks like one where nothing happens: nothing is believed for longer than this. */
const BELIEVED_MS = 5_000;

/** One kind in one namespace, read several times: many objects are listed now and then and watched in between. */
export class KindReading {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #info: KindInfo;
  readonly #namespace: string | undefined;
  readonly #believedMs: number;
  #watched: { collection: LiveCollection; since: number; stop: AbortController } | null = null;

  constructor(api: KubeApi, clock: Clock, info: KindInfo, namespace: string | undefined, believedMs = BELIEVED_MS) {
    this.#believedMs = believedMs;
    this.#api = api;
    this.#clock = clock;
    this.#info = info;
    this.#namespace = namespace;
  }

  /** The objects where a living watch tells them; null where they must be listed. */
  known(): KubeObject[] | null {
    const watched = this.#watched;
    return watched && this.#clock.monotonic() - watched.since < this.#believedMs ? watched.collection.objects() : null;
  }

  /**
   * Lists them anew.
   * @param follow watch from here on what is worth it
   * @returns the objects, or why they cannot be read
   * @throws ClusterError where the reason is neither a right nor the server's version
   */
  async list(signal: AbortSignal, follow: boolean): Promise<KubeObject[] | string> {
    this.close();
    const info = this.#info;
    try {
      const collection = await LiveCollection.list(this.#api, info, this.#namespace, signal);
      const objects = collection.objects();
      if (follow && objects.length > WORTH_WATCHING) this.#watch(collection);
      return objects;
    } catch (error) {
      if (!(error instanceof ClusterError) || (error.status !== 403 && error.status !== 404)) throw error;
      if (error.status === 403) return error.message;
      if (info.custom) return [];
      return `this API server does not serve ${info.resource} in ${info.apiVersion}`;
    }
  }

  close(): void {
    this.#watched?.stop.abort();
    this.#watched = null;
  }

  #watch(collection: LiveCollection): void {
    // The stream begins here: a list that takes long is no reason to distrust it.
    const watched = { collection, since: this.#clock.monotonic(), stop: new AbortController() };
    this.#watched = watched;
    // Whatever ended it: what is not watched is listed.
    const ended = () => {
      if (this.#watched === watched) this.#watched = null;
    };
    collection.watch(watched.stop.signal, () => undefined).then(ended, ended);
  }
}
