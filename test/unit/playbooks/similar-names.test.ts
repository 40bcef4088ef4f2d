import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areMembers } from '../../../src/agents/playbooks/clues/names/family.ts';
import {
  clearlySimilar,
  isMisspelling,
  nameSimilarity,
} from '../../../src/agents/playbooks/clues/names/similar-names.ts';
import { Random } from './builders.ts';

const closest = (name: string, names: string[]) => clearlySimilar(name, names, (each) => each)?.item ?? null;

/** Words that mean nothing, so that only what a test adds to them tells names apart. */
const stem = fc.integer().map((seed) => {
  const random = new Random(seed);
  return [random.name(), random.name()].slice(random.int(0, 1)).join('-');
});
const anyCase = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.toUpperCase().replaceAll('-', '_'),
);

const FAMILIES = [
  [...'abcdefgxyz'],
  ['1', '2', '3', '10', '11', '07'],
  ['1a', '1b', '1c', '2a'],
  ['blue', 'green'],
  ['canary', 'stable'],
  ['dev', 'test', 'stage', 'staging', 'prod', 'production', 'qa', 'live'],
  ['primary', 'replica', 'secondary', 'standby'],
  ['ro', 'rw'],
  ['eu', 'us', 'ap'],
  ['east', 'west'],
  ['old', 'new'],
];
const members = fc
  .constantFrom(...FAMILIES)
  .chain((family) => fc.shuffledSubarray(family, { minLength: 2, maxLength: 2 }))
  .map(([one, other]) => [one!, other!] as const);

describe('names of two members of a family', () => {
  it('are two things, wherever the word that tells them apart stands', () => {
    fc.assert(
      fc.property(stem, members, fc.boolean(), anyCase, (name, [one, other], first, spell) => {
        const [a, b] = [one, other].map((word) => spell(first ? `${word}-${name}` : `${name}-${word}`));
        expect(nameSimilarity(a!, b!), `${a} ${b}`).toBe(0);
        expect(areMembers(a!, b!)).toBe(true);
      }),
    );
  });

  it('are two things where only one of them has the word', () => {
    fc.assert(
      fc.property(stem, members, (name, [one]) => {
        expect(nameSimilarity(name, `${name}-${one}`)).toBe(0);
      }),
    );
  });

  it.each([
    ['shop1', 'shop2'],
    ['us-east-1a', 'us-east-1b'],
    ['teama', 'teamb'],
    ['ordersV1', 'ordersV2'],
    ['db-0', 'db'],
  ])('%s and %s are two things', (one, other) => {
    expect(nameSimilarity(one, other)).toBe(0);
    expect(closest(one, [other])).toBeNull();
  });
});

describe('a misspelt name', () => {
  const word = stem.map((name) => name.replaceAll('-', '')).filter((name) => name.length >= 6);

  it('is found again, with its family beside it', () => {
    fc.assert(
      fc.property(word, fc.nat(), members, fc.boolean(), (name, place, [one, other], swap) => {
        const at = 1 + (place % (name.length - 2));
        const [here, next] = [name[at]!, name[at + 1]!];
        fc.pre(here !== next);
        const wrong = name.slice(0, at) + (swap ? next + here : next) + name.slice(at + 2);
        expect(closest(`${wrong}-${one}`, [`${name}-${one}`, `${name}-${other}`])).toBe(`${name}-${one}`);
        expect(isMisspelling(wrong, name)).toBe(true);
      }),
    );
  });

  it('is one where a member word is spelt wrongly', () => {
    expect(closest('web-gren', ['web-green', 'web-blue'])).toBe('web-green');
    expect(closest('europe-wset', ['europe-west', 'europe-east'])).toBe('europe-west');
  });

  it('is one in another spelling', () => {
    for (const other of ['DATABASE_URL', 'databaseUrl', 'database.url']) {
      expect(isMisspelling('database-url', other)).toBe(true);
    }
  });

  it.each([
    ['payments', 'payments-worker'],
    ['payments', 'paymentsui'],
    ['web', 'webadmin'],
  ])('is none where a word is added: %s and %s', (one, other) => {
    expect(isMisspelling(one, other)).toBe(false);
  });
});
