/** A number as JSON writes it. */
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const INTEGER = /^-?[0-9]+$/;
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * A number of a JSON text that a JavaScript number would not print back as it was read: `9007199254740993`, `1.0`,
 * `1e3`, `-0`. Immutable, so that copies may share it. Printed losslessly, also by a plain `JSON.stringify`.
 */
export class RawNumber {
  /** As in the JSON text it came from. */
  readonly source: string;

  private constructor(source: string) {
    this.source = source;
    Object.freeze(this);
  }

  /** The number of a JSON text: a plain one where that prints back identically. @throws SyntaxError for anything else */
  static of(source: string): number | RawNumber {
    const value = Number(source);
    if (String(value) === source && Number.isFinite(value)) return value;
    if (!JSON_NUMBER.test(source)) throw new SyntaxError(`not a JSON number: ${source.slice(0, 40)}`);
    return new RawNumber(source);
  }

  toJSON(): unknown {
    return rawJSON(this.source);
  }

  toString(): string {
    return this.source;
  }

  /** The nearest JavaScript number: for comparing sizes, not for equality. */
  valueOf(): number {
    return Number(this.source);
  }
}

/**
 * How the API server stores a number of an object without a Go type (a custom resource), as text: an integer that fits
 * 64 bits exactly, every other as a float64. Numbers are equal where these texts are, so `1.0` equals `1` and
 * `9007199254740993` differs from `9007199254740992`.
 * Source: k8s.io/apimachinery util/json converts numbers to int64 and, failing that, float64; Go prints as ECMAScript does.
 */
export function storedNumber(number: number | RawNumber): string {
  if (typeof number === 'number') return JSON.stringify(number);
  const { source } = number;
  if (INTEGER.test(source)) {
    const integer = BigInt(source);
    if (integer >= INT64[0] && integer <= INT64[1]) return String(integer);
  }
  const float = Number(source);
  // The server takes no number beyond a float64: then only the same text is the same number.
  return Number.isFinite(float) ? storedFloat(float) : source;
}

/** Go prints the sign of a negative zero. */
function storedFloat(float: number): string {
  return Object.is(float, -0) ? '-0' : String(float);
}
