import type { Json } from '../json/json.ts';

/** Longer texts are not notes that people read; a packed copy of the smallest Secret is longer. */
const NOTE_LENGTH = 128;
/** Shorter values stand in half of all texts. */
const TELLING_LENGTH = 4;
/** Names under which apply (client-side, kapp, Helm, Rancher …) keeps what it applied. */
const COPY_NAME = /applied|original|configuration|manifest|snapshot|backup/i;
/** JSON, and the beginnings of base64 of JSON and of gzip. */
const COPY_TEXT = /^\s*[[{"]|^\s*(eyJ|W3|H4sI)/;

/**
 * True where an annotation of a Secret may hold a copy of it, in whatever form. Only short plain notes that contain none
 * of `values` are told apart from copies.
 * @param values of the Secret, encoded as in `data`
 */
export function mayHoldCopy(name: string, text: unknown, values: readonly Json[]): boolean {
  if (typeof text !== 'string') return true;
  if (text.length > NOTE_LENGTH || COPY_NAME.test(name) || COPY_TEXT.test(text)) return true;
  return values.some((value) => {
    if (typeof value !== 'string') return false;
    const plain = Buffer.from(value, 'base64').toString('utf8');
    return [value.replace(/=+$/, ''), plain].some((form) => form.length >= TELLING_LENGTH && text.includes(form));
  });
}
