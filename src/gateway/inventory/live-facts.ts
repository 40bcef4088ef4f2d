import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import { printJson } from '../../json/lossless-json.ts';
import type { ClusterFacts, Owned, OwnerGraph } from '../../undo/consequences/facts.ts';
import { admissionOf } from './pod-admission.ts';
import { objectPath } from '../wire/api-request.ts';
import type { Discovery } from '../wire/discovery.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { Holdings, MetadataReader } from './metadata-reader.ts';

/** A command asks the same several times within this; what is older may have changed, as in a terminal that stays open. */
const FRESH_MS = 2_000;

/**
 * Facts as the cluster tells them, each read at most once in two seconds, or until {@link LiveFacts.forget}. Whatever
 * cannot be read is undefined or unseen, never empty.
 */
export class LiveFacts implements ClusterFacts {
  readonly now: () => number;
  readonly #api: KubeApi;
  readonly #discovery: Discovery;
  readonly #reader: MetadataReader;
  readonly #known = new Map<string, { at: number; read: Promise<unknown> }>();

  constructor(api: KubeApi, discovery: Discovery, reader: MetadataReader, now: () => number) {
    this.#api = api;
    this.#discovery = discovery;
    this.#reader = reader;
    this.now = now;
  }

  /** What follows is read anew. */
  forget(): void {
    this.#known.clear();
  }

  get(ref: ObjectRef): Promise<KubeObject | null | undefined> {
    return this.#once(`get ${refKey(ref)}`, async () => {
      const at = await this.#collection(ref.apiVersion, ref.kind, ref.namespace ?? '');
      // A kind that is not served has no objects.
      if (!at) return at === null ? null : undefined;
      // No answer is "unknown", the third answer.
      const answer = await this.#api.send('GET', `${at}/${encodeURIComponent(ref.name)}`).catch(() => null);
      if (answer?.status === 404) return null;
      return answer?.status === 200 && answer.object ? answer.object : undefined;
    });
  }

  list(apiVersion: string, kind: string, namespace = ''): Promise<KubeObject[] | undefined> {
    return this.#once(`list ${apiVersion} ${kind} ${namespace}`, async () => {
      const at = await this.#collection(apiVersion, kind, namespace);
      if (!at) return at === null ? [] : undefined;
      return this.#api.list(at, undefined, { apiVersion, kind }).then(
        ({ items }) => items,
        () => undefined,
      );
    });
  }

  metadata(apiVersion: string, kind: string, namespace = ''): Promise<Owned[] | undefined> {
    return this.#once(`metadata ${apiVersion} ${kind} ${namespace}`, async () => {
      // No answer is "unknown", the third answer.
      const served = await this.#reader.kinds().catch(() => null);
      const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
      const found = served?.kinds.find((one) => one.group === group && one.kind === kind);
      if (!served || (!found && served.unseen.length > 0)) return undefined;
      return found ? this.#reader.list(found, found.namespaced ? namespace : '') : [];
    });
  }

  admits(pod: KubeObject): Promise<string | null | undefined> {
    // No answer is "unknown", the third answer.
    return this.#once(`admits ${printJson(pod)}`, () =>
      admissionOf(pod, true, (path, body) => this.#api.send('POST', `${path}?dryRun=All`, { body })).catch(
        () => undefined,
      ),
    );
  }

  podsOn(node: string): Promise<KubeObject[] | undefined> {
    const selector = encodeURIComponent(`spec.nodeName=${node}`);
    return this.#once(`pods on ${node}`, () =>
      this.#api.list(`/api/v1/pods?fieldSelector=${selector}`, undefined, { apiVersion: 'v1', kind: 'Pod' }).then(
        ({ items }) => items,
        () => undefined,
      ),
    );
  }

  async below(uid: string, namespace?: string): Promise<OwnerGraph> {
    // What is outside of namespaces may own objects in any of them.
    const { objects, unseen } = await this.#holdings(namespace ?? null);
    return { owned: descendants(uid, objects), unseen };
  }

  async everything(): Promise<OwnerGraph> {
    const { objects, unseen } = await this.#holdings(null);
    return { owned: objects, unseen };
  }

  async contents(namespace: string): Promise<OwnerGraph> {
    const { objects, unseen } = await this.#holdings(namespace);
    return { owned: objects.filter((object) => !isGivenToEach(object)), unseen };
  }

  #holdings(namespace: string | null): Promise<Holdings> {
    // Nothing seen, and said so.
    return this.#once(`holdings ${namespace ?? '*'}`, () =>
      (namespace === null ? this.#reader.everything() : this.#reader.holdings(namespace)).catch(() => ({
        objects: [],
        unseen: ['all kinds'],
      })),
    );
  }

  /** Null when the kind is not served; undefined when that could not be found out. */
  async #collection(apiVersion: string, kind: string, namespace: string): Promise<string | null | undefined> {
    try {
      const resource = await this.#discovery.resourceOfKind(apiVersion, kind);
      if (!resource) return null;
      const { group, version, name, namespaced } = resource;
      return objectPath({ group, version, resource: name, namespace: namespaced ? namespace : '' }, '');
    } catch {
      // No answer is "unknown", the third answer.
      return undefined;
    }
  }

  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    const at = this.now();
    if (known && Math.abs(at - known.at) <= FRESH_MS) return known.read as Promise<T>;
    const pending = read();
    this.#known.set(key, { at, read: pending });
    return pending;
  }
}

export function descendants(uid: string, objects: Owned[]): Owned[] {
  const children = new Map<string, Owned[]>();
  for (const object of objects) {
    for (const owner of object.metadata.ownerReferences ?? [])
      children.set(owner.uid, [...(children.get(owner.uid) ?? []), object]);
  }
  const found = new Map<string, Owned>();
  const waiting = [uid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of children.get(next) ?? []) {
      if (found.has(child.uid)) continue;
      found.set(child.uid, child);
      waiting.push(child.uid);
    }
  }
  return [...found.values()];
}

/** The cluster puts these into every namespace (root CA publisher, service account controller). */
function isGivenToEach({ ref }: Owned): boolean {
  return (
    (ref.kind === 'ConfigMap' && ref.name === 'kube-root-ca.crt') ||
    (ref.kind === 'ServiceAccount' && ref.name === 'default')
  );
}
