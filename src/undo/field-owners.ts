import { isMap, own } from '../json/json-map.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { parseJson } from '../json/lossless-json.ts';
import type { Segment } from './difference.ts';

interface ManagerEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  time?: string;
  fieldsV1?: Json;
}

/**
 * Parts of the cluster itself that write to objects in their daily work; what they change is not anybody's edit.
 * Everything else that has a name of its own is somebody.
 */
const SYSTEM = new Set([
  'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-apiserver', 'cloud-controller-manager',
  'kube-proxy', 'csi-provisioner', 'csi-resizer',
]); // prettier-ignore

/** Managers that wrote to an object since it was as in `before`, without ours and those of the cluster itself. */
export function othersSince(before: KubeObject, now: KubeObject, ours: string): string[] {
  const known = new Map(entriesOf(before).map((entry) => [idOf(entry), canonicalJson(entry.fieldsV1 ?? null)]));
  const fresh = entriesOf(now).filter(
    (entry) =>
      entry.manager !== ours &&
      !SYSTEM.has(entry.manager ?? '') &&
      known.get(idOf(entry)) !== canonicalJson(entry.fieldsV1 ?? null),
  );
  return [...new Set(fresh.map(({ manager }) => manager ?? 'somebody'))];
}

/**
 * Who has claimed a field by server-side apply since our write, although its value stayed the same: the value is theirs
 * now as much as ours (Kubernetes docs, Server-Side Apply, field ownership). Null when nobody has.
 * @param after the object as our write left it
 */
export function claimedSince(
  after: KubeObject,
  now: KubeObject,
  path: readonly Segment[],
  ours: string,
): string | null {
  const known = new Map(entriesOf(after).map((entry) => [idOf(entry), entry.fieldsV1]));
  for (const entry of entriesOf(now)) {
    if (entry.operation !== 'Apply' || entry.manager === ours) continue;
    if (owns(entry.fieldsV1, path) && !owns(known.get(idOf(entry)), path)) return entry.manager ?? 'somebody';
  }
  return null;
}

/** Managers that own a field or something below it, last writer first. */
export function ownersOf(object: KubeObject, path: readonly Segment[]): string[] {
  const owners = entriesOf(object).filter(({ fieldsV1 }) => owns(fieldsV1, path));
  return owners.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? '')).map(({ manager }) => manager ?? 'somebody');
}

/** Tools that a person (or a script of his) holds: they write once, and not again by themselves. */
const BY_HAND =
  /^(kubectl|oc\b|helm|k9s|lens|stratus|terraform|hashicorp|pulumi|ansible|node-fetch|mozilla|before-first-apply|openapi-generator|unknown|curl|python|pykube)/i;

/** Of the owners of a field those that are programs at work in the cluster and would write it again. */
export function controllersOf(object: KubeObject, path: readonly Segment[]): string[] {
  return ownersOf(object, path).filter((manager) => !BY_HAND.test(manager) && !SYSTEM.has(manager));
}

function entriesOf(object: KubeObject): ManagerEntry[] {
  const entries = (object.metadata.managedFields ?? []) as ManagerEntry[];
  return entries.filter(({ subresource }) => subresource !== 'status');
}

function idOf({ manager = '', operation = '', subresource = '' }: ManagerEntry): string {
  return [manager, operation, subresource].map((part) => `${part.length}:${part}`).join();
}

/** Whether a set of fields (FieldsV1) holds a path or anything below it. */
function owns(fields: Json | undefined, path: readonly Segment[]): boolean {
  let at: Json | undefined = fields;
  for (const segment of path) {
    if (!isMap(at)) return false;
    const below: Json | undefined = typeof segment === 'string' ? own(at, `f:${segment}`) : element(at, segment.keys);
    // A list that is owned as one value.
    if (below === undefined) return Object.keys(at).length === 0 && at !== fields;
    at = below;
  }
  return at !== undefined;
}

function element(fields: { [key: string]: Json }, keys: Record<string, Json>): Json | undefined {
  for (const [name, below] of Object.entries(fields)) {
    if (!name.startsWith('k:')) continue;
    try {
      const parsed = parseJson(name.slice(2)) as Json;
      if (
        isMap(parsed) &&
        Object.entries(keys).every(([key, value]) => canonicalJson(own(parsed, key) ?? null) === canonicalJson(value))
      )
        return below;
    } catch {
      // A key that cannot be read names no element of ours.
    }
  }
  return undefined;
}
