import { describe, expect, it } from 'vitest';
import { ruleOf, rulesOfChange } from '../../../../src/undo/consequences/lookup.ts';
import { RuleTrie } from '../../../../src/undo/consequences/rule-trie.ts';
import { fields, itself, lost, oneWay, reversible } from '../../../../src/undo/consequences/rows.ts';

const backOf = (rule: unknown) => (rule as { back?: string } | null)?.back;

describe('the look-up of a rule', () => {
  it('prefers the exact key, then its domain, then keys without one, then any, then everything below', () => {
    const trie = new RuleTrie(
      fields(
        oneWay('exact', 'm[a.b/c]'),
        itself('domain', 'm[a.b/*]'),
        lost('plain', 'm[*]'),
        reversible('l.*.name'),
        oneWay('rest', 'l.**'),
      ),
    );
    expect(trie.find(['m', 'a.b/c'])).toMatchObject({ act: 'one-way' });
    expect(trie.find(['m', 'a.b/d'])).toMatchObject({ what: 'domain' });
    expect(trie.find(['m', 'plain'])).toMatchObject({ what: 'plain' });
    expect(trie.find(['m', 'x.y/z'])).toBeNull();
    expect(trie.find(['l', { keys: { name: 'a' } }, 'name'])).toEqual({ act: 'reversible' });
    expect(trie.find(['l', '0', 'other', 'deep'])).toMatchObject({ why: 'rest' });
    expect(trie.find(['l'])).toMatchObject({ why: 'rest' });
  });

  it('takes the gravest rule for a map that comes or goes as a whole', () => {
    const trie = new RuleTrie(fields(reversible('a.b'), lost('gone', 'a.c.*.d'), itself('again', 'a.e')));
    expect(backOf(trie.find(['a']))).toBe('lost');
  });

  it('knows no kind and no field that is not in the table, whatever it is called', () => {
    for (const kind of ['Gadget', 'constructor', '__proto__', 'toString']) {
      expect(ruleOf('example.test/v1', kind, ['spec', 'replicas'])).toBeNull();
      expect(ruleOf('v1', kind, ['data'])).toBeNull();
    }
    expect(ruleOf('apps/v1', 'Deployment', ['spec', 'constructor'])).toBeNull();
    expect(ruleOf('v1', 'ConfigMap', ['data', '__proto__'])).toEqual({ act: 'reversible' });
  });

  it('shares the rows between the versions of a kind, and keeps groups apart', () => {
    expect(ruleOf('apps/v1beta9', 'Deployment', ['spec', 'paused'])).not.toBeNull();
    expect(ruleOf('extensions/v1', 'Deployment', ['spec', 'paused'])).toBeNull();
  });

  it('takes a list apart that is compared as a whole', () => {
    const change = { path: ['spec'], before: undefined, after: { replicas: 1, list: [{ fresh: 1 }], paused: true } };
    expect(rulesOfChange('apps/v1', 'Deployment', change)).toEqual([
      { path: ['spec', 'replicas'], rule: expect.objectContaining({ look: 'scale' }) },
      { path: ['spec', 'list', '0', 'fresh'], rule: null },
      { path: ['spec', 'paused'], rule: expect.objectContaining({ look: 'strategy' }) },
    ]);
  });
});
