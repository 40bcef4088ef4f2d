import { printJson } from './lossless-json.ts';

const ESCAPED = /[<>&\u2028\u2029]/g;

/**
 * JSON text as Go writes it, which is how the API server has it: it compares the strings of `test` operations with its own
 * text of an object byte by byte, so that `&` written as itself is never equal to an `&` that is stored.
 */
export function goJson(value: unknown): string {
  return printJson(value).replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
