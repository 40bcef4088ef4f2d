import { emptyMap } from './json-map.ts';
import type { Json } from './json.ts';
import { RawNumber } from './raw-number.ts';
import { JsonTooDeep } from './read-json.ts';

/**
 * Reads the bytes of a JSON text whose parts are much alike, as the items of a list are, without losing anything: numbers
 * as {@link RawNumber} where JavaScript would print them in another way, objects that inherit nothing, of a key that comes
 * twice the last value. A part that says the same bytes as the one in its place before is the same object, so that what
 * is read must not be changed: ten thousand pods of one template take a fifth of the time and a third of the memory.
 * @param omit keys down to a value that is left out, through any lists: `['items', 'metadata', 'managedFields']`
 * @throws SyntaxError, JsonTooDeep
 */
export function readList(bytes: Buffer, maxDepth: number, omit: readonly string[] = []): Json {
  return new ListReader(bytes, maxDepth, omit).document();
}

/** An object or a list that was read: where it stands, and what it is made of. */
class Part {
  readonly start: number;
  readonly end: number;
  readonly value: Json;
  /** Of an object; empty for a list. */
  readonly keys: readonly string[];
  readonly members: readonly Member[];

  constructor(start: number, end: number, value: Json, keys: readonly string[], members: readonly Member[]) {
    this.start = start;
    this.end = end;
    this.value = value;
    this.keys = keys;
    this.members = members;
  }
}

/** What stands in a place; of a leaf its value. */
type Member = Part | Json | undefined;

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [CODE_T, CODE_F, CODE_N, ZERO, NINE] = [0x74, 0x66, 0x6e, 0x30, 0x39];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];
const NO_KEYS: readonly string[] = [];
const NO_MEMBERS: readonly Member[] = [];
/** So many digits are a number that prints back as it is written. */
const SAFE_DIGITS = 15;
const NO_MATCH = -1;
/** `+-.eE` */
const NUMBER_SIGNS = new Set([0x2b, 0x2d, 0x2e, 0x65, 0x45]);

class ListReader {
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  readonly #omit: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(bytes: Buffer, maxDepth: number, omit: readonly string[]) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#omit = omit;
  }

  document(): Json {
    const member = this.#member(undefined, this.#omit.length > 0 ? 0 : NO_MATCH);
    this.#next();
    if (this.#at < this.#bytes.length) throw this.#unexpected();
    return member instanceof Part ? member.value : (member as Json);
  }

  /**
   * @param before what stood in this place of the part before, if anything
   * @param matched how many keys of `omit` led here; -1 where others did
   */
  #member(before: Member, matched: number): Member {
    switch (this.#next()) {
      case QUOTE:
        return this.#string(before);
      case OPEN_MAP:
        return (before instanceof Part && this.#same(before)) || this.#map(before, matched);
      case OPEN_LIST:
        return (before instanceof Part && this.#same(before)) || this.#list(before, matched);
      case CODE_T:
        return this.#word('true', true);
      case CODE_F:
        return this.#word('false', false);
      case CODE_N:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  /** Passes over a part that says what `before` does. */
  #same(before: Part): Part | null {
    const bytes = this.#bytes;
    const { start, end } = before;
    const to = this.#at + end - start;
    // Most that differ do so near their end or in their middle, and a call into the engine costs more than these looks.
    if (bytes[to - 2] !== bytes[end - 2] || bytes[(this.#at + to) >> 1] !== bytes[(start + end) >> 1]) return null;
    if (to > bytes.length || bytes.compare(bytes, start, end, this.#at, to) !== 0) return null;
    this.#at = to;
    return before;
  }

  #map(before: Member, matched: number): Part {
    const start = this.#enter();
    const result = emptyMap();
    const known = before instanceof Part ? before : undefined;
    // Most have the keys of the part before them: one list of keys serves both.
    const usual = known?.keys ?? NO_KEYS;
    let own: string[] | null = null;
    const members: Member[] = [];
    if (this.#next() === CLOSE_MAP) return this.#leave(start, result, NO_KEYS, members);
    for (;;) {
      if (this.#next() !== QUOTE) throw this.#unexpected();
      const at = members.length;
      const key = this.#string(usual[at]);
      if (this.#next() !== COLON) throw this.#unexpected();
      this.#at++;
      const earlier = known && memberOf(known, key, at);
      const here = matched !== NO_MATCH && key === this.#omit[matched] ? matched + 1 : NO_MATCH;
      const omitted = here !== NO_MATCH && here === this.#omit.length;
      const member = omitted ? this.#skip(earlier) : this.#member(earlier, here);
      if (!omitted) result[key] = member instanceof Part ? member.value : (member as Json);
      if (!own && usual[at] !== key) own = usual.slice(0, at);
      own?.push(key);
      members.push(member);
      const end = this.#next();
      if (end === CLOSE_MAP) {
        const keys = own ?? (usual.length > members.length ? usual.slice(0, members.length) : usual);
        return this.#leave(start, result, keys, members);
      }
      if (end !== COMMA) throw this.#unexpected();
      this.#at++;
    }
  }

  #list(before: Member, matched: number): Part {
    const start = this.#enter();
    const result: Json[] = [];
    const known = before instanceof Part ? before.members : undefined;
    const members: Member[] = [];
    if (this.#next() === CLOSE_LIST) return this.#leave(start, result, NO_KEYS, members);
    for (;;) {
      const index = members.length;
      const member = this.#member(known?.[index] ?? members[index - 1], matched);
      result.push(member instanceof Part ? member.value : (member as Json));
      members.push(member);
      const end = this.#next();
      if (end === CLOSE_LIST) return this.#leave(start, result, NO_KEYS, members);
      if (end !== COMMA) throw this.#unexpected();
      this.#at++;
    }
  }

  #enter(): number {
    if (++this.#depth > this.#maxDepth) throw new JsonTooDeep(this.#maxDepth);
    return this.#at++;
  }

  #leave(start: number, value: Json, keys: readonly string[], members: readonly Member[]): Part {
    this.#depth--;
    this.#at++;
    return new Part(start, this.#at, value, keys, members);
  }

  #string(before: Member): string {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    if (typeof before === 'string' && this.#says(before, start)) {
      this.#at = start + before.length + 1;
      return before;
    }
    let [plain, escaped] = [true, false];
    for (let end = start; end < bytes.length; end++) {
      const code = bytes[end]!;
      if (code === QUOTE) {
        this.#at = end + 1;
        if (escaped) return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;
        return plain ? bytes.toString('latin1', start, end) : bytes.toString('utf8', start, end);
      }
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      } else if (code < 0x20) {
        this.#at = end;
        throw this.#unexpected();
      } else if (code > 0x7f) plain = false;
    }
    this.#at = bytes.length;
    throw this.#unexpected();
  }

  /** The string that begins here says `text`, without any escape. */
  #says(text: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      const code = bytes[start + index]!;
      if (code !== text.charCodeAt(index) || !isPlainText(code)) return false;
    }
    return bytes[start + text.length] === QUOTE;
  }

  #word<V extends Json>(word: string, value: V): V {
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[this.#at + index] !== word.charCodeAt(index)) throw this.#unexpected();
    }
    this.#at += word.length;
    return value;
  }

  #number(): Json {
    const bytes = this.#bytes;
    const start = this.#at;
    let [end, value] = [start, 0];
    for (let code = bytes[end]!; code >= ZERO && code <= NINE; code = bytes[++end]!) value = value * 10 + code - ZERO;
    const digits = end - start;
    while (isNumeric(bytes[end])) end++;
    if (end === start) throw this.#unexpected();
    this.#at = end;
    const isPlain = digits === end - start && digits <= SAFE_DIGITS && (bytes[start] !== ZERO || digits === 1);
    return isPlain ? value : RawNumber.of(bytes.toString('latin1', start, end));
  }

  /** Passes over a value that nobody wants. */
  #skip(before: Member): Member {
    const code = this.#next();
    if (code !== OPEN_MAP && code !== OPEN_LIST) {
      this.#member(undefined, NO_MATCH);
      return undefined;
    }
    const same = before instanceof Part && this.#same(before);
    if (same) return same;
    const bytes = this.#bytes;
    const start = this.#at;
    let depth = 0;
    for (; this.#at < bytes.length; this.#at++) {
      const here = bytes[this.#at]!;
      if (here === QUOTE) this.#at = endOfString(bytes, this.#at);
      else if (here === OPEN_MAP || here === OPEN_LIST) depth++;
      else if ((here === CLOSE_MAP || here === CLOSE_LIST) && --depth === 0) {
        return new Part(start, ++this.#at, null, NO_KEYS, NO_MEMBERS);
      }
    }
    throw this.#unexpected();
  }

  /** Code of the next byte that is no space; NaN at the end. */
  #next(): number {
    const bytes = this.#bytes;
    for (; ; this.#at++) {
      const code = bytes[this.#at];
      if (code === undefined) return Number.NaN;
      if (code > 0x20 || (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09)) return code;
    }
  }

  #unexpected(): SyntaxError {
    const found =
      this.#at < this.#bytes.length ? JSON.stringify(String.fromCharCode(this.#bytes[this.#at]!)) : 'the end';
    return new SyntaxError(`${found} is not expected at byte ${this.#at + 1}`);
  }
}

/** The member of a key, which mostly stands where it stood. */
function memberOf({ keys, members }: Part, key: string, index: number): Member {
  if (keys[index] === key) return members[index];
  const elsewhere = keys.indexOf(key);
  return elsewhere < 0 ? undefined : members[elsewhere];
}

/** Where the quote stands that ends the string which begins here; the end of the bytes where none does. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** A character that stands in a string as itself, in one byte. */
function isPlainText(code: number): boolean {
  return code >= 0x20 && code < 0x80 && code !== QUOTE && code !== BACKSLASH;
}

function isNumeric(code: number | undefined): boolean {
  if (code === undefined) return false;
  return (code >= ZERO && code <= NINE) || NUMBER_SIGNS.has(code);
}
