import { emptyMap } from './json-map.ts';
import type { Json } from './json.ts';
import { RawNumber } from './raw-number.ts';
import { JsonTooDeep, readJson } from './read-json.ts';

/**
 * How deep what the API server tells may be nested: real objects have some twenty levels, schemas of custom resources
 * seldom more than fifty. Every recursive function here, in `src/undo` and in the editor's YAML stands this many.
 */
export const MAX_DEPTH = 500;

/**
 * A number that may not print back as it is written: with fraction or exponent, a negative zero, or sixteen digits. Also
 * found in strings, which only costs time.
 */
const SUSPECT =
  /[:,[][ \t\n\r]*(?=-0|-?[0-9]+[.eE]|-?[0-9]{16})(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?=[ \t\n\r,\]}])/g;

/**
 * Reads a JSON text without losing anything: a number that JavaScript would print in another way becomes a
 * {@link RawNumber}; objects inherit
 * nothing, so that no key from outside reaches a name that is not its own. Of a key that comes
 * twice the last value stays, as in the API server.
 * @throws SyntaxError, JsonTooDeep
 */
export function parseJson(text: string, maxDepth = MAX_DEPTH): Json {
  if (!isPlain(text)) return readJson(text, { maxDepth });
  return withoutPrototypes(JSON.parse(text) as Json, maxDepth, maxDepth);
}

/** All numbers print back as they are written: then the engine's own parser, several times as fast, loses nothing. */
function isPlain(text: string): boolean {
  if (!/^[ \t\n\r]*[[{]/.test(text)) return false;
  for (const [, source] of text.matchAll(SUSPECT)) if (String(Number(source)) !== source) return false;
  return true;
}

/** Consumes a value fresh from the engine's parser: its lists are used again. */
function withoutPrototypes<V extends Json>(value: V, left: number, maxDepth: number): V {
  if (left === 0) throw new JsonTooDeep(maxDepth);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i] as Json;
      if (typeof item === 'object' && item !== null) value[i] = withoutPrototypes(item, left - 1, maxDepth);
    }
    return value;
  }
  const map = value as { [key: string]: Json };
  const result = emptyMap();
  // Nothing enumerable is inherited here, and this is faster than a list of keys.
  for (const key in map) {
    const member = map[key]!;
    result[key] =
      typeof member === 'object' && member !== null ? withoutPrototypes(member, left - 1, maxDepth) : member;
  }
  return result as V;
}

/** JSON text of a value, numbers as they were read. Absent members are left out; an absent value is `null`. */
export function printJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, null, indent);
}

/** A deep copy whose objects inherit nothing; numbers stay as they were read. */
export function cloneJson<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof RawNumber) return value;
  if (Array.isArray(value)) return value.map(copy);
  const result = emptyMap<unknown>();
  for (const [key, member] of Object.entries(value)) result[key] = copy(member);
  return result;
}
