import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, ExactNumber, readJson } from '../../judge/dump/lossless-json.ts';

describe('reading JSON without loss', () => {
  it('keeps the text of numbers that JavaScript alters', () => {
    const text = '{"a":9007199254740993,"b":[1.50,-0,1e400,-9223372036854775808],"c":7}';
    expect(canonical(readJson(text))).toBe(text);
    expect((readJson(text) as { a: unknown }).a).toEqual(new ExactNumber('9007199254740993'));
  });

  it('keeps keys that every object has', () => {
    const text = '{"__proto__":{"a":1.0},"constructor":2,"toString":3}';
    expect(canonical(readJson(text))).toBe(text);
  });

  it('says of any value what JSON says, also when it reads by itself', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const both = readJson(`[1.0,${text}]`) as unknown[];
        expect(canonical(both[1])).toBe(canonical(readJson(text)));
      }),
    );
  });

  it.each(['{"a":1.0', '[1.0,]', '1.0 2', '{"a" 1.0}', '"\\x"1.0'])('refuses %s', (text) => {
    expect(() => readJson(text)).toThrow(SyntaxError);
  });
});
