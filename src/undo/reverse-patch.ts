import type { Json } from '../json/json.ts';
import { emptyMap, isMap, own } from '../json/json-map.ts';
import type { Segment, Value } from './difference.ts';
import { sameJson } from '../json/same-json.ts';
import { elementId, escapePointer, listKeys, sameOrder } from './difference.ts';

export type PatchOperation =
  { op: 'test' | 'add' | 'replace'; path: string; value: Json } | { op: 'remove'; path: string };

export interface Merged {
  /** `live` with our changes (before -> after) taken back. */
  value: Value;
  /** Paths that we wrote and somebody else changed since; left as they are in `value`. */
  conflicts: Array<{ path: Segment[]; expected: Value; actual: Value }>;
}

/** Three-way merge that undoes `before -> after` on top of `live`, keeping everything else in `live`. */
export function takeBack(before: Value, after: Value, live: Value): Merged {
  const conflicts: Merged['conflicts'] = [];
  const value = merge([], '', before, after, live, conflicts);
  return { value, conflicts };
}

function merge(
  path: Segment[],
  field: string,
  before: Value,
  after: Value,
  live: Value,
  conflicts: Merged['conflicts'],
): Value {
  if (sameJson(before, after)) return live;
  if (sameJson(live, after)) return before;
  if (sameJson(live, before)) return live;
  if ([before, after, live].every((side) => side === undefined || isMap(side)) && live !== undefined) {
    return mergeMaps(path, before, after, live, conflicts);
  }
  if ([before, after].every((side) => side === undefined || Array.isArray(side)) && Array.isArray(live)) {
    const lists = [(before as Json[] | undefined) ?? [], (after as Json[] | undefined) ?? [], live] as const;
    const keys = listKeys(field, [...lists]);
    if (keys && sameOrder(lists[0], lists[1], keys)) {
      const result = mergeLists(path, keys, ...lists, conflicts);
      return result.length === 0 && before === undefined ? undefined : result;
    }
  }
  conflicts.push({ path, expected: before, actual: live });
  return live;
}

function mergeMaps(path: Segment[], before: Value, after: Value, live: Value, conflicts: Merged['conflicts']): Value {
  const [old, mine, now] = [before, after, live].map((side) => (isMap(side) ? side : {}));
  const result = emptyMap();
  // Key order of the live document is kept so that a generated patch stays small.
  for (const key of new Set([...Object.keys(now!), ...Object.keys(mine!), ...Object.keys(old!)])) {
    const value = merge([...path, key], key, own(old!, key), own(mine!, key), own(now!, key), conflicts);
    if (value !== undefined) result[key] = value;
  }
  return Object.keys(result).length === 0 && before === undefined ? undefined : result;
}

function mergeLists(
  path: Segment[],
  keys: string[],
  before: Json[],
  after: Json[],
  live: Json[],
  conflicts: Merged['conflicts'],
): Json[] {
  const byId = (list: Json[]) => new Map(list.map((item) => [elementId(item, keys), item]));
  const [old, mine, now] = [byId(before), byId(after), byId(live)];
  const segment = (item: Json): Segment => ({
    keys: Object.fromEntries(keys.map((key) => [key, own(item as { [key: string]: Json }, key)!])),
  });
  const result: Json[] = [];
  for (const item of live) {
    const id = elementId(item, keys);
    const merged = merge([...path, segment(item)], '', old!.get(id), mine!.get(id), item, conflicts);
    if (merged !== undefined) result.push(merged);
  }
  /** Those to put in again, by the one that they come after; empty: before all others. */
  const again = new Map<string, Json[]>();
  const there = new Set(result.map((item) => elementId(item, keys)));
  let previous = '';
  for (const item of before) {
    const id = elementId(item, keys);
    if (there.has(id)) previous = id;
    if (now!.has(id)) continue;
    const kept = mine!.get(id);
    if (kept === undefined) {
      const after = again.get(previous);
      if (after) after.push(item);
      else again.set(previous, [item]);
      // We changed or kept it, somebody else removed it.
    } else if (!sameJson(kept, item))
      conflicts.push({ path: [...path, segment(item)], expected: item, actual: undefined });
  }
  return [...(again.get('') ?? []), ...result.flatMap((item) => [item, ...(again.get(elementId(item, keys)) ?? [])])];
}

/**
 * JSON Patch from `live` to `target` in which every operation is preceded by a `test` of the value it replaces.
 * Lists that change length are replaced as a whole, so that no index can point at the wrong element.
 */
export function guardedPatch(live: Value, target: Value): PatchOperation[] {
  const operations: PatchOperation[] = [];
  collect('', live, target, operations);
  return operations;
}

/**
 * As {@link guardedPatch}, but fit to be sent without a test of the version: what is added is guarded by a test of the
 * map it goes into, what is addressed by index by one of the whole list. Null where that is not possible, because the
 * map also holds what the server owns.
 */
export function selfGuardedPatch(live: Value, target: Value): PatchOperation[] | null {
  const tests: PatchOperation[] = [];
  if (!guards('', live, target, tests)) return null;
  return [...tests, ...guardedPatch(live, target)];
}

/** Maps in which the server keeps fields of its own. */
const SHARED_MAPS = new Set(['', '/metadata']);

function guards(path: string, live: Value, target: Value, tests: PatchOperation[]): boolean {
  if (sameJson(live, target)) return true;
  if (isMap(live) && isMap(target)) {
    const adds = Object.keys(target).some((key) => own(live, key) === undefined);
    if (adds && SHARED_MAPS.has(path)) return false;
    if (adds) tests.push({ op: 'test', path, value: live });
    return Object.keys(live).every((key) =>
      guards(`${path}/${escapePointer(key)}`, live[key], own(target, key), tests),
    );
  }
  if (Array.isArray(live)) tests.push({ op: 'test', path, value: live });
  return true;
}

function collect(path: string, live: Value, target: Value, operations: PatchOperation[]): void {
  if (sameJson(live, target)) return;
  if (isMap(live) && isMap(target)) {
    for (const key of new Set([...Object.keys(live), ...Object.keys(target)])) {
      collect(`${path}/${escapePointer(key)}`, own(live, key), own(target, key), operations);
    }
    return;
  }
  if (Array.isArray(live) && Array.isArray(target) && live.length === target.length) {
    for (const [index, item] of live.entries()) collect(`${path}/${index}`, item, target[index], operations);
    return;
  }
  if (live === undefined) operations.push({ op: 'add', path, value: target as Json });
  else {
    operations.push({ op: 'test', path, value: live });
    operations.push(target === undefined ? { op: 'remove', path } : { op: 'replace', path, value: target });
  }
}
