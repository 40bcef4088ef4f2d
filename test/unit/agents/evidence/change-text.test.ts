import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeText } from '../../../../src/agents/model/evidence/recent-changes.ts';

const script = (port: string) =>
  `set -e; ${'prepare the room; '.repeat(20)}serve --listen ${port} --quiet; ${'tidy; '.repeat(30)}`;

describe('a change as it is told', () => {
  it('shows short values whole', () => {
    expect(changeText({ path: 'image', before: 'geo:1', after: 'geo:2' })).toBe('geo:1 → geo:2');
    expect(changeText({ path: 'image', before: undefined, after: 'geo:2' })).toBe('(none) → geo:2');
  });

  it('shows what differs in long ones', () => {
    const text = changeText({ path: 'args[1]', before: script('8080'), after: script('9099') });
    expect(text).toMatch(/8080.* → .*9099/);
    expect(text.length).toBeLessThan(340);
  });

  it('never hides the difference', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 400 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.string({ maxLength: 400 }),
        (head, word, tail) => {
          const text = changeText({ path: 'x', before: `${head}${tail}`, after: `${head}<${word}>${tail}` });
          const [before, after] = text.split(' → ');
          expect(before).not.toBe(after);
        },
      ),
    );
  });
});
