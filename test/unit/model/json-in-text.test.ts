import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ToolSpec } from '../../../src/domain/chat.ts';
import { callInText, jsonInText } from '../../../src/model/json-in-text.ts';

const tool = (name: string): ToolSpec => ({ name, description: name, parameters: { type: 'object' } });
const TOOLS = [tool('submit'), tool('logs')];
const objects = fc
  .dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 3 }))
  .map((one) => JSON.parse(JSON.stringify(one)) as object);
/** Words of any language, without what opens a block, an object or a thought. */
const words = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[{}`~<]/g, '·'));

describe('JSON in what a model wrote', () => {
  test('is found with any words around it', () => {
    fc.assert(
      fc.property(objects, words, words, (value, before, after) => {
        expect(jsonInText(`${before}\n${JSON.stringify(value)}\n${after}`)?.value).toEqual(value);
      }),
    );
  });

  test('is found in a block, printed in lines, whatever is said before and after', () => {
    fc.assert(
      fc.property(objects, words, words, fc.constantFrom('json', 'JSON', ''), (value, before, after, name) => {
        fc.pre(!JSON.stringify(value).includes('```') && !JSON.stringify(value).includes('<think'));
        expect(
          jsonInText(`${before}\n\`\`\`${name}\n${JSON.stringify(value, null, 2)}\n\`\`\`\n${after}`)?.value,
        ).toEqual(value);
      }),
    );
  });

  test('is nothing in whatever else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const found = jsonInText(text);
        if (found) expect(JSON.parse(found.json)).toEqual(found.value);
      }),
    );
    for (const text of ['', '{', '{"a": ', '[1, 2]', '{not json}', '{'.repeat(100_000)])
      expect(jsonInText(text)).toBeNull();
  });

  test.each([
    ['the last of several blocks', 'First\n```json\n{"a": 1}\n```\nno, better:\n```json\n{"a": 2}\n```', { a: 2 }],
    ['a block before braces in words', '```json\n{"a": 1}\n```\nwhere {"a": 7} would be wrong', { a: 1 }],
    ['what is said, not what is thought', '<think>{"a": 1}</think>{"a": 2}', { a: 2 }],
    ['a brace in a string', 'so {"a": "}{\\"", "b": {"c": []}} then', { a: '}{"', b: { c: [] } }],
  ])('is %s', (_, text, value) => {
    expect(jsonInText(text)?.value).toEqual(value);
  });
});

describe('a call in a text', () => {
  test.each([
    ['arguments alone', '{"cause": "x"}', '{"cause": "x"}'],
    ['tool and args', '{"tool": "submit", "args": {"cause": "x"}}', '{"cause":"x"}'],
    ['name and arguments', '{"name": "submit", "arguments": {"cause": "x"}}', '{"cause":"x"}'],
    [
      'an object that looks like a call of none',
      '{"name": "geo", "args": {"cause": "x"}}',
      '{"name": "geo", "args": {"cause": "x"}}',
    ],
  ])('that is forced: %s', (_, text, args) => {
    expect(callInText(`Here:\n${text}`, TOOLS, 'submit')).toMatchObject({
      before: 'Here:',
      call: { tool: 'submit', args },
    });
  });

  test('that is not forced names a tool that there is', () => {
    expect(callInText('{"tool": "logs", "args": {}}', TOOLS, undefined)?.call).toMatchObject({
      tool: 'logs',
      args: '{}',
    });
    expect(callInText('{"tool": "rm", "args": {}}', TOOLS, undefined)).toBeNull();
    expect(callInText('{"cause": "x"}', TOOLS, undefined)).toBeNull();
  });
});
