import type { KubeObject } from '../../domain/kube-object.ts';
import type { Owned } from '../../undo/consequences/facts.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { Served, ServedKind } from './served-kinds.ts';
import { readServedKinds } from './served-kinds.ts';

const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const PAGE = 500;
/** Lists that run side by side: the API server counts each against the engineer's share of it. */
const SIDE_BY_SIDE = 6;
/** They come and go by themselves, by the hundreds, and own nothing. */
const PASSING = new Set([
  'events',
  'events.events.k8s.io',
  'pods.metrics.k8s.io',
  'nodes.metrics.k8s.io',
  'componentstatuses',
]);

/** What one namespace (or what is outside all of them) holds, by metadata. */
export interface Holdings {
  objects: Owned[];
  /** Resources that could not be listed. */
  unseen: string[];
}

/** `pods`, `deployments.apps`. */
export function resourceLabel({ resource, group }: Pick<ServedKind, 'resource' | 'group'>): string {
  return group ? `${resource}.${group}` : resource;
}

/** Lists by metadata only, which costs a tenth of the whole objects. Which kinds there are is read once. */
export class MetadataReader {
  readonly #api: KubeApi;
  #served: Promise<Served> | null = null;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** Read again when a CRD may have come or gone. */
  forgetKinds(): void {
    this.#served = null;
  }

  async kinds(): Promise<Served> {
    this.#served ??= readServedKinds(this.#api);
    const pending = this.#served;
    // The caller gets the failure; the next one tries again.
    pending.catch(() => {
      if (this.#served === pending) this.#served = null;
    });
    return pending;
  }

  /** One kind; undefined when it cannot be listed. An empty `namespace`: everywhere. */
  async list(kind: ServedKind, namespace: string): Promise<Owned[] | undefined> {
    const { group, version, resource } = kind;
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const path = `${root}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${resource}`;
    const found: Owned[] = [];
    for (let token = '', restarts = 0; ;) {
      const query = `limit=${PAGE}${token ? `&continue=${encodeURIComponent(token)}` : ''}`;
      // Counted as not seen by the caller.
      const answer = await this.#api.send('GET', `${path}?${query}`, { accept: METADATA_ONLY }).catch(() => null);
      if (answer?.status === 410 && restarts++ < 3) {
        [token, found.length] = ['', 0];
        continue;
      }
      // Gone meanwhile with its definition.
      if (answer?.status === 404) return [];
      if (answer?.status !== 200 || !answer.object) return undefined;
      for (const item of (answer.object.items ?? []) as KubeObject[])
        found.push(owned(item, kind, resourceLabel(kind)));
      token = String((answer.object.metadata as { continue?: string } | undefined)?.continue ?? '');
      if (!token) return found;
    }
  }

  /**
   * All kinds of one namespace; with an empty `namespace` those outside of all.
   * @param isWanted leaves kinds out
   */
  holdings(namespace: string, isWanted: (kind: ServedKind) => boolean = () => true): Promise<Holdings> {
    return this.#all((kind) => kind.namespaced === (namespace !== '') && isWanted(kind), namespace);
  }

  /** All kinds everywhere. */
  everything(): Promise<Holdings> {
    return this.#all(() => true, '');
  }

  async #all(isWanted: (kind: ServedKind) => boolean, namespace: string): Promise<Holdings> {
    const { kinds, unseen } = await this.kinds();
    const waiting = kinds.filter((kind) => isWanted(kind) && !PASSING.has(resourceLabel(kind)));
    const holdings: Holdings = { objects: [], unseen: [...unseen] };
    const work = async () => {
      for (let kind = waiting.shift(); kind; kind = waiting.shift()) {
        const objects = await this.list(kind, kind.namespaced ? namespace : '');
        if (objects) holdings.objects.push(...objects);
        else holdings.unseen.push(resourceLabel(kind));
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
    return holdings;
  }
}

function owned({ metadata }: KubeObject, { group, version, kind }: ServedKind, label: string): Owned {
  const apiVersion = group ? `${group}/${version}` : version;
  const { namespace, name, uid = '' } = metadata;
  const managers = ((metadata.managedFields ?? []) as Array<{ manager?: string }>).map(({ manager = '' }) => manager);
  // Which fields they wrote is half of the metadata, and of no use here.
  delete metadata.managedFields;
  const ref = { apiVersion, kind, ...(namespace ? { namespace } : {}), name };
  return { ref, uid, resource: label, managers, metadata };
}
