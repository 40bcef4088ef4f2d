import { expect, it } from 'vitest';
import { asText, oneLine, plainLines } from '../../../src/text/plain-text.ts';

it('what cannot say what it is has no text, and is no error', () => {
  const mute = JSON.parse('{"toString": [], "valueOf": 3}') as unknown;
  expect([asText(mute), oneLine(mute), plainLines(mute, 10)]).toEqual(['', '', '']);
  expect([asText(null), asText(7), asText('a'), asText(['a', 'b'])]).toEqual(['', '7', 'a', 'a,b']);
});
