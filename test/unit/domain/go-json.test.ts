import { expect, it } from 'vitest';
import { goJson } from '../../../src/json/go-json.ts';
import { parseJson } from '../../../src/json/lossless-json.ts';

it('is written as the API server writes it, and read back as it was', () => {
  const value = { args: ['a && b < c > d', '\u2028\u2029'], url: 'db://h:1/?a=1&b=2', n: 1 };
  const text = goJson(value);
  expect(text).not.toMatch(/[<>&\u2028\u2029]/);
  expect(text).toContain('a=1\\u0026b=2');
  expect(parseJson(text)).toEqual(parseJson(JSON.stringify(value)));
});
