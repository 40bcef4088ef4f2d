import { oneLine, plainLines } from './plain-text.ts';

const BLANK = '[redacted]';
const PATTERNS: Array<[RegExp, string]> = [
  [/-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/g, '[redacted key]'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '[redacted token]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${BLANK}`],
  [/(--(?:token|password|docker-password|client-key-data)[= ])\S+/gi, `$1${BLANK}`],
  [/(--from-literal[= ][^=\s]+=)\S+/gi, `$1${BLANK}`],
  [/(\b[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@]+@/gi, `$1${BLANK}@`],
  [
    /((?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credential)[\w-]{0,40})("?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:bearer|basic)\s+\S+|[^\s",;}]+)/gi,
    `$1$2${BLANK}`,
  ],
];

/**
 * Text without what looks like a credential. Last line of defence before text reaches a page, a terminal, a log or a
 * prompt (I11): the gateway already blanks Secret values, but a command line or a container's message may carry one.
 */
export function redact(text: string): string {
  return PATTERNS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/** Lines fit to be shown: redacted, without characters that do not show, at most `limit` UTF-16 units (I12). */
export function presentable(text: unknown, limit: number): string {
  return plainLines(redact(plainLines(text, limit * 4)), limit);
}

/** As {@link presentable}, on one line: for log lines and event messages. */
export function untrustedLine(text: unknown, limit = 300): string {
  return oneLine(redact(oneLine(text, limit * 4)), limit);
}

/** Longest single text in what is shown or logged as data. */
const LONGEST = 100_000;

/** The same data with every text in it {@link presentable}. Keys stay: they are ours. */
export function presentableValue<T>(value: T): T {
  return mapped(value) as T;
}

function mapped(value: unknown): unknown {
  if (typeof value === 'string') return presentable(value, LONGEST);
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== 'object' || value === null) return value;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== null && proto !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item)]));
}
