import { describe, expect, it } from 'vitest';
import { printJson } from '../../../src/json/lossless-json.ts';
import { MAX_BODY_DEPTH, readWriteBody, UnreadableBody } from '../../../src/gateway/wire/write-body.ts';

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const read = (type: string, text: string) => printJson(readWriteBody(type, Buffer.from(text)).value);
const HOSTILE =
  '{"spec":{"n":9007199254740993,"f":1.50,"e":1e21,"z":-0,"__proto__":{"toString":1.0},"constructor":"x"}}';

describe('a write body', () => {
  it.each(['application/json', MERGE, 'application/strategic-merge-patch+json', APPLY, 'application/yaml'])(
    'of type %s keeps numbers and keys as they are',
    (type) => {
      expect(read(type, HOSTILE)).toBe(HOSTILE);
    },
  );

  it('keeps them in the operations of a JSON patch', () => {
    const text =
      '[{"op":"replace","path":"/spec/toString","value":9007199254740993},{"op":"test","path":"/f","value":1.0}]';
    expect(read('application/json-patch+json', text)).toBe(text);
  });

  it.each([MERGE, 'application/json', APPLY])('with a key twice is refused (%s): name and place are told', (type) => {
    expect(() => read(type, '{"spec":{"template":{"a":1,"a":2}}}')).toThrow(UnreadableBody);
    expect(() => read(type, '{"spec":{"template":{"a":1,"a":2}}}')).toThrow('key "a" comes twice in spec.template');
    expect(() => read(type, '{"data":{"toString":"1","\\u0074oString":"2"}}')).toThrow('key "toString" comes twice');
  });

  it('with a key twice in YAML is refused', () => {
    expect(() => read(APPLY, 'data:\n  a: 1\n  b: 1\n  a: 2\n')).toThrow('key "a" comes twice in data');
    expect(() => read(APPLY, 'data: {__proto__: 1, __proto__: 2}\n')).toThrow('key "__proto__" comes twice in data');
  });

  it.each([MERGE, APPLY])('nested too deeply is refused (%s)', (type) => {
    const nested = (levels: number) => `${'{"a":['.repeat(levels / 2)}1.0${']}'.repeat(levels / 2)}`;
    expect(read(type, nested(MAX_BODY_DEPTH))).toBe(nested(MAX_BODY_DEPTH));
    for (const levels of [MAX_BODY_DEPTH + 2, 400_000]) {
      expect(() => read(type, nested(levels))).toThrow(UnreadableBody);
      expect(() => read(type, nested(levels))).toThrow(`nested deeper than ${MAX_BODY_DEPTH} levels`);
    }
  });

  it.each([50_000, 1_000])('nested too deeply in YAML is refused (%d)', (levels) => {
    expect(() => read(APPLY, `a: ${'['.repeat(levels)}${']'.repeat(levels)}`)).toThrow('nested deeper');
  });

  it('near a megabyte is read', () => {
    const text = JSON.stringify({
      data: Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`ключ-${i}`, 'x'.repeat(300)])),
    });
    expect(read(MERGE, text)).toBe(text);
  });

  it('of a content type that is an inherited name is not known', () => {
    expect(() => read('constructor', '{}')).toThrow(UnreadableBody);
  });

  it('in YAML is read as the API server reads it, numbers from their source', () => {
    const yaml = [
      'spec:',
      '  big: 9007199254740993',
      '  f: 1.50',
      '  e: 1e21',
      '  quoted: "12"',
      '  flag: yes',
      '  none:',
      '  time: 12:30:45',
      '  day: 2001-01-01',
      '  address: 10.0.0.1',
      '  memory: 64Mi',
      '  toString: [1.0, {__proto__: off}]',
      '  text: |',
      '    a',
      '    b',
      '  80: port',
    ].join('\n');
    expect(read(APPLY, yaml)).toBe(
      '{"spec":{"80":"port","big":9007199254740993,"f":1.50,"e":1e21,"quoted":"12","flag":true,"none":null,' +
        '"time":"12:30:45","day":"2001-01-01","address":"10.0.0.1","memory":"64Mi",' +
        '"toString":[1.0,{"__proto__":false}],"text":"a\\nb\\n"}}',
    );
  });

  it.each([
    ['a: 0x10', 'the number 0x10'],
    ['a: 010', 'the number 010'],
    ['a: 1_000', 'the number 1_000'],
    ['a: 0o17', 'the number 0o17'],
    ['a: +1', 'the number +1'],
    ['a: .5', 'the number .5'],
    ['a: .inf', 'the number .inf'],
    ['a: y', 'the word y'],
    ['a: !!binary eA==', 'a tag'],
    ['a: !!int "3"', 'a tag'],
    ['a: &x 1\nb: *x', 'an anchor'],
    ['<<: {a: 1}', 'the key <<'],
    ['yes: 1', 'the key yes'],
    ['1.5: 1', 'the key 1.5'],
    ['? [a]\n: 1', 'a key that is no text'],
    ['a: 1\n---\nb: 2', 'multiple documents'],
  ])('in YAML that readers may take in two ways is refused: %j', (text, what) => {
    expect(() => read(APPLY, text)).toThrow(UnreadableBody);
    expect(() => read(APPLY, text)).toThrow(what);
  });
});
