import type { KubeObject } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import type { KindInfo } from './kinds.ts';
import { listPath } from './kinds.ts';

/**
 * Kinds that are many and whose fields controllers write: who wrote which tells nobody anything, and is a third of
 * their size.
 */
const WRITTEN_BY_CONTROLLERS = new Set(['Pod', 'ReplicaSet', 'EndpointSlice', 'Event', 'ControllerRevision']);
const MANAGERS = ['metadata', 'managedFields'];

/** All objects of a kind, of one namespace where one is given. Nothing of them must be changed. @throws ClusterError */
export function listKind(api: KubeApi, info: KindInfo, namespace: string | undefined, signal: AbortSignal) {
  const omit = WRITTEN_BY_CONTROLLERS.has(info.kind) ? MANAGERS : [];
  return api.list(listPath(info, namespace), signal, info, omit);
}

/** The objects of a kind as they were listed, and as a watch has changed them since. */
export class LiveCollection {
  readonly #api: KubeApi;
  readonly #info: KindInfo;
  readonly #namespace: string | undefined;
  readonly #objects = new Map<string, KubeObject>();
  #version: string;

  private constructor(api: KubeApi, info: KindInfo, namespace: string | undefined, version: string) {
    this.#api = api;
    this.#info = info;
    this.#namespace = namespace;
    this.#version = version;
  }

  /** @throws ClusterError */
  static async list(
    api: KubeApi,
    info: KindInfo,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<LiveCollection> {
    const { items, resourceVersion } = await listKind(api, info, namespace, signal);
    const collection = new LiveCollection(api, info, namespace, resourceVersion);
    for (const item of items) collection.#objects.set(refKey(refOf(item)), item);
    return collection;
  }

  /** As far as is known. */
  objects(): KubeObject[] {
    return [...this.#objects.values()];
  }

  /**
   * Follows one stream to its end, from where the list or the stream before ended.
   * @returns whether anything came
   * @throws ClusterError 410 when the version is too old to watch from: a new list is the documented answer
   */
  async watch(signal: AbortSignal, changed: () => void): Promise<boolean> {
    const info = this.#info;
    const query = `allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(this.#version)}`;
    let lively = false;
    const path = listPath(info, this.#namespace);
    for await (const { type, object } of this.#api.watch(`${path}${path.includes('?') ? '&' : '?'}${query}`, signal)) {
      if (type === 'ERROR') {
        const code = Number((object as { code?: unknown }).code ?? 500);
        throw new ClusterError('api', `watching ${info.resource} failed (${code})`, code);
      }
      lively = true;
      this.#version = object.metadata.resourceVersion ?? this.#version;
      if (type === 'BOOKMARK') continue;
      const item = { ...object, apiVersion: info.apiVersion, kind: info.kind };
      if (WRITTEN_BY_CONTROLLERS.has(info.kind)) delete item.metadata.managedFields;
      if (type === 'DELETED') this.#objects.delete(refKey(refOf(item)));
      else this.#objects.set(refKey(refOf(item)), item);
      changed();
    }
    return lively;
  }
}
