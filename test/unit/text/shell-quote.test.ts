import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoteArgv } from '../../../src/text/shell-quote.ts';

it('shows what does not show', () => {
  expect(quoteArgv(['rm', 'a\nb', "it's", '\u202egpj.exe'])).toBe(`rm $'a\\x0ab' 'it'\\''s' $'\\u202egpj.exe'`);
});

it('is read back by bash as the same words', () => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constantFrom('\n', "'", '\\', '$HOME', '\u202e', '\u001b'),
  );
  const argv = fc.array(
    word.map((text) => text.replaceAll('\0', '')),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(argv, (words) => {
      const script = `printf '%s\\0' ${quoteArgv(words)}`;
      const said = execFileSync('bash', ['--norc', '-c', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { LC_ALL: 'C.UTF-8' },
      }).toString();
      expect(said.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});
