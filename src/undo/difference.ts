import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { ANOTHER_VALUE } from '../domain/kube-object.ts';
import type { Json } from '../json/json.ts';
import { isMap, own } from '../json/json-map.ts';
import { cloneJson } from '../json/lossless-json.ts';
import { RawNumber } from '../json/raw-number.ts';
import { sameJson } from '../json/same-json.ts';
import type { FieldDifference } from '../domain/transaction.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { mayHoldCopy } from './secret-copies.ts';

type JsonMap = { [key: string]: Json };
/** `undefined` stands for "not there". */
export type Value = Json | undefined;

/** One step into a document: a map key, or an element of a keyed list named by its key values. */
export type Segment = string | { keys: Record<string, Json> };

/** `before` and `after` are undefined where the path does not exist. */
export interface Change {
  path: Segment[];
  before: Value;
  after: Value;
}

/**
 * Lists that the API merges by key; every other list is one value. Alternatives in order: the first whose values are
 * present and unique in all lists is used.
 */
const LIST_KEYS: Record<string, string[][]> = {
  containers: [['name']],
  initContainers: [['name']],
  ephemeralContainers: [['name']],
  volumes: [['name']],
  env: [['name']],
  ports: [['containerPort', 'protocol'], ['port', 'protocol'], ['containerPort'], ['port']],
  volumeMounts: [['mountPath']],
  volumeDevices: [['devicePath']],
  imagePullSecrets: [['name']],
  secrets: [['name']],
  hostAliases: [['ip']],
  ownerReferences: [['uid'], ['apiVersion', 'kind', 'name']],
  webhooks: [['name']],
  taints: [['key', 'effect']],
  topologySpreadConstraints: [['topologyKey', 'whenUnsatisfiable']],
};

/** Key fields by which the lists under `field` can be matched, or null when they must be treated as one value. */
export function listKeys(field: string, lists: Json[][]): string[] | null {
  for (const keys of own(LIST_KEYS, field) ?? []) {
    if (lists.every((list) => uniqueBy(list, keys))) return keys;
  }
  return null;
}

function uniqueBy(list: Json[], keys: string[]): boolean {
  const seen = new Set<string>();
  for (const item of list) {
    if (!isMap(item) || !keys.every((key) => isPlain(own(item, key)))) return false;
    seen.add(elementId(item, keys));
  }
  return seen.size === list.length;
}

/** Fit to tell elements of a list apart. */
function isPlain(value: Value): boolean {
  return value !== undefined && (typeof value !== 'object' || value instanceof RawNumber);
}

export function elementId(item: Json, keys: string[]): string {
  return canonicalJson(keys.map((key) => own(item as JsonMap, key) ?? null));
}

/**
 * Path-level difference of two documents, deepest paths that differ. A map or keyed list below a field that only one
 * document has is taken apart too: others may put something of theirs into what we made.
 */
export function difference(before: Value, after: Value): Change[] {
  const changes: Change[] = [];
  walk([], '', before, after, changes);
  return changes;
}

function walk(path: Segment[], field: string, old: Value, fresh: Value, changes: Change[]): void {
  if (sameJson(old, fresh)) return;
  const isField = typeof path.at(-1) === 'string';
  const before = isField ? orEmpty(old, fresh, field) : old;
  const after = isField ? orEmpty(fresh, old, field) : fresh;
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      walk([...path, key], key, own(before, key), own(after, key), changes);
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const keys = listKeys(field, [before, after]);
    if (keys && sameOrder(before, after, keys)) {
      const byId = (list: Json[]) => new Map(list.map((item) => [elementId(item, keys), item]));
      const [were, are] = [byId(before), byId(after)];
      for (const id of new Set([...were.keys(), ...are.keys()])) {
        const item = (were.get(id) ?? are.get(id)) as JsonMap;
        const segment: Segment = { keys: Object.fromEntries(keys.map((key) => [key, item[key]!])) };
        walk([...path, segment], '', were.get(id), are.get(id), changes);
      }
      return;
    }
  }
  changes.push({ path, before, after });
}

/** An absent value as the empty one of the other's kind, where that has elements that can be told apart. */
function orEmpty(value: Value, other: Value, field: string): Value {
  if (value !== undefined) return value;
  if (isMap(other)) return Object.keys(other).length > 0 ? {} : undefined;
  return Array.isArray(other) && other.length > 0 && listKeys(field, [other]) ? [] : undefined;
}

/** Elements present in both lists come in the same order. */
export function sameOrder(a: Json[], b: Json[], keys: string[]): boolean {
  const [inA, inB] = [a.map((item) => elementId(item, keys)), b.map((item) => elementId(item, keys))];
  const [ofA, ofB] = [new Set(inA), new Set(inB)];
  const common = inA.filter((id) => ofB.has(id));
  const other = inB.filter((id) => ofA.has(id));
  return common.every((id, i) => id === other[i]);
}

/** Value at a path; undefined when it is not there. */
export function valueAt(document: Value, path: Segment[]): Value {
  let current = document;
  for (const segment of path) {
    if (typeof segment === 'string') current = isMap(current) ? own(current, segment) : undefined;
    else current = Array.isArray(current) ? current.find((item) => matches(item, segment.keys)) : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

function matches(item: Json, keys: Record<string, Json>): boolean {
  return isMap(item) && Object.entries(keys).every(([key, value]) => sameJson(own(item, key), value));
}

/** RFC 6901 pointer; elements of keyed lists by their index in the first document that has them, else `name=x`. */
export function pointer(path: Segment[], ...documents: Value[]): string {
  let text = '';
  for (const [depth, segment] of path.entries()) {
    if (typeof segment === 'string') {
      text += `/${escapePointer(segment)}`;
      continue;
    }
    const index = documents
      .map((document) => valueAt(document, path.slice(0, depth)))
      .map((list) => (Array.isArray(list) ? list.findIndex((item) => matches(item, segment.keys)) : -1))
      .find((at) => at >= 0);
    text += `/${
      index ??
      escapePointer(
        Object.entries(segment.keys)
          .map(([key, value]) => `${key}=${String(value)}`)
          .join(','),
      )
    }`;
  }
  return text;
}

export function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** True when one path contains the other. */
export function overlaps(a: Segment[], b: Segment[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (!sameJson(a[i] as Json, b[i] as Json)) return false;
  }
  return true;
}

/** Differences of two normalised forms of one object, for people and reports. */
export function fieldDifferences(ref: ObjectRef, expected: Value, actual: Value): FieldDifference[] {
  return difference(expected, actual).map((change) => ({
    ref,
    path: pointer(change.path, expected, actual),
    expected: change.before,
    actual: change.after,
  }));
}

/** The same for one field of a Secret: what is there is told, not what it says; labels and the like stay. */
export function blankField(field: FieldDifference): FieldDifference {
  if (
    field.ref.kind !== 'Secret' ||
    /^\/(metadata\/(labels|finalizers|ownerReferences)|type|immutable)/.test(field.path)
  ) {
    return field;
  }
  const blank = (value: unknown) => (value === undefined ? undefined : '(hidden)');
  const { expected, actual, written, ...rest } = field;
  return {
    ...rest,
    expected: blank(expected),
    actual: blank(actual),
    ...(written === undefined ? {} : { written: blank(written) }),
  };
}

/**
 * Values of a Secret never leave (I11): data, stringData and annotations that may hold a copy of them are emptied.
 * @param former the same object before: a key whose value is another one says that it is
 */
export function blankSecret(object: KubeObject, former: KubeObject | null = null): KubeObject {
  if (object.kind !== 'Secret') return object;
  const copy = cloneJson(object);
  const values: Json[] = Object.values((object.data as JsonMap | undefined) ?? {});
  for (const field of ['data', 'stringData']) {
    const [now, was] = [object, former].map((one) => (one?.[field] ?? {}) as JsonMap) as [JsonMap, JsonMap];
    for (const key of Object.keys(now)) {
      const old = own(was, key);
      copy[field][key] = old === undefined || sameJson(old as Json, now[key]!) ? '' : ANOTHER_VALUE;
    }
  }
  for (const [name, text] of Object.entries(copy.metadata.annotations ?? {})) {
    if (mayHoldCopy(name, text, values)) copy.metadata.annotations![name] = '';
  }
  return copy;
}
