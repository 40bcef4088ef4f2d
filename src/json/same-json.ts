import type { Json } from './json.ts';
import { isMap } from './json-map.ts';
import { RawNumber, storedNumber } from './raw-number.ts';

/** `undefined` stands for "not there". */
type Value = Json | undefined;

/** Structural equality; key order does not matter, list order does. Numbers are equal that the server stores as one. */
export function sameJson(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return storedNumber(a) === storedNumber(b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

function isNumber(value: Value): value is number | RawNumber {
  return typeof value === 'number' || value instanceof RawNumber;
}
