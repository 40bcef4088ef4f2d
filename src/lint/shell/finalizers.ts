import { base } from './wrappers.ts';
import type { ArgWord } from './words.ts';

/** A change to finalizers in the language of jq, yq or sed: deleted, emptied or set to nothing. */
const REMOVES = /finalizers/;
const EDITORS = /^(jq|yq|gojq|jaq|sed|perl|python3?|awk|gawk|ruby|node)$/;
const WRITES = /^(-X|--request)=?$|^-X(PUT|PATCH|POST)$|^--request=(PUT|PATCH|POST)$/;

/** The word of a program in a pipe that takes finalizers out of an object; undefined if it does not. */
export function finalizerEdit(words: readonly ArgWord[]): ArgWord | undefined {
  if (!EDITORS.test(base(words[0]?.value ?? ''))) return undefined;
  return words.find(
    ({ value }, index) => index > 0 && REMOVES.test(value) && /\bdel\b|=|\/d\b|null|\[\]|delete|d;|s[/|,]/.test(value),
  );
}

/** The address in a request by hand to the `finalize` subresource of a namespace; undefined for other commands. */
export function finalizeRequest(words: readonly ArgWord[]): ArgWord | undefined {
  const name = base(words[0]?.value ?? '');
  if (!/^(curl|wget|http|xh|https)$/.test(name)) return undefined;
  const address = words.find(({ value }) => /\/finalize\b/.test(value));
  const writes = words.some(
    ({ value }) =>
      WRITES.test(value) ||
      /^-[a-zA-Z]*X/.test(value) ||
      /^(PUT|PATCH|POST)$/.test(value) ||
      /^(-d|--data|-T|--upload-file|--method)/.test(value),
  );
  return writes ? address : undefined;
}
