import { emptyMap } from '../../json/json-map.ts';
import { oneLine, plainLines } from '../../text/plain-text.ts';

const MOST_LABELS = 64;
const LONGEST_NAME = 200;
const LONGEST_VALUE = 1_000;
const LONGEST_LINES = 4_000;
const LONGEST_LINK = 2_000;
/** Nothing in it needs cleaning. */
const CLEAN = /^[!-~]*$/;

/** A name of the source (a service, an operation, a rule) on one line. */
export function named(text: unknown, limit = LONGEST_NAME): string {
  return typeof text === 'string' && text.length <= limit && CLEAN.test(text) ? text : oneLine(text, limit);
}

/** Text of a log: lines and tabs stay. */
export function logText(text: string): string {
  return text.length <= LONGEST_LINES && CLEAN.test(text) ? text : plainLines(text, LONGEST_LINES);
}

/** Labels or attributes: at most 64, short, without control characters; what is neither text nor a number is left out. */
export function boundedLabels(value: unknown): Record<string, string> {
  const labels = emptyMap<string>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return labels;
  let count = 0;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string' && typeof text !== 'number' && typeof text !== 'boolean') continue;
    const name = named(key);
    if (name === '') continue;
    if (++count > MOST_LABELS) break;
    labels[name] = named(typeof text === 'string' ? text : String(text), LONGEST_VALUE);
  }
  return labels;
}

/** An http or https address without credentials; undefined for everything else. */
export function safeLink(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > LONGEST_LINK || !CLEAN.test(text)) return undefined;
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.password) return undefined;
  return url.href;
}
