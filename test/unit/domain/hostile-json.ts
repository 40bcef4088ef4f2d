import fc from 'fast-check';

/** Keys that reach inherited names, or a setter, where a map has a prototype. */
export const HOSTILE_KEYS = [
  '__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf', 'toJSON', 'prototype', 'then', 'length', '0', '',
  'a', 'b/c', '~d', 'é', '\u{1f680}', '\u2028', '\ud800', 'name', 'ports', 'containers',
]; // prettier-ignore

/** Numbers as a server may write them; many do not survive a JavaScript number. */
export const HOSTILE_NUMBERS = [
  '0', '-0', '-0.0', '1', '1.0', '1.50', '1.5', '0.1', '1e3', '1E3', '1e+21', '1e21', '1e-7', '1e400',
  '9007199254740991', '9007199254740992', '9007199254740993', '9007199254740993.0', '-9007199254740993',
  '1000000000000000001', '9223372036854775807', '9223372036854775808', '12345678901234567890', '100000000000000000000',
]; // prettier-ignore

/** Compact JSON texts of hostile documents: what is read and printed again must be the same text. */
export const hostileText: fc.Arbitrary<string> = fc.letrec<{ value: string; map: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...HOSTILE_NUMBERS, 'true', 'false', 'null', '"x"', '":1.50,"', '"\\"[9007199254740993]"'),
    tie('map'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  ),
  map: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...HOSTILE_KEYS), tie('value')), { maxLength: 4, selector: ([key]) => key })
    // Keys like 0 come first in any JavaScript object; their order says nothing.
    .map((members) => members.sort(([a], [b]) => Number(b === '0') - Number(a === '0')))
    .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
})).map;
