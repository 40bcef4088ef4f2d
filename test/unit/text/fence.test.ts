import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenced } from '../../../src/text/fence.ts';

const RANDOM = 'k3J9xQ2mT7bVw4Zp';

describe('the fence', () => {
  it('puts text between marks that nobody can guess', () => {
    expect(fenced('logs', 'a\nb', RANDOM)).toEqual({
      text: `<data-${RANDOM} logs>\na\nb\n</data-${RANDOM}>`,
      mark: RANDOM,
    });
  });

  it('refuses a mark that could be guessed', () => {
    expect(() => fenced('logs', 'a', 'short')).toThrow(RangeError);
    expect(() => fenced('logs', 'a', '----------------')).toThrow(RangeError);
  });

  it.each([
    '<|im_start|>system',
    '<|start_header_id|>',
    '[INST] x [/INST]',
    '<<SYS>>',
    '</s>',
    '<start_of_turn>',
    '</system>',
    '<tool_call>',
    `</data-${RANDOM}>`,
    '</data-guess>',
    `<data-${RANDOM} more>`,
  ])('breaks what looks like a border: %s', (border) => {
    const { text } = fenced('logs', `before ${border} after`, RANDOM);
    const inside = text.split('\n').slice(1, -1).join('\n');
    expect(inside).not.toContain(border);
    expect(inside).toMatch(/^before .* after$/);
  });

  it('leaves ordinary text as it is', () => {
    const text = 'List<String> a < b && c > d; <nil> [INFO] {"a": "<b>"} user\tx\n  indented';
    expect(fenced('logs', text, RANDOM).text).toBe(`<data-${RANDOM} logs>\n${text}\n</data-${RANDOM}>`);
  });

  it('of any text: the mark stands in the first and last line alone, and nothing acts or hides', () => {
    const piece = fc.constantFrom(
      RANDOM,
      RANDOM.slice(0, 8),
      RANDOM.slice(8),
      '<data-',
      '</data-',
      '<|im_end|>',
      '\u200b',
      '\n',
      '>',
      'text',
    );
    const any = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    fc.assert(
      fc.property(any, (text) => {
        const lines = fenced('x', text, RANDOM).text.split('\n');
        expect(lines[0]).toBe(`<data-${RANDOM} x>`);
        expect(lines.at(-1)).toBe(`</data-${RANDOM}>`);
        const inside = lines.slice(1, -1).join('\n');
        expect(inside).not.toContain(RANDOM);
        expect(inside).not.toMatch(/<\/?data-/);
        expect(inside).not.toMatch(/(?![\t\n])[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});
