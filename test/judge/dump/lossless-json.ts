/** A number whose text JavaScript's numbers would alter: beyond 2^53, `1.0`, `1e3`. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Any text in which a number could be one that `JSON.parse` alters; says yes too often, never too seldom. */
const SUSPICIOUS = /\d{16}|\d\.\d|\d[eE][-+\d]|-0[^.\d]/;

/** Reads JSON and keeps every number's own text. @throws SyntaxError */
export function readJson(text: string): unknown {
  return SUSPICIOUS.test(text) ? new Reader(text).document() : JSON.parse(text);
}

/** The one text of a value: keys in order, no white space, numbers as they were written. */
export function canonical(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).sort();
  const fields = value as Record<string, unknown>;
  return `{${keys
    .filter((key) => fields[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(fields[key])}`)
    .join(',')}}`;
}

const NUMBER = /-?\d+(\.\d+)?([eE][-+]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value();
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#error();
    return value;
  }

  #value(): unknown {
    this.#take(SPACE);
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): Record<string, unknown> {
    const fields: [string, unknown][] = [];
    this.#at += 1;
    for (let more = !this.#closes('}'); more; more = this.#goesOn('}')) {
      this.#take(SPACE);
      const key = this.#string();
      this.#take(SPACE);
      if (this.#text[this.#at++] !== ':') throw this.#error();
      fields.push([key, this.#value()]);
    }
    // Defines own properties, also for keys such as __proto__.
    return Object.fromEntries(fields);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#at += 1;
    for (let more = !this.#closes(']'); more; more = this.#goesOn(']')) items.push(this.#value());
    return items;
  }

  #closes(end: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== end) return false;
    this.#at += 1;
    return true;
  }

  #goesOn(end: string): boolean {
    if (this.#closes(end)) return false;
    if (this.#text[this.#at++] !== ',') throw this.#error();
    return true;
  }

  #string(): string {
    return JSON.parse(this.#take(STRING)) as string;
  }

  #number(): number | ExactNumber {
    const text = this.#take(NUMBER);
    const value = Number(text);
    return String(value) === text ? value : new ExactNumber(text);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error();
    this.#at += word.length;
    return value;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) throw this.#error();
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #error(): SyntaxError {
    return new SyntaxError(`no JSON at character ${this.#at}: ${this.#text.slice(this.#at, this.#at + 40)}`);
  }
}
