import { expect, it } from 'vitest';
import { didYouMean } from '../../../src/text/edit-distance.ts';

const COMMANDS = ['mitigate', 'diagnose', 'run', 'undo', 'recover', 'journal', 'shell', 'lock', 'lint'];

it.each([
  ['mitigat', 'mitigate'],
  ['diagnoes', 'diagnose'],
  ['udno', 'undo'],
  ['jounral', 'journal'],
  ['rn', 'run'],
])('%s is taken for %s', (typed, meant) => {
  expect(didYouMean(typed, COMMANDS)).toBe(`; did you mean '${meant}'?`);
});

it('nothing is guessed where nothing is near', () => {
  for (const typed of ['frobnicate', 'xy', 'apply', '']) expect(didYouMean(typed, COMMANDS)).toBe('');
});
