import { describe, expect, it } from 'vitest';
import { withMatchers } from '../../../src/text/promql-selectors.ts';

const restricted = (query: string) => withMatchers(query, () => ['cluster="eu"']);

describe('matchers in each selector of a query', () => {
  it.each([
    ['up', 'up{cluster="eu"}'],
    ['up{}', 'up{cluster="eu"}'],
    ['up {job="a"}', 'up{cluster="eu",job="a"}'],
    ['{__name__=~"a|b"}', '{cluster="eu",__name__=~"a|b"}'],
    ['sum by (namespace, pod) (rate(a_total{x="}{,"}[5m]))', 'sum by (namespace, pod) (rate(a_total{cluster="eu",x="}{,"}[5m]))'],
    ['max(a) by (pod) / on (pod) group_left (node) b', 'max(a{cluster="eu"}) by (pod) / on (pod) group_left (node) b{cluster="eu"}'],
    ['sum without(cpu) (rate(node_cpu[2m] offset 5m))', 'sum without(cpu) (rate(node_cpu{cluster="eu"}[2m] offset 5m))'],
    ['a and on(x) b or c unless ignoring (y) d', 'a{cluster="eu"} and on(x) b{cluster="eu"} or c{cluster="eu"} unless ignoring (y) d{cluster="eu"}'],
    ['1000 * histogram_quantile(0.99, sum by (le) (rate(x_bucket[2m])))', '1000 * histogram_quantile(0.99, sum by (le) (rate(x_bucket{cluster="eu"}[2m])))'],
    ['max_over_time(up[1h:1m] @ end()) > bool 1e3', 'max_over_time(up{cluster="eu"}[1h:1m] @ end()) > bool 1e3'],
    ['label_replace(a, "x", "$1", "by", "(.*)")', 'label_replace(a{cluster="eu"}, "x", "$1", "by", "(.*)")'],
    ['a == Inf # b\n+ c', 'a{cluster="eu"} == Inf # b\n+ c{cluster="eu"}'],
    ['job:errors:rate5m > 0x1f', 'job:errors:rate5m{cluster="eu"} > 0x1f'],
    ["a{x='it\\'s }'} + b{y=`}`}", "a{cluster=\"eu\",x='it\\'s }'} + b{cluster=\"eu\",y=`}`}"],
    ['time() - vector(1)', 'time() - vector(1)'],
  ])('%s', (query, expected) => {
    expect(restricted(query)).toBe(expected);
  }); // prettier-ignore

  it('are chosen by the metric', () => {
    const seen: (string | null)[] = [];
    const made = withMatchers('a / {x="1"} + rate(b[1m])', (metric) => {
      seen.push(metric);
      return metric === 'b' ? ['k="v"'] : [];
    });
    expect(seen).toEqual(['a', null, 'b']);
    expect(made).toBe('a / {x="1"} + rate(b{k="v"}[1m])');
  });

  it.each(['a{x="1"', 'a{x="', 'rate(a[5m', "a == 'x", '{'])('%s is not guessed at', (query) => {
    expect(() => restricted(query)).toThrow(/does not end/);
  });
});
