import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, parseJson, printJson } from '../../../src/json/lossless-json.ts';
import { JsonTooDeep } from '../../../src/json/read-json.ts';
import { readList } from '../../../src/json/read-list.ts';
import { HOSTILE_KEYS, HOSTILE_NUMBERS, hostileText } from './hostile-json.ts';

const read = (text: string, omit: string[] = []) => readList(Buffer.from(text), MAX_DEPTH, omit);
const at = (value: unknown, ...path: (string | number)[]) =>
  path.reduce((inner, key) => (inner as Record<string | number, unknown>)[key], value);

/** Items that are each other's copies but for a piece of their text, so that parts are compared and differ everywhere. */
const alike = fc
  .tuple(hostileText, fc.array(fc.tuple(fc.nat(), fc.constantFrom('', '0', '1', 'x', '"', '}')), { maxLength: 4 }))
  .map(([text, changes]) => {
    const items = [text];
    for (const [place, piece] of changes) {
      const last = items.at(-1)!;
      const spot = place % last.length;
      items.push(last.slice(0, spot) + piece + last.slice(spot + 1));
    }
    return items;
  });

describe('readList', () => {
  it('gives back the text that was read, whatever is alike in it', () => {
    const items = fc.array(fc.tuple(hostileText, fc.integer({ min: 1, max: 3 })), { maxLength: 4 });
    fc.assert(
      fc.property(items, (parts) => {
        const text = `{"items":[${parts.flatMap(([item, times]) => Array<string>(times).fill(item)).join(',')}]}`;
        expect(printJson(read(text))).toBe(text);
      }),
    );
  });

  it('reads and refuses what the other reader does', () => {
    fc.assert(
      fc.property(alike, (items) => {
        // A character that was cut in two is another one in bytes.
        const text = Buffer.from(`[${items.join(',')}]`).toString();
        const outcome = (parse: () => unknown) => {
          try {
            return printJson(parse());
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
            return 'refused';
          }
        };
        expect(outcome(() => read(text))).toBe(outcome(() => parseJson(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('agrees with the engine on any text, also a spaced one', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const text = JSON.stringify([JSON.parse(json), JSON.parse(json)], null, 1);
        expect(printJson(read(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it.each(HOSTILE_NUMBERS)('keeps %s wherever it stands', (number) => {
    for (const text of [number, `[${number},${number}]`, `[0,${number}]`, `[{"a":${number}},{"a":${number}}]`]) {
      expect(printJson(read(text))).toBe(text);
    }
  });

  it.each(HOSTILE_KEYS)('knows the key %j only where it is', (key) => {
    expect(at(read('[{},{}]'), 0, key)).toBeUndefined();
    expect(at(read(`[{},{${JSON.stringify(key)}:1}]`), 1, key)).toBe(1);
  });

  it('does not take a string for the one before it that only looks the same', () => {
    const texts = ['["\\\\n","\\n"]', '["a\\"","a\\""]', '["\\u00e9","é","Ã©"]', '["x","xy","x"]'];
    for (const text of texts) expect(read(text)).toEqual(JSON.parse(text));
    expect(() => read('["a\\tb","a\tb"]')).toThrow(SyntaxError);
  });

  it('keeps the last value of a key that comes twice', () => {
    expect(read('[{"a":1,"a":{"b":2}},{"a":1,"a":{"b":2}}]')).toEqual([{ a: { b: 2 } }, { a: { b: 2 } }]);
  });

  it('makes one object of equal parts in the same place, and of no others', () => {
    const list = read('[{"n":1,"s":{"t":[1,2]},"u":{"v":1}},{"n":2,"s":{"t":[1,2]},"u":{"v":2}},{"s":{"t":[1,2]}}]');
    expect(at(list, 1, 's')).toBe(at(list, 0, 's'));
    expect(at(list, 2, 's')).toBe(at(list, 0, 's'));
    expect(at(list, 1, 'u')).not.toBe(at(list, 0, 'u'));
    expect(at(list, 1, 'u', 'v')).toBe(2);
  });

  it('leaves out what is not wanted, there alone', () => {
    const item = (name: string) =>
      `{"managed":1,"metadata":{"name":"${name}","managed":[{"a":"]}\\\\\\"","b":{}}],"x":{"managed":2}}}`;
    const text = `{"managed":0,"items":[${item('a')},${item('a')},${item('b')}],"metadata":{"managed":3}}`;
    const kept = (name: string) => ({ managed: 1, metadata: { name, x: { managed: 2 } } });
    expect(read(text, ['items', 'metadata', 'managed'])).toEqual({
      managed: 0,
      items: [kept('a'), kept('a'), kept('b')],
      metadata: { managed: 3 },
    });
    expect(read('{"a":null,"b":1}', ['a'])).toEqual({ b: 1 });
    expect(() => read('{"a":[{"x":"]}', ['a'])).toThrow(SyntaxError);
  });

  it('has a limit to its depth', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(printJson(read(nested(MAX_DEPTH)))).toBe(nested(MAX_DEPTH));
    expect(() => read(nested(MAX_DEPTH + 1))).toThrow(JsonTooDeep);
  });
});
