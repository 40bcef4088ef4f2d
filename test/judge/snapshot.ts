import type { Api, KubeObject } from './api.ts';
import type { Difference } from './normalise.ts';
import { differences, normalise } from './normalise.ts';

/** All objects that people or programs wrote, in one namespace and cluster-wide, by key `Kind/namespace/name`. */
export type Snapshot = ReadonlyMap<string, KubeObject>;

/** Made by controllers out of other objects, or heartbeats: not compared. */
const DERIVED = new Set([
  'pods',
  'replicasets',
  'controllerrevisions',
  'endpoints',
  'endpointslices',
  'events',
  'persistentvolumes',
  'volumeattachments',
  'csinodes',
  'leases',
  'componentstatuses',
  'ipaddresses',
  'podmetrics',
]);

interface Resource {
  collection: string;
  kind: string;
  namespaced: boolean;
}

/**
 * Reads every kind that the API server can list: those of the namespace, and cluster-scoped ones without the other
 * namespaces (which other applications may be changing).
 */
export async function takeSnapshot(api: Api, namespace: string): Promise<Snapshot> {
  const snapshot = new Map<string, KubeObject>();
  const resources = await discover(api, namespace);
  await Promise.all(
    resources.map(async ({ collection, kind, namespaced }) => {
      for (const item of (await api.list(collection)).items) {
        if (kind === 'Namespace' && item.metadata.name !== namespace) continue;
        snapshot.set(keyOf(kind, namespaced ? namespace : '', item.metadata.name), { kind, ...item });
      }
    }),
  );
  return snapshot;
}

export function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace || '-'}/${name}`;
}

export interface Change {
  key: string;
  how: 'created' | 'deleted' | 'changed';
  differences: Difference[];
}

/** What differs between two snapshots at level L1, sorted by key. */
export function compare(before: Snapshot, after: Snapshot): Change[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): Change[] => {
    const [old, current] = [before.get(key), after.get(key)];
    if (!old) return [{ key, how: 'created', differences: [] }];
    if (!current) return [{ key, how: 'deleted', differences: [] }];
    const found = differences(normalise(old), normalise(current));
    return found.length > 0 ? [{ key, how: 'changed', differences: found }] : [];
  });
}

/** One line for a report; long values are cut. */
export function describeChange({ key, how, differences: found }: Change): string {
  if (how !== 'changed') return `${key} ${how}`;
  const texts = found.map(({ path, before, after }) => `${path}: ${brief(before)} -> ${brief(after)}`);
  return `${key} ${texts.slice(0, 5).join(', ')}${texts.length > 5 ? ` and ${texts.length - 5} more` : ''}`;
}

async function discover(api: Api, namespace: string): Promise<Resource[]> {
  const groups = await api.get('/apis');
  const versions = (groups.groups as { preferredVersion: { groupVersion: string } }[]).map(
    ({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`,
  );
  const lists = await Promise.all(
    ['/api/v1', ...versions].map(async (base) => {
      const list = await api.get(base);
      return (list.resources as { name: string; kind: string; namespaced: boolean; verbs: string[] }[])
        .filter(({ name, verbs }) => verbs.includes('list') && !name.includes('/') && !DERIVED.has(name))
        .map(({ name, kind, namespaced }) => ({
          kind,
          namespaced,
          collection: namespaced ? `${base}/namespaces/${namespace}/${name}` : `${base}/${name}`,
        }));
    }),
  );
  return lists.flat();
}

function brief(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
