import { describe, expect, it } from 'vitest';
import { readIncidentLink } from '../../../src/ui/editor/incident-link.ts';

describe('a link to an incident', () => {
  it('names context and namespace', () => {
    expect(readIncidentLink('/incident', 'context=arn%3Aaws%3Aeks%2Fprod&namespace=shop')).toEqual({
      context: 'arn:aws:eks/prod',
      namespace: 'shop',
    });
  });

  it.each([
    ['/approve', 'context=a&namespace=b', /no page/],
    ['/incident', 'namespace=b', /no context/],
    ['/incident', 'context=a%0Ab&namespace=b', /context that cannot be one: 'a b'/],
    ['/incident', 'context=a%E2%80%AEb&namespace=b', /context that cannot be one: 'ab'/],
    ['/incident', 'context=a', /no namespace/],
    ['/incident', 'context=a&namespace=--all', /namespace that cannot be one: '--all'/],
    ['/incident', 'context=a&namespace=B', /namespace that cannot be one: 'B'/],
  ])('%s?%s is none', (path, query, why) => {
    expect(readIncidentLink(path, query)).toMatch(why);
  });
});
