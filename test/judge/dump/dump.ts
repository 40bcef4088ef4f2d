import type { Api, KubeObject } from '../api.ts';
import type { ServedKind } from './kinds.ts';
import { pathOfKind, servedKinds } from './kinds.ts';
import { readJson } from './lossless-json.ts';

/** One object of a dump, as the API server gave it; only `kind` and `apiVersion` are filled in. */
export interface Item {
  /** `Kind/namespace/name`, with the group behind the kind unless it is the core group; `-` for no namespace. */
  key: string;
  kind: ServedKind;
  custom: boolean;
  namespace: string;
  name: string;
  uid: string;
  object: KubeObject;
}

/** Every object of every served kind, in all namespaces, at one time. */
export interface Dump {
  items: ReadonlyMap<string, Item>;
  byUid: ReadonlyMap<string, Item>;
  /** Served kinds by `group/resource`. */
  kinds: ReadonlyMap<string, ServedKind>;
}

/** What fixtures carry when they are of a kind that is otherwise somebody's heartbeat or log. */
export const FIXTURE_LABEL = 'judge.example.test/fixture';
/** Namespaces of the judge's own: canaries, locks, the operator. */
export const OWN_NAMESPACE = /^judge-/;

export function keyOf({ kind, group }: Pick<ServedKind, 'kind' | 'group'>, namespace: string, name: string): string {
  return `${group ? `${kind}.${group}` : kind}/${namespace || '-'}/${name}`;
}

/** The server says how long to wait in whole seconds; it is mostly less. */
const RETRY_MS = 200;

/** Each costs a handshake once. */
const CONNECTIONS = 12;

/** Reads dumps; keeps what it read of kinds that did not change between two of them. */
export class Dumper {
  readonly #api: Api;
  readonly #lists = new Map<string, { text: string; items: KubeObject[] }>();
  #running: Promise<Dump> | undefined;
  #next: Promise<Dump> | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** A dump whose reading began after this call; callers at the same time share one. */
  fresh(): Promise<Dump> {
    if (!this.#running) return (this.#running = this.#start());
    this.#next ??= this.#running.then(
      () => this.#advance(),
      () => this.#advance(),
    );
    return this.#next;
  }

  #advance(): Promise<Dump> {
    this.#next = undefined;
    return (this.#running = this.#start());
  }

  #start(): Promise<Dump> {
    const dump = this.#read();
    const done = () => {
      if (this.#running === dump) this.#running = undefined;
    };
    dump.then(done, done);
    return dump;
  }

  async #read(): Promise<Dump> {
    const kinds = await servedKinds(this.#api);
    const found: { kind: ServedKind; objects: KubeObject[] }[] = [];
    const waiting = [...kinds];
    const work = async () => {
      for (let kind = waiting.pop(); kind; kind = waiting.pop()) found.push({ kind, objects: await this.#list(kind) });
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    const definitions = found.find(({ kind }) => kind.kind === 'CustomResourceDefinition')?.objects ?? [];
    const customs = new Set(definitions.map(({ spec }) => `${spec.group}/${spec.names.plural}`));
    const items = new Map<string, Item>();
    const byUid = new Map<string, Item>();
    for (const { kind, objects } of found) {
      const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
      const custom = customs.has(`${kind.group}/${kind.resource}`);
      for (const read of objects) {
        const { name, namespace = '', uid = '' } = read.metadata;
        const object = { ...read, apiVersion, kind: kind.kind };
        const item: Item = { key: keyOf(kind, namespace, name), kind, custom, namespace, name, uid, object };
        byUid.set(uid, item);
        if (!isNoise(item)) items.set(item.key, item);
      }
    }
    return { items, byUid, kinds: new Map(kinds.map((kind) => [`${kind.group}/${kind.resource}`, kind])) };
  }

  async #list(kind: ServedKind): Promise<KubeObject[]> {
    const selector = kind.resource === 'events' ? `?labelSelector=${FIXTURE_LABEL}` : '';
    const path = pathOfKind(kind);
    const { status, body } = await this.#api.send('GET', path + selector);
    // A kind may stop being served between discovery and this; one that is new has no storage for a moment.
    if (status === 404) return [];
    if (status === 429) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return this.#list(kind);
    }
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.slice(0, 200)}`);
    const text = body.replace(/"metadata":\{[^}]*\}/, '');
    const known = this.#lists.get(path);
    if (known?.text === text) return known.items;
    const items = (readJson(body) as { items?: KubeObject[] }).items ?? [];
    this.#lists.set(path, { text, items });
    return items;
  }
}

/** Heartbeats and copies that controllers derive from objects which are themselves in the dump. */
function isNoise({ kind: { kind, group }, namespace, name, object: { metadata } }: Item): boolean {
  if (OWN_NAMESPACE.test(namespace) || (kind === 'Namespace' && OWN_NAMESPACE.test(name))) return true;
  if (metadata.labels?.[FIXTURE_LABEL]) return false;
  switch (kind) {
    case 'Event':
    case 'CSINode':
      return true;
    case 'IPAddress':
      return group === 'networking.k8s.io';
    case 'Lease':
      // The product's own lock, and what nodes and components of the control plane renew.
      return name === 'stratus-alock' || namespace === 'kube-system' || namespace === 'kube-node-lease';
    case 'EndpointSlice':
      return metadata.labels?.['endpointslice.kubernetes.io/managed-by']?.endsWith('.k8s.io') === true;
    case 'Endpoints':
      return metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
    case 'APIService':
      return metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] !== undefined;
    default:
      return false;
  }
}

/** Whether it is in, or is made for, something that carries a mark in its name: its volume is named after no claim. */
export function isMarked({ namespace, name, object }: Item, mark: string): boolean {
  const claim = object.kind === 'PersistentVolume' ? object.spec?.claimRef?.namespace : '';
  return `${namespace}/${name}/${claim ?? ''}`.includes(mark);
}

/** Objects above: owners, their owners, the claim of a volume, and what contains it (namespace, definition of its kind). */
export function above(item: Item, dump: Dump): Item[] {
  const found = new Map<string, Item>();
  const visit = (one: Item): void => {
    const { group, resource } = one.kind;
    const parents = [
      ...((one.object.metadata.ownerReferences ?? []) as { uid: string }[]).map(({ uid }) => dump.byUid.get(uid)),
      one.kind.kind === 'PersistentVolume' ? dump.byUid.get(one.object.spec?.claimRef?.uid ?? '') : undefined,
      one.namespace ? dump.items.get(`Namespace/-/${one.namespace}`) : undefined,
      one.custom ? dump.items.get(`CustomResourceDefinition.apiextensions.k8s.io/-/${resource}.${group}`) : undefined,
    ];
    for (const parent of parents) {
      if (!parent || found.has(parent.key)) continue;
      found.set(parent.key, parent);
      visit(parent);
    }
  };
  visit(item);
  return [...found.values()];
}
