import type { Json } from './json.ts';
import { printJson } from './lossless-json.ts';
import { RawNumber, storedNumber } from './raw-number.ts';

/** JSON text with sorted keys and numbers as the server stores them: equal values give equal text. */
export function canonicalJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'number' || value instanceof RawNumber) return storedNumber(value);
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${printJson(key)}:${canonicalJson(value[key])}`).join(',')}}`;
  }
  return printJson(value);
}
