import { mentionsKubectl } from '../shell/script-text.ts';

/** Texts that people read, in schemas and API descriptions. */
const PROSE = /^(description|summary|title)$/;
const MAX_DEPTH = 100;

/**
 * Whether a JSON text holds a manifest, or a text that could run kubectl: `JSON.parse` tells it in a fraction of the time
 * that the reader of YAML takes, which is needed for places. True for a text that is no plain JSON.
 */
export function jsonMayMatter(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // With comments, several documents or no JSON at all: the reader of YAML decides.
    return true;
  }
  return isManifest(value) || matters(value, 0);
}

function isManifest(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'apiVersion') && Object.hasOwn(value, 'kind')
  );
}

function matters(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return mentionsKubectl(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(value)) return value.some((item) => matters(item, depth + 1));
  return Object.entries(value).some(
    ([key, item]) => key === 'action' || (!(PROSE.test(key) && typeof item === 'string') && matters(item, depth + 1)),
  );
}
