import type { KubeObject } from '../../domain/kube-object.ts';
import type { KubeApi } from '../wire/kube-api.ts';

/** A kind that the API server lists, in the version that it prefers. */
export interface ServedKind {
  /** Empty for the core group. */
  group: string;
  version: string;
  resource: string;
  kind: string;
  namespaced: boolean;
  watchable: boolean;
}

export interface Served {
  kinds: ServedKind[];
  /** Group versions whose own server does not answer: what they hold is not known. */
  unseen: string[];
}

const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');

interface DiscoveredResource {
  resource: string;
  responseKind?: { kind: string };
  scope: string;
  verbs?: string[];
}

/**
 * All kinds that can be listed, in two requests (aggregated discovery, Kubernetes 1.27 and later), else in one for each
 * group version. @throws ClusterError when the API server does not tell
 */
export async function readServedKinds(api: KubeApi, signal?: AbortSignal): Promise<Served> {
  const [core, groups] = await Promise.all([read(api, '/api', signal), read(api, '/apis', signal)]);
  if (!isAggregated(core) || !isAggregated(groups)) return readOneByOne(api, groups, signal);
  const served: Served = { kinds: [], unseen: [] };
  for (const group of [...core.items, ...groups.items]) {
    const name = String(group.metadata?.name ?? '');
    const seen = new Set<string>();
    for (const { version, freshness, resources } of group.versions as Array<{
      version: string;
      freshness?: string;
      resources?: DiscoveredResource[];
    }>) {
      if (freshness === 'Stale') served.unseen.push(name ? `${version}.${name}` : version);
      for (const { resource, responseKind, scope, verbs = [] } of resources ?? []) {
        // Versions come in the server's order of preference; all of them show the same objects.
        if (!verbs.includes('list') || seen.has(resource)) continue;
        seen.add(resource);
        served.kinds.push({
          group: name,
          version,
          resource,
          kind: responseKind?.kind ?? '',
          namespaced: scope === 'Namespaced',
          watchable: verbs.includes('watch'),
        });
      }
    }
  }
  return served;
}

async function read(api: KubeApi, path: string, signal?: AbortSignal): Promise<KubeObject> {
  const answer = await api.send('GET', path, { accept: AGGREGATED, ...(signal ? { signal } : {}) });
  if (answer.status !== 200 || !answer.object)
    throw new Error(`what the cluster serves could not be read: ${answer.message}`);
  return answer.object;
}

function isAggregated(list: KubeObject): boolean {
  return list.kind === 'APIGroupDiscoveryList' && Array.isArray(list.items);
}

async function readOneByOne(api: KubeApi, groups: KubeObject, signal?: AbortSignal): Promise<Served> {
  const served: Served = { kinds: [], unseen: [] };
  const versions = [{ group: '', version: 'v1' }];
  for (const group of (groups.groups ?? []) as Array<{ name: string; preferredVersion?: { version: string } }>)
    if (group.preferredVersion) versions.push({ group: group.name, version: group.preferredVersion.version });
  for (const { group, version } of versions) {
    const answer = await api.send(
      'GET',
      group ? `/apis/${group}/${version}` : `/api/${version}`,
      signal ? { signal } : {},
    );
    if (answer.status !== 200 || !answer.object) {
      served.unseen.push(group ? `${version}.${group}` : version);
      continue;
    }
    for (const { name, kind, namespaced, verbs = [] } of (answer.object.resources ?? []) as Array<{
      name: string;
      kind: string;
      namespaced: boolean;
      verbs?: string[];
    }>) {
      if (name.includes('/') || !verbs.includes('list')) continue;
      served.kinds.push({ group, version, resource: name, kind, namespaced, watchable: verbs.includes('watch') });
    }
  }
  return served;
}
