import type { PatchOp } from '../../../../domain/change.ts';
import { isMap } from '../../../../json/json-map.ts';
import { pointerToken, stableJson } from '../../../../json/stable-json.ts';

/** A place at which a value is not what it was; undefined where it is, or was, not there. */
export interface Difference {
  pointer: string;
  now: unknown;
  before: unknown;
}

/** The server does not keep a list without items, which manifests may well have. */
const present = (value: unknown): unknown => (Array.isArray(value) && value.length === 0 ? null : (value ?? null));

/**
 * Where a JSON value differs from what it was, at the deepest places. Elements of lists are compared where they have the
 * same name at the same place, else the list as a whole.
 */
export function differencesOf(now: unknown, before: unknown, pointer: string): Difference[] {
  if (stableJson(present(now)) === stableJson(present(before))) return [];
  if (isMap(now) && isMap(before)) {
    const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])].sort();
    return keys.flatMap((key) => differencesOf(now[key], before[key], `${pointer}/${pointerToken(key)}`));
  }
  if (Array.isArray(now) && Array.isArray(before) && sameNames(now, before)) {
    return now.flatMap((item, index) => differencesOf(item, before[index], `${pointer}/${index}`));
  }
  return [{ pointer, now, before }];
}

function sameNames(now: unknown[], before: unknown[]): boolean {
  const name = (item: unknown) => (isMap(item) ? item.name : undefined);
  return (
    now.length === before.length &&
    now.every((item, index) => name(item) !== undefined && name(item) === name(before[index]))
  );
}

/** Puts the former value back, guarded by a test of the present one; `root`: where the compared value stands in the object. */
export function restoringOps(root: string, { pointer, now, before }: Difference): PatchOp[] {
  const path = root + pointer;
  if (now === undefined) return [{ op: 'add', path, value: before }];
  const guard: PatchOp = { op: 'test', path, value: now };
  return [guard, before === undefined ? { op: 'remove', path } : { op: 'replace', path, value: before }];
}
