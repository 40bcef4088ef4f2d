import type { Clock } from '../../domain/clock.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { ClusterReader, SnapshotSeries } from '../../domain/ports.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { Discovery } from '../../gateway/wire/discovery.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KindInfo } from './kinds.ts';
import { KindReading } from './kind-reading.ts';
import { collectionPath, kindsNamed, snapshotKind, snapshotName } from './kinds.ts';
import { listKind } from './live-collection.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { oneLine } from '../../text/plain-text.ts';

const LIST_TIMEOUT_MS = 30_000;
const LOG_LINES = 200;
const LOG_BYTES = 128 << 10;
const LOG_LINE_CHARS = 1_000;

/** A kind by the name that snapshots give it, in each namespace of the scope. */
type Readings = { kind: string; scopes: KindReading[] }[];

/** Reads the scope through an API whose Secret values are already blank (the gateway's read mode). */
export class SnapshotReader implements ClusterReader {
  readonly #api: KubeApi;
  readonly #namespaces: string[];
  readonly #clock: Clock;
  readonly #discovery: Discovery;
  readonly #kinds: readonly KindInfo[];

  /**
   * @param namespaces namespaces in scope, at least one
   * @param kinds what snapshots read, by name; see {@link kindsNamed}
   */
  constructor(api: KubeApi, namespaces: string[], clock: Clock, kinds: readonly string[]) {
    this.#kinds = kindsNamed(kinds);
    this.#api = api;
    this.#namespaces = namespaces;
    this.#clock = clock;
    this.#discovery = new Discovery((path) => api.find(path));
  }

  snapshot(signal: AbortSignal): Promise<ClusterSnapshot> {
    return this.#read(signal, this.#readings(), false);
  }

  follow(believedMs?: number): SnapshotSeries {
    const readings = this.#readings(believedMs);
    return {
      next: (signal) => this.#read(signal, readings, true),
      close: () => readings.forEach(({ scopes }) => scopes.forEach((scope) => scope.close())),
    };
  }

  /** Last lines, without control characters, each cut at 1,000 characters; empty when there is no such log. */
  async readLog(namespace: string, pod: string, container: string, previous: boolean): Promise<string[]> {
    const query = new URLSearchParams({ container, tailLines: String(LOG_LINES), limitBytes: String(LOG_BYTES) });
    if (previous) query.set('previous', 'true');
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
    const { status, text } = await this.#api.raw(path, AbortSignal.timeout(10_000), LOG_BYTES);
    if (status !== 200) return [];
    const lines = text.split('\n').map((line) => oneLine(line, LOG_LINE_CHARS));
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /**
   * The object as it is now; null when it, or its kind, does not exist.
   * @throws ClusterError
   */
  async get(ref: ObjectRef): Promise<KubeObject | null> {
    const info = await this.#kindOf(ref);
    if (!info) return null;
    return this.#api.find(`${collectionPath(info, ref.namespace)}/${encodeURIComponent(ref.name)}`);
  }

  /** All objects of a kind in a namespace, of every namespace without one; none when the server does not serve it. */
  async list(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>, namespace?: string): Promise<KubeObject[]> {
    const info = await this.#kindOf(kind);
    return info ? (await listKind(this.#api, info, namespace, AbortSignal.timeout(LIST_TIMEOUT_MS))).items : [];
  }

  async #kindOf(ref: Pick<ObjectRef, 'apiVersion' | 'kind'>): Promise<KindInfo | null> {
    const known = snapshotKind(ref.kind);
    if (known?.apiVersion === ref.apiVersion) return known;
    const found = await this.#discovery.resourceOfKind(ref.apiVersion, ref.kind);
    return found && { kind: ref.kind, apiVersion: ref.apiVersion, resource: found.name, namespaced: found.namespaced };
  }

  #readings(believedMs?: number): Readings {
    return this.#kinds.map((info) => {
      const namespaces = info.namespaced ? this.#namespaces : [undefined];
      const scopes = namespaces.map(
        (namespace) => new KindReading(this.#api, this.#clock, info, namespace, believedMs),
      );
      return { kind: snapshotName(info), scopes };
    });
  }

  /**
   * One LIST per kind and namespace, concurrently. A kind that may not be listed, or that the server does not
   * serve, is named in `unreadable`; every other failure fails the snapshot, because an incomplete one could look
   * healthy.
   */
  async #read(signal: AbortSignal, readings: Readings, follow: boolean): Promise<ClusterSnapshot> {
    const takenAt = new Date(this.#clock.now()).toISOString();
    const checks = this.#namespaces.map((namespace) => this.#requireNamespace(namespace, signal));
    const read = ({ scopes }: Readings[number]) =>
      Promise.all(scopes.map(async (scope) => scope.known() ?? (await scope.list(signal, follow))));
    const [kinds] = await Promise.all([Promise.all(readings.map(read)), ...checks]);
    const snapshot: ClusterSnapshot = { takenAt, namespaces: [...this.#namespaces], objects: {}, unreadable: {} };
    for (const [index, { kind }] of readings.entries()) {
      const lists = kinds[index]!;
      const problem = lists.find((list) => typeof list === 'string');
      if (problem !== undefined) snapshot.unreadable[kind] = problem;
      else snapshot.objects[kind] = (lists as KubeObject[][]).flat();
    }
    return snapshot;
  }

  /** Listing in a namespace that does not exist answers with empty lists, which would look like perfect health. */
  async #requireNamespace(namespace: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#api.getJson(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, signal);
    } catch (error) {
      // Without the right to read the Namespace itself the lists have to do.
      if (error instanceof ClusterError && error.status === 403) return;
      if (!(error instanceof ClusterError) || error.status !== 404) throw error;
      throw new ClusterError(
        'unknown-namespace',
        `namespace '${namespace}' does not exist: give another --namespace`,
        404,
      );
    }
  }
}
