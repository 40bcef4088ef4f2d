import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearlySimilar, nameSimilarity } from '../../../src/agents/playbooks/clues/names/similar-names.ts';
import { editDistance } from '../../../src/text/edit-distance.ts';
import { differingPointers, stableJson } from '../../../src/json/stable-json.ts';
import { oneLine } from '../../../src/text/plain-text.ts';
import { untrustedLine } from '../../../src/text/redact.ts';

describe('evidence text', () => {
  it('is short, on one line and free of control and invisible characters, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        for (const clean of [oneLine(text), untrustedLine(text)]) {
          expect(clean.length).toBeLessThanOrEqual(300);
          expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          expect(clean.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['dial redis://default:p4ss@cache:6379 failed', 'p4ss'],
    ['{"password":"p4ss","user":"u"}', 'p4ss'],
    ['DB_PASSWORD=p4ss host=db', 'p4ss'],
    ['Authorization: Bearer p4ss', 'p4ss'],
    ["api-key: 'p4ss'", 'p4ss'],
  ])('masks %s', (line, secret) => {
    expect(untrustedLine(line)).not.toContain(secret);
  });

  it('keeps words that only resemble secrets', () => {
    expect(untrustedLine('secret "db-creds" not found')).toBe('secret "db-creds" not found');
    expect(untrustedLine("couldn't find key k in Secret ns/name")).toBe("couldn't find key k in Secret ns/name");
  });
});

describe('similar names', () => {
  it.each([
    ['DB_URL', 'db-url', 0.9],
    ['redis-addres', 'redis-address', 0.7],
    ['config', 'config-v2', 0.5],
    ['endpiont', 'endpoint', 0.7],
  ])('%s is close to %s', (a, b, least) => {
    expect(nameSimilarity(a, b)).toBeGreaterThanOrEqual(least);
    expect(nameSimilarity(b, a)).toBe(nameSimilarity(a, b));
  });

  it.each([
    ['shard-1', 'shard-2'],
    ['user', 'password'],
    ['a', 'b'],
  ])('%s is not close to %s', (a, b) => {
    expect(nameSimilarity(a, b)).toBe(0);
  });

  it('chooses none of two that are equally close', () => {
    expect(clearlySimilar('key', ['keya', 'keyb'], (each) => each)).toBeNull();
    expect(clearlySimilar('key', ['keya', 'other'], (each) => each)?.item).toBe('keya');
  });

  it('measures distance like a slow reference', () => {
    const slow = (a: string, b: string): number => {
      if (!a || !b) return a.length + b.length;
      const cost = a.at(-1) === b.at(-1) ? 0 : 1;
      let best = Math.min(
        slow(a.slice(0, -1), b) + 1,
        slow(a, b.slice(0, -1)) + 1,
        slow(a.slice(0, -1), b.slice(0, -1)) + cost,
      );
      if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
        best = Math.min(best, slow(a.slice(0, -2), b.slice(0, -2)) + 1);
      }
      return best;
    };
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(slow(a, b));
      }),
      { numRuns: 60 },
    );
  });
});

describe('stable JSON', () => {
  it('ignores order and null, and names the places that differ', () => {
    expect(stableJson({ b: 1, a: null, c: [{ y: 2, x: 1 }] })).toBe(stableJson({ c: [{ x: 1, y: 2 }], b: 1 }));
    expect(differingPointers({ a: [{ x: 1 }], 'b/c': 1 }, { a: [{ x: 2 }], 'b/c': 2 })).toEqual(['/a/0/x', '/b~1c']);
    expect(differingPointers({ a: [1] }, { a: [1, 2] })).toEqual(['/a']);
  });
});
