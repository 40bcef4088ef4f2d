import { oneLine, plainLines } from './plain-text.ts';
import { withoutEncodedSecrets, withoutSecretObjects } from './encoded-secrets.ts';
import { withoutNamedSecrets } from './named-secrets.ts';
import type { Blank } from './secret-forms.ts';
import { withoutSecretForms } from './secret-forms.ts';
import { withoutPasswords, withoutPasswordsInText } from './shell-passwords.ts';

const BLANK = '[redacted]';
const SECRET_WORDS = 'password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credential';
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;

/**
 * Text without what looks like a credential. Last line of defence before text reaches a page, a terminal, a log or a
 * prompt (I11): the gateway already blanks Secret values, but a command line or a container's message may carry one.
 */
export function redact(text: string): string {
  return redactWith(text, () => BLANK);
}

/** The same with e-mail addresses masked, too. */
export function withoutEmails(text: string): string {
  return text.replace(EMAIL, '[e-mail]');
}

/** Texts that belong together, redacted alike: equal secrets have equal masks, and one that was seen is masked wherever it stands. */
export class Redactor {
  readonly #masks = new Map<string, string>();

  redact(text: string): string {
    const result = redactWith(text, (secret) => this.#mask(secret));
    return [...this.#masks].reduce(
      (rest, [secret, mask]) => (isTelling(secret) ? rest.replaceAll(secret, mask) : rest),
      result,
    );
  }

  #mask(secret: string): string {
    let mask = this.#masks.get(secret);
    if (!mask) this.#masks.set(secret, (mask = this.#masks.size === 0 ? BLANK : `[redacted ${this.#masks.size + 1}]`));
    return mask;
  }
}

/** Long and mixed enough to be nothing but that secret. */
function isTelling(secret: string): boolean {
  return secret.length >= 10 && /\d/.test(secret) && /[a-z]/i.test(secret);
}

function redactWith(text: string, blank: Blank): string {
  const plain = (part: string): string =>
    withoutNamedSecrets(withoutSecretForms(withoutPasswordsInText(part), blank), blank);
  return withoutEncodedSecrets(plain(withoutSecretObjects(text, blank)), (part) => plain(part), blank);
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
