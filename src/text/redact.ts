import { oneLine, plainLines } from './plain-text.ts';
import { withoutPasswords, withoutPasswordsInText } from './shell-passwords.ts';

const BLANK = '[redacted]';
const SECRET_WORDS = 'password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credential';
/** `"name":"DB_PASSWORD","value":"…"` of a container's environment, also inside a quoted copy of an object. */
const NAMED_VALUE = new RegExp(
  `(name\\\\?"\\s*:\\s*\\\\?"[^"\\\\]{0,80}(?:${SECRET_WORDS})[^"\\\\]{0,80}\\\\?"\\s*,\\s*\\\\?"value\\\\?"\\s*:\\s*)(\\\\?")(?:(?!\\2)[^])*?\\2`,
  'gi',
);
/** `password=…`, `"apiKey": "…"`, `token: Bearer …`. */
const NAMED_TEXT = new RegExp(
  `((?:${SECRET_WORDS})[\\w-]{0,40})("?\\s*[:=]\\s*)("[^"]*"|'[^']*'|(?:bearer|basic)\\s+\\S+|[^\\s",;}]+)`,
  'gi',
);
const PATTERNS: Array<[RegExp, string]> = [
  [/-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/g, '[redacted key]'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '[redacted token]'],
  [NAMED_VALUE, `$1$2${BLANK}$2`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${BLANK}`],
  [/(--(?:token|password|docker-password|client-key-data)[= ])\S+/gi, `$1${BLANK}`],
  [/(--from-literal[= ][^=\s]+=)\S+/gi, `$1${BLANK}`],
  [/(\b[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@]+@/gi, `$1${BLANK}@`],
  [NAMED_TEXT, `$1$2${BLANK}`],
];

/**
 * Text without what looks like a credential. Last line of defence before text reaches a page, a terminal, a log or a
 * prompt (I11): the gateway already blanks Secret values, but a command line or a container's message may carry one.
 */
export function redact(text: string): string {
  return PATTERNS.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    withoutPasswordsInText(text),
  );
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
export const LONGEST_TEXT = 100_000;

/** Keys whose text is a credential, not the name of where one is. */
const SECRET_KEY = new RegExp(`(?:${SECRET_WORDS})[\\w.-]{0,40}$`, 'i');
const REFERENCE_KEY = /(?:name|names|ref|refs|path|file|class|type|mode|keyref)$/i;

/**
 * Data without the values of environment variables and fields that are named like credentials. Equal values are blanked
 * alike and different ones differently, so that a change of one still shows as a change.
 */
export function withoutCredentials<T>(value: T): T {
  const known = new Map<string, string>();
  const blank = (text: string): string => {
    if (text === '') return text;
    if (!known.has(text)) known.set(text, known.size === 0 ? BLANK : `[redacted ${known.size + 1}]`);
    return known.get(text)!;
  };
  const walk = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.every(isText) ? withoutPasswords(item) : item.map(walk);
    if (!isPlain(item)) return item;
    const named = typeof item.name === 'string' && isSecretKey(item.name);
    return Object.fromEntries(
      Object.entries(item).map(([key, child]) => {
        const secret = typeof child === 'string' && ((named && key === 'value') || isSecretKey(key));
        return [key, secret ? blank(child) : walk(child)];
      }),
    );
  };
  return walk(value) as T;
}

function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && !REFERENCE_KEY.test(key);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  // Objects of the cluster inherit from a map of their own without names; instances of classes stay as they are.
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

/** The same data with every text in it {@link presentable}, and {@link withoutCredentials}. Keys stay: they are ours. */
export function presentableValue<T>(value: T): T {
  return mapped(withoutCredentials(value)) as T;
}

function mapped(value: unknown): unknown {
  if (typeof value === 'string') return presentable(value, LONGEST_TEXT);
  if (Array.isArray(value)) return value.map(mapped);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item)]));
}
