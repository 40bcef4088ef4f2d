import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMap, own } from '../../../src/json/json-map.ts';
import type { Json } from '../../../src/json/json.ts';
import { cloneJson, MAX_DEPTH, parseJson, printJson } from '../../../src/json/lossless-json.ts';
import { RawNumber, storedNumber } from '../../../src/json/raw-number.ts';
import { DuplicateKey, JsonTooDeep, readJson } from '../../../src/json/read-json.ts';
import { HOSTILE_KEYS, HOSTILE_NUMBERS, hostileText } from './hostile-json.ts';

const spaced = (text: string) => JSON.stringify(JSON.parse(text), null, 2);

describe('parseJson and printJson', () => {
  it('give back the text that was read', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(printJson(parseJson(text))).toBe(text);
      }),
    );
  });

  it('read the same with either parser', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(printJson(readJson(text, { maxDepth: MAX_DEPTH, uniqueKeys: true }))).toBe(text);
      }),
    );
  });

  it('agree with the engine on any text that it prints', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(printJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
        expect(printJson(readJson(spaced(text), { maxDepth: MAX_DEPTH }))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('refuse what the engine refuses', () => {
    const broken = fc.tuple(hostileText, fc.nat(), fc.constantFrom('', ',', '"', '}', '01', '\u0001', '\ufeff', 'x'));
    fc.assert(
      fc.property(broken, ([text, at, piece]) => {
        const changed = text.slice(0, at % text.length) + piece + text.slice((at % text.length) + 1);
        const reads = (read: () => unknown) => {
          try {
            read();
            return true;
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
            return false;
          }
        };
        const engine = reads(() => JSON.parse(changed));
        expect(reads(() => parseJson(changed))).toBe(engine);
        expect(reads(() => readJson(changed, { maxDepth: MAX_DEPTH }))).toBe(engine);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(HOSTILE_NUMBERS)('keep %s wherever it stands', (number) => {
    for (const text of [number, `[${number}]`, `[0,${number}]`, `{"a":${number}}`, `{"a":{"b":${number}},"c":1}`]) {
      expect(printJson(parseJson(text))).toBe(text);
      expect(JSON.stringify(parseJson(text))).toBe(text);
    }
    expect(printJson(parseJson(`{ "a" :\n\t${number} }`))).toBe(`{"a":${number}}`);
  });

  it('make plain numbers of those that print back as they are', () => {
    expect(parseJson('[1,1.5,-3,1e+21,9007199254740992]')).toEqual([1, 1.5, -3, 1e21, 9007199254740992]);
    expect(parseJson('9007199254740993')).toBeInstanceOf(RawNumber);
  });

  it.each(HOSTILE_KEYS)('know the key %j only where it is', (key) => {
    for (const text of ['{}', '{"x":1.0}']) {
      const map = parseJson(text) as { [key: string]: Json };
      expect(map[key]).toBeUndefined();
      expect(key in map).toBe(false);
      map[key] = { deep: 1 };
      expect(Object.keys(map)).toContain(key);
      expect(cloneJson(map)[key]).toEqual({ deep: 1 });
    }
    expect(own({}, key)).toBeUndefined();
  });

  it('take MAX_DEPTH levels, and say so when there are more', () => {
    const nested = (levels: number, inner: string) =>
      `${'{"a":['.repeat(levels / 2)}${inner}${']}'.repeat(levels / 2)}`;
    for (const inner of ['1', '1.0']) {
      const text = nested(MAX_DEPTH, inner);
      expect(printJson(cloneJson(parseJson(text)))).toBe(text);
      for (const levels of [MAX_DEPTH + 2, 1_000_000]) {
        expect(() => parseJson(nested(levels, inner))).toThrow(JsonTooDeep);
      }
    }
  });

  it('read an object of a megabyte', () => {
    const data = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`key-${i}`, 'é'.repeat(300)]));
    const text = JSON.stringify({ data, n: 0 }).replace('"n":0', '"n":9007199254740993');
    expect(printJson(parseJson(text))).toBe(text);
  });

  it('show an object where a text was expected', () => {
    expect(String(emptyMap())).toBe('[object Object]');
    expect(Number(emptyMap())).toBeNaN();
  });
});

describe('readJson', () => {
  it.each([
    ['{"a":1,"a":1}', 'key "a" comes twice'],
    ['{"spec":{"list":[{"x":1},{"__proto__":1,"b":2,"__proto__":3}]}}', 'key "__proto__" comes twice in spec.list.1'],
    ['{"a":1,"\\u0061":2}', 'key "a" comes twice'],
  ])('refuses %s where keys must be unique', (text, message) => {
    expect(() => readJson(text, { maxDepth: 9, uniqueKeys: true })).toThrow(
      new DuplicateKey([], '').constructor as never,
    );
    expect(() => readJson(text, { maxDepth: 9, uniqueKeys: true })).toThrow(message);
    expect(printJson(readJson(text, { maxDepth: 9 }))).toBe(JSON.stringify(JSON.parse(text)));
  });
});

describe('cloneJson', () => {
  it('is equal and shares no map or list', () => {
    const parts = (value: unknown, found: unknown[] = []): unknown[] => {
      if (typeof value !== 'object' || value === null || value instanceof RawNumber) return found;
      found.push(value);
      for (const member of Object.values(value)) parts(member, found);
      return found;
    };
    fc.assert(
      fc.property(hostileText, (text) => {
        const value = parseJson(text);
        const copy = cloneJson(value);
        expect(printJson(copy)).toBe(text);
        const originals = new Set(parts(value));
        expect(parts(copy).filter((part) => originals.has(part))).toEqual([]);
      }),
    );
  });
});

describe('storedNumber', () => {
  it.each([
    ['1.0', '1'],
    ['1e3', '1000'],
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.0', '-0'],
    ['1e21', '1e+21'],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740993.0', '9007199254740992'],
    ['9223372036854775807', '9223372036854775807'],
    ['12345678901234567890', '12345678901234567000'],
    ['1e400', '1e400'],
  ])('of %s is %s', (source, stored) => {
    expect(storedNumber(RawNumber.of(source))).toBe(stored);
  });
});
