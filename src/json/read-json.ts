import { emptyMap } from './json-map.ts';
import type { Json } from './json.ts';
import { RawNumber } from './raw-number.ts';

/** Nested deeper than its reader takes. */
export class JsonTooDeep extends Error {
  constructor(limit: number) {
    super(`it is nested deeper than ${limit} levels`);
    this.name = 'JsonTooDeep';
  }
}

/** An object has a key twice, so that readers may differ in what it says. */
export class DuplicateKey extends Error {
  constructor(path: Array<string | number>, key: string) {
    const place = path.map((part) => String(part).slice(0, 80)).join('.');
    super(`key ${JSON.stringify(key.slice(0, 80))} comes twice${place ? ` in ${place.slice(0, 200)}` : ''}`);
    this.name = 'DuplicateKey';
  }
}

export interface ReadJsonOptions {
  maxDepth: number;
  /** Refuse objects that have a key twice; else the last value stays. */
  uniqueKeys?: boolean;
}

/**
 * Reads a JSON text (RFC 8259) with every number as it is written, see {@link RawNumber}; objects inherit nothing.
 * @throws SyntaxError, JsonTooDeep, DuplicateKey
 */
export function readJson(text: string, options: ReadJsonOptions): Json {
  return new JsonReader(text, options).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [CODE_T, CODE_F, CODE_N] = [0x74, 0x66, 0x6e];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

class JsonReader {
  readonly #text: string;
  readonly #options: ReadJsonOptions;
  /** Where we are, for messages. */
  readonly #path: Array<string | number> = [];
  #at = 0;

  constructor(text: string, options: ReadJsonOptions) {
    this.#text = text;
    this.#options = options;
  }

  document(): Json {
    const value = this.#value();
    this.#next();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): Json {
    switch (this.#next()) {
      case QUOTE:
        return this.#string();
      case OPEN_MAP:
        return this.#map();
      case OPEN_LIST:
        return this.#list();
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

  #map(): Json {
    const result = emptyMap();
    this.#enter();
    if (this.#next() === CLOSE_MAP) return this.#leave(result);
    for (;;) {
      if (this.#next() !== QUOTE) throw this.#unexpected();
      const key = this.#string();
      if (this.#options.uniqueKeys && Object.hasOwn(result, key)) throw new DuplicateKey(this.#path.slice(0, -1), key);
      if (this.#next() !== COLON) throw this.#unexpected();
      this.#at++;
      this.#path[this.#path.length - 1] = key;
      result[key] = this.#value();
      const end = this.#next();
      if (end === CLOSE_MAP) return this.#leave(result);
      if (end !== COMMA) throw this.#unexpected();
      this.#at++;
    }
  }

  #list(): Json {
    const result: Json[] = [];
    this.#enter();
    if (this.#next() === CLOSE_LIST) return this.#leave(result);
    for (;;) {
      this.#path[this.#path.length - 1] = result.length;
      result.push(this.#value());
      const end = this.#next();
      if (end === CLOSE_LIST) return this.#leave(result);
      if (end !== COMMA) throw this.#unexpected();
      this.#at++;
    }
  }

  #enter(): void {
    this.#at++;
    this.#path.push('');
    if (this.#path.length > this.#options.maxDepth) throw new JsonTooDeep(this.#options.maxDepth);
  }

  #leave(result: Json): Json {
    this.#at++;
    this.#path.pop();
    return result;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let escaped = false;
    for (let end = start + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) {
        this.#at = end + 1;
        // Escapes are the engine's business; it has nothing to lose in a string.
        return escaped ? (JSON.parse(text.slice(start, end + 1)) as string) : text.slice(start + 1, end);
      }
      if (code === BACKSLASH) {
        escaped = true;
        end++;
      } else if (code < 0x20) {
        this.#at = end;
        throw this.#unexpected();
      }
    }
    this.#at = text.length;
    throw this.#unexpected();
  }

  #word<V>(word: string, value: V): V {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #number(): Json {
    NUMBER.lastIndex = this.#at;
    const [source] = NUMBER.exec(this.#text) ?? [];
    if (source === undefined) throw this.#unexpected();
    this.#at += source.length;
    return RawNumber.of(source);
  }

  /** Code of the next character that is no space; NaN at the end. */
  #next(): number {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
    }
  }

  #unexpected(): SyntaxError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end';
    return new SyntaxError(`${found} is not expected at character ${this.#at + 1}`);
  }
}
