import type { Api } from '../api.ts';

/** A kind that the API server serves and lists. */
export interface ServedKind {
  group: string;
  version: string;
  kind: string;
  resource: string;
  namespaced: boolean;
  /** Its status is written through a path of its own. */
  statusApart: boolean;
}

interface GroupDiscovery {
  items: {
    metadata?: { name?: string };
    versions: {
      version: string;
      resources?: {
        resource: string;
        responseKind?: { kind: string };
        scope: 'Namespaced' | 'Cluster';
        verbs: string[];
        subresources?: { subresource: string }[];
      }[];
    }[];
  }[];
}

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Says nothing about the cluster: probes of components, or the same objects under a second name. */
const NOT_LISTED = new Set(['componentstatuses', 'events.k8s.io/events']);

/** Every kind that can be listed, once, in the version that the server prefers among those that list it. */
export async function servedKinds(api: Api): Promise<ServedKind[]> {
  const kinds = new Map<string, ServedKind>();
  for (const path of ['/api', '/apis']) {
    const { status, body } = await api.send('GET', path, undefined, undefined, DISCOVERY);
    if (status !== 200) throw new Error(`discovery ${path}: ${status} ${body.slice(0, 200)}`);
    for (const { metadata, versions } of (JSON.parse(body) as GroupDiscovery).items) {
      const group = metadata?.name ?? '';
      for (const { version, resources = [] } of versions) {
        for (const { resource, responseKind, scope, verbs, subresources = [] } of resources) {
          const name = group ? `${group}/${resource}` : resource;
          if (!verbs.includes('list') || NOT_LISTED.has(name) || kinds.has(name) || !responseKind) continue;
          const statusApart = subresources.some(({ subresource }) => subresource === 'status');
          kinds.set(name, {
            group,
            version,
            kind: responseKind.kind,
            resource,
            namespaced: scope === 'Namespaced',
            statusApart,
          });
        }
      }
    }
  }
  return [...kinds.values()];
}

/** Path of all objects of the kind, or of those in one namespace. */
export function pathOfKind({ group, version, resource, namespaced }: ServedKind, namespace = ''): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return namespaced && namespace ? `${root}/namespaces/${namespace}/${resource}` : `${root}/${resource}`;
}
