import { isMap, own } from './json-map.ts';
import { RawNumber } from './raw-number.ts';

/** JSON with sorted keys and without null or absent members, so that equal meanings give equal texts. */
export function stableJson(value: unknown): string {
  return JSON.stringify(normalised(value));
}

function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (value === null || typeof value !== 'object' || value instanceof RawNumber) return value ?? null;
  const entries = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => [key, normalised(member)] as const);
  return Object.fromEntries(entries);
}

/** One reference token of an RFC 6901 pointer. */
export function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The key that a reference token stands for. */
export function pointerKey(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Keys of an RFC 6901 pointer, outermost first. */
export function pointerKeys(pointer: string): string[] {
  return pointer.split('/').slice(1).map(pointerKey);
}

/**
 * Pointers at which two JSON values differ: the deepest place where both sides still have a value of the same shape.
 * Arrays of another length differ as a whole.
 */
export function differingPointers(a: unknown, b: unknown, at = ''): string[] {
  if (stableJson(a) === stableJson(b)) return [];
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    return a.flatMap((item, index) => differingPointers(item, b[index], `${at}/${index}`));
  }
  if (isMap(a) && isMap(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
    return keys.flatMap((key) => differingPointers(own(a, key), own(b, key), `${at}/${pointerToken(key)}`));
  }
  return [at];
}
