import type { Json } from './json.ts';
import { RawNumber } from './raw-number.ts';

/**
 * Objects made by it inherit from one without any name. As safe as no prototype at all, which the engine would keep as
 * hash tables: three times the memory, half the speed of printing.
 */
const BareMap = function () {} as unknown as new () => object;
BareMap.prototype = Object.freeze(
  Object.assign(Object.create(null), {
    // No key from outside is a symbol; without it, an object where a text was expected could not even be shown.
    [Symbol.toPrimitive]: (hint: string) => (hint === 'number' ? Number.NaN : '[object Object]'),
  }),
);

/** A map for keys from outside: it inherits no names, and `__proto__` is a key like any other. */
export function emptyMap<V = Json>(): { [key: string]: V } {
  return new BareMap() as { [key: string]: V };
}

/** A value by a key from outside; undefined where the map itself has none, whatever it inherits. */
export function own<V>(map: { readonly [key: string]: V }, key: string): V | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Elements by their `name`, when every element has a different one. */
export function byName(list: readonly unknown[]): Map<string, unknown> | null {
  const map = new Map<string, unknown>();
  for (const element of list) {
    const name = (element as { name?: unknown } | null | undefined)?.name;
    if (typeof name !== 'string' || Array.isArray(element) || map.has(name)) return null;
    map.set(name, element);
  }
  return map;
}

/** A copy of a map without these keys. */
export function without(map: { readonly [key: string]: unknown }, ...keys: string[]): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/** True for an object of a JSON document: no list, no null, no number as it was read. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawNumber);
}
