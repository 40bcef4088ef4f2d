import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { refKey } from '../domain/kube-object.ts';
import { cloneJson } from '../json/lossless-json.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { isMap } from '../json/json-map.ts';
import { sha256 } from '../text/sha256.ts';
import { normalise } from './normalise.ts';

/** Object (or its absence) under its reference. */
export interface RootState {
  ref: ObjectRef;
  object: KubeObject | null;
  statusIsContent?: boolean;
}

/** Proof hash over the normalised states of all roots (absent objects included); independent of their order. */
export function stateHash(roots: RootState[]): string {
  const lines = roots.map(
    ({ ref, object, statusIsContent }) =>
      `${refKey(ref)} ${object ? canonicalJson(normalise(object, statusIsContent)) : 'absent'}`,
  );
  return sha256(lines.sort().join('\n'));
}

/** A controller-owned object reduced to what must come back: owner, kind and specification. */
export function derivedId(object: KubeObject): string {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  return `${owner ? `${owner.kind}/${ownerStem(owner.kind, owner.name)}` : '-'} ${object.kind} ${sha256(canonicalJson(derivedSpec(object)))}`;
}

/** Pods of a ReplicaSet are attributed to the ReplicaSet's stem: a restored template hashes to the same name anyway. */
function ownerStem(kind: string, name: string): string {
  return kind === 'ReplicaSet' ? name.slice(0, Math.max(name.lastIndexOf('-'), 0)) || name : name;
}

function derivedSpec(object: KubeObject): Json {
  const spec = cloneJson((object.spec ?? null) as Json);
  if (object.kind !== 'Pod' || !isMap(spec)) return spec;
  // Name, node, injected token volume and addresses differ between any two pods of one template.
  for (const field of ['nodeName', 'hostname', 'ephemeralContainers']) delete spec[field];
  spec.volumes = withoutTokens(spec.volumes);
  for (const field of ['containers', 'initContainers']) {
    for (const container of (spec[field] as Array<{ volumeMounts?: Json }> | undefined) ?? []) {
      container.volumeMounts = withoutTokens(container.volumeMounts);
    }
  }
  return spec;
}

function withoutTokens(list: Json | undefined): Json {
  const items = Array.isArray(list) ? (list as Array<{ name?: string }>) : [];
  return items.filter((item) => !item.name?.startsWith('kube-api-access-')) as Json;
}

/**
 * L3: controller-owned objects as multisets. ReplicaSets and ControllerRevisions at zero replicas are history and may
 * be more than before. Returns what is missing and what is extra.
 */
export function compareDerived(before: KubeObject[], after: KubeObject[]): { missing: string[]; extra: string[] } {
  const count = (objects: KubeObject[]) => {
    const counts = new Map<string, number>();
    for (const object of objects) {
      if (isHistory(object)) continue;
      const id = derivedId(object);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  };
  const [old, fresh] = [count(before), count(after)];
  const lacking = (a: Map<string, number>, b: Map<string, number>) =>
    [...a]
      .filter(([id, n]) => n > (b.get(id) ?? 0))
      .map(([id, n]) => `${id.split(' ').slice(0, 2).join(' ')} ×${n - (b.get(id) ?? 0)}`);
  return { missing: lacking(old, fresh), extra: lacking(fresh, old) };
}

function isHistory(object: KubeObject): boolean {
  return object.kind === 'ControllerRevision' || (object.kind === 'ReplicaSet' && (object.spec?.replicas ?? 0) === 0);
}

/** L5: who owns which fields, ignoring when. Status entries belong to controllers. */
export function sameOwnership(a: KubeObject, b: KubeObject): boolean {
  return canonicalJson(ownership(a)) === canonicalJson(ownership(b));
}

export function ownership(object: KubeObject): Json {
  const entries = ((object.metadata.managedFields ?? []) as Array<{ [key: string]: Json }>)
    .filter((entry) => entry.subresource !== 'status')
    .map(({ manager, operation, subresource, apiVersion, fieldsV1 }) => ({
      manager: manager ?? '',
      operation: operation ?? '',
      subresource: subresource ?? '',
      apiVersion: apiVersion ?? '',
      fields: fieldsV1 ?? null,
    }));
  return entries.map((entry) => canonicalJson(entry)).sort();
}
