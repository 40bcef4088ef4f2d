import { printJson } from '../../json/lossless-json.ts';
import { createHmac, randomBytes } from 'node:crypto';
import { Refused } from '../write/write-subject.ts';

/** What a placeholder stands for. */
export interface HiddenValue {
  /** `NAMESPACE/NAME` of the Secret. */
  home: string;
  /** `data`: base64 as stored; `text`: plain, as in stringData; `note`: an annotation as a whole. */
  form: 'data' | 'text' | 'note';
  value: string | null;
}

const MARK = 'stratus-hidden-';
const TOKEN = /^stratus-hidden-[0-9a-f]{24}$/;
/** Every token, plain or in base64; the mark is a multiple of three bytes long. */
const TOKENS_IN_TEXT = /stratus-hidden-[0-9a-f]{24}|c3RyYXR1cy1oaWRkZW4t[A-Za-z0-9+/]{32}/g;
const REMEMBERED_BYTES = 64 * 1024 * 1024;

const RETURN = 'it may only be written back as a value of that Secret';

/**
 * Placeholders for the values of Secrets in one session. Each is unique to object, key and value, so that clients
 * compare and merge as they would with the values; none tells anything about its value, not even its length.
 */
export class SecretTokens {
  readonly #key = randomBytes(32);
  readonly #hidden = new Map<string, HiddenValue>();
  #bytes = 0;

  /** The placeholder, plain; `data` holds its base64. */
  hide(key: string, hidden: HiddenValue): string {
    const { home, form, value } = hidden;
    const text = printJson([home, form, key, value]);
    const token = `${MARK}${createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 24)}`;
    if (!this.#hidden.has(token)) {
      this.#hidden.set(token, hidden);
      this.#bytes += value?.length ?? 0;
      for (const [oldest, { value: old }] of this.#hidden) {
        if (this.#bytes <= REMEMBERED_BYTES || oldest === token) break;
        this.#hidden.delete(oldest);
        this.#bytes -= old?.length ?? 0;
      }
    }
    return token;
  }

  /** Values of one Secret that were hidden in this session. */
  valuesOf(home: string): HiddenValue[] {
    return [...this.#hidden.values()].filter((hidden) => hidden.home === home);
  }

  /** A value of `data`, the real one where it is a placeholder. @throws Refused */
  data(text: string, home: string): string | null {
    const token = Buffer.from(text, 'base64').toString('latin1');
    if (!TOKEN.test(token)) return whole(text);
    const hidden = this.#find(token, home);
    return hidden.form === 'text' ? Buffer.from(hidden.value ?? '').toString('base64') : hidden.value;
  }

  /** The same for a value of `stringData`. @throws Refused */
  text(text: string, home: string): string {
    if (!TOKEN.test(text)) return whole(text);
    const { form, value } = this.#find(text, home);
    if (form === 'text') return value ?? '';
    const bytes = Buffer.from(value ?? '', 'base64');
    const plain = bytes.toString('utf8');
    if (Buffer.from(plain).equals(bytes)) return plain;
    throw new Refused('hidden-value', `${text} stands for bytes that are no text: write it to data, not to stringData`);
  }

  /**
   * An annotation that is one placeholder; null where it is not. @throws Refused
   * @param orText the placeholder of a text may stand there too
   */
  note(text: string, home: string, orText = false): string | null {
    if (!TOKEN.test(text)) return null;
    const { form, value } = this.#find(text, home);
    if (form === 'note') return value;
    if (orText) return this.text(text, home);
    throw new Refused('hidden-value', `${text} stands for a value of Secret ${home}: ${RETURN}`);
  }

  /** The placeholders in the text of a copy, which was looked through already, replaced as JSON strings. @throws Refused */
  inCopy(text: string, home: string): string {
    return text.replaceAll(TOKENS_IN_TEXT, (found) => {
      const real = found.startsWith(MARK) ? (this.note(found, home, true) ?? '') : (this.data(found, home) ?? '');
      return goQuoted(real);
    });
  }

  #find(token: string, home: string): HiddenValue {
    const hidden = this.#hidden.get(token);
    if (!hidden) {
      throw new Refused(
        'hidden-value',
        `${token} stands for a Secret's value that was hidden in another session: read the Secret again in this one, or write the real value`,
      );
    }
    if (hidden.home === home) return hidden;
    throw new Refused('hidden-value', `${token} stands for a value of Secret ${hidden.home}: ${RETURN}`);
  }
}

/** Between the quotes of a JSON string as Go writes it, so that the text becomes what kubectl would have made of the value. */
function goQuoted(text: string): string {
  const escape = (letter: string) => `\\u${letter.codePointAt(0)!.toString(16).padStart(4, '0')}`;
  return printJson(text)
    .slice(1, -1)
    .replaceAll(/[<>&\u2028\u2029]/g, escape);
}

/** A text that contains no placeholder. @throws Refused */
function whole(text: string): string {
  if (mentionsHidden(text)) throw elsewhere();
  return text;
}

/** Why a placeholder may not stand where it stands. */
export function elsewhere(): Refused {
  return new Refused(
    'hidden-value',
    `the request carries a placeholder (${MARK}…) for a Secret's value: ${RETURN}, whole; elsewhere refer to the Secret (secretKeyRef) or write the real value`,
  );
}

/** The mark as it looks in plain text, in base64 wherever it begins, and in base64 of that. */
const TRACES = [MARK, ...inBase64(MARK), ...inBase64(Buffer.from(MARK).toString('base64'))];

export function mentionsHidden(text: string | Buffer): boolean {
  return TRACES.some((trace) => text.includes(trace));
}

/** The characters that are the same whatever stands before and behind. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('x'.repeat(shift) + text).toString('base64');
    const end = Math.floor(((shift + text.length) * 8) / 6);
    return encoded.slice(Math.ceil((shift * 8) / 6), end);
  });
}
