import { describe, expect, it } from 'vitest';
import { quantity, spelledQuantity } from '../../../src/text/quantity.ts';

describe('quantities', () => {
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['64Mi', 64 * 2 ** 20],
    ['1e3', 1000],
    ['1.5G', 1.5e9],
    [3, 3],
  ])('%s is %d', (text, number) => expect(quantity(text)).toBe(number));

  it.each(['', 'much', '5 apples', '1Xi', undefined])('%s is none', (text) => expect(quantity(text)).toBeNaN());

  it.each([
    [0.005, 'cpu', '5m'],
    [2, 'limits.cpu', '2'],
    [96 * 2 ** 20, 'memory', '96Mi'],
    [1500, 'requests.memory', '1500'],
    [1024, 'pods', '1024'],
  ])('%d of %s is written %s', (number, resource, text) => expect(spelledQuantity(number, resource)).toBe(text));
});
