import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/severity/slo-spec.ts';
import { holds, parseSlo, SloUsageError } from '../../../src/severity/slo-spec.ts';

describe('an objective', () => {
  it.each([
    ['a=up >= 1', { name: 'a', query: 'up', comparison: '>=', bound: 1 }],
    [
      'shop.p99=histogram_quantile(0.99, sum by (le) (rate(x_bucket{job="a>b"}[5m]))) < 0.5',
      { comparison: '<', bound: 0.5 },
    ],
    // The comparison within the expression is the server's.
    ['few=count(up{job=~"a|b"} == 0) <= 2', { query: 'count(up{job=~"a|b"} == 0)', comparison: '<=', bound: 2 }],
    ['rest=a > 3 > 1e-3', { query: 'a > 3', comparison: '>', bound: 0.001 }],
    ['not=x != -2', { query: 'x', comparison: '!=', bound: -2 }],
    ["text=label_replace(x, 'a', '> 5', 'b', '.*') == 1", { comparison: '==', bound: 1 }],
  ])('%s', (text, expected) => expect(parseSlo(text)).toMatchObject(expected));

  it.each([
    ['no name', '=up > 1', /its name/],
    ['no equals sign', 'checkout', /its name/],
    ['a name with a space', 'a b=up > 1', /its name/],
    ['no comparison', 'a=rate(x[5m])', /compares with nothing/],
    ['a comparison inside brackets only', 'a=count(up == 0)', /compares with nothing/],
    ['nothing before it', 'a=> 1', /nothing before/],
    ['no number after it', 'a=up > down', /is no number/],
    ['nothing after it', 'a=up >', /is no number/],
    ['an open bracket', 'a=sum(up > 1', /bracket is not closed/],
    ['too much', `a=${'x'.repeat(6_000)} > 1`, /longer than/],
  ])('with %s is refused in words', (_, text, why) => {
    expect(() => parseSlo(text)).toThrow(SloUsageError);
    expect(() => parseSlo(text)).toThrow(why);
  });

  it('never throws anything else', () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { query, bound } = parseSlo(text);
          expect(query).not.toBe('');
          expect(bound).not.toBeNaN();
        } catch (error) {
          expect(error).toBeInstanceOf(SloUsageError);
        }
      }),
    ));

  it('is met by exactly what its comparison says', () =>
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer(),
        fc.constantFrom<Comparison[]>('>', '>=', '<', '<=', '==', '!='),
        (value, bound, comparison) => {
          const met = {
            '>': value > bound,
            '>=': value >= bound,
            '<': value < bound,
            '<=': value <= bound,
            '==': value === bound,
            '!=': value !== bound,
          };
          expect(holds(value, { comparison, bound })).toBe(met[comparison]);
        },
      ),
    ));
});
