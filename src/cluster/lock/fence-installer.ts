import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { sameJson } from '../../json/same-json.ts';
import { KubeApi } from '../../gateway/wire/kube-api.ts';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import type { FenceObject } from './fence-manifests.ts';
import { fenceObjects, fencePath, KEEPER_NAME } from './fence-manifests.ts';

/** What installing or uninstalling does to one object. */
export interface FenceChange {
  action: 'create' | 'replace' | 'delete' | 'keep';
  kind: string;
  name: string;
  /** Empty for cluster-wide kinds. */
  namespace: string;
  why: string;
}

interface PlannedChange {
  entry: FenceObject;
  action: FenceChange['action'];
  live: KubeObject | null;
}

/**
 * Puts the objects of the fence into a cluster and takes them out again, with the rights of the administrator who
 * asks for it. Its writes go through the gateway's control mode, which knows each of the objects by name and nothing
 * else. To be used while the writer lock is held, so that no transaction is at work meanwhile.
 */
export class FenceInstaller {
  readonly #api: KubeApi;
  readonly #objects: FenceObject[];

  constructor(own: Upstream, lockNamespace: string) {
    this.#objects = fenceObjects(lockNamespace);
    const control = this.#objects.map(({ resource, object }) => ({
      group: object.apiVersion.includes('/') ? object.apiVersion.split('/')[0]! : '',
      resource,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      subresource: '',
    }));
    this.#api = new KubeApi(new Monitor(own, 'control', { control }));
  }

  /** What {@link apply} would do. @throws ClusterError forbidden (names the missing right), unreachable … */
  async plan(goal: 'install' | 'uninstall'): Promise<FenceChange[]> {
    return this.#describe(await this.#plan(goal));
  }

  /**
   * Makes the cluster as planned. Every write is tried as a dry-run first, so that a missing right changes nothing.
   * May be repeated after any interruption.
   * @throws ClusterError forbidden (names the missing right), unreachable, api (a server without admission policies)
   */
  async apply(goal: 'install' | 'uninstall'): Promise<FenceChange[]> {
    const changes = await this.#plan(goal);
    for (const change of changes) await this.#send(change, '?dryRun=All');
    for (const change of changes) await this.#send(change, '');
    return this.#describe(changes);
  }

  #describe(changes: PlannedChange[]): FenceChange[] {
    return changes.map(({ entry: { object, why }, action }) => {
      const { name, namespace = '' } = object.metadata;
      return { action, kind: object.kind, name, namespace, why };
    });
  }

  async #plan(goal: 'install' | 'uninstall'): Promise<PlannedChange[]> {
    const found = await Promise.all(
      this.#objects.map(async (entry) => ({ entry, live: await this.#api.find(fencePath(entry)) })),
    );
    if (goal === 'install') return found.map(({ entry, live }) => ({ entry, live, action: installing(entry, live) }));
    // What enforces goes first; what keeps the API server watching stays.
    const gone = found.filter(({ live }) => live !== null).reverse();
    return gone.map(({ entry, live }) => ({
      entry,
      live,
      action: entry.object.metadata.name === KEEPER_NAME ? 'keep' : 'delete',
    }));
  }

  async #send({ entry, action, live }: PlannedChange, query: string): Promise<void> {
    if (action === 'keep') return;
    const path = fencePath(entry, action === 'create') + query;
    if (action === 'delete') {
      const uid = live?.metadata.uid;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
      await this.#api.write('DELETE', path, body).catch((error: unknown) => {
        if (!(error instanceof ClusterError) || error.status !== 404) throw error;
      });
      return;
    }
    const { object } = entry;
    const body = live ? { ...object, metadata: merged(object, live) } : object;
    try {
      await this.#api.write(action === 'create' ? 'POST' : 'PUT', path, body);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.status !== 404) throw error;
      const text = object.metadata.namespace
        ? `namespace '${object.metadata.namespace}' of the writer lock does not exist`
        : `the API server does not serve ${object.kind} (${object.apiVersion}): the fence needs Kubernetes 1.30`;
      throw new ClusterError('api', text, 404);
    }
  }
}

/** Replaced only when what we ship differs from what is there, so that installing again changes nothing. */
function installing({ object }: FenceObject, live: KubeObject | null): 'create' | 'replace' | 'keep' {
  if (!live) return 'create';
  const about = new Set(['apiVersion', 'kind', 'metadata']);
  const same = Object.entries(object).every(([field, value]) => about.has(field) || sameJson(live[field], value));
  const labelled = Object.entries(object.metadata.labels ?? {}).every(
    ([name, value]) => live.metadata.labels?.[name] === value,
  );
  return same && labelled ? 'keep' : 'replace';
}

function merged(object: KubeObject, live: KubeObject): KubeObject['metadata'] {
  const { name, namespace, resourceVersion, uid, annotations } = live.metadata;
  return {
    name,
    namespace,
    resourceVersion,
    uid,
    annotations,
    labels: { ...live.metadata.labels, ...object.metadata.labels },
  };
}
