import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ANALYZERS } from '../../../src/agents/playbooks/analyzers.ts';
import { ENTRIES } from '../../catalogue/catalogue.ts';
import { SHOWN_BY } from './shown-by.ts';

/**
 * What each rule must be proved by, read off the tests themselves: a snapshot in which it finds something, a look-alike of
 * which it says nothing, and a cluster on which its finding decides. The page is checked in rules.test.ts.
 */
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'));

/**
 * Still without one: what they find needs containers that run for long or for each other, a load, kinds that a cluster does
 * not have by itself, or servers that only the soak builds.
 */
const NOT_SHOWN = [
  'slow-stop',
  'credential-refused',
  'unexpanded-variable',
  'mounted-program',
  'file-permission',
  'job-held',
  'rival-autoscalers',
  'headless-peers',
  'gateway-route',
  'memory-leak',
  'autoscaler-at-maximum',
  'disk-filling',
];

const RULES = ANALYZERS.map(({ rule }) => rule);

/** How a test may spell a rule: its name, or a constant of its file that holds it. */
function spellings(text: string, rule: string): string {
  const constants = [...text.matchAll(new RegExp(`const (\\w+) = '${rule}'`, 'g'))].map((match) => `\\b${match[1]}\\b`);
  return `(?:${[`'${rule}'`, ...constants].join('|')})`;
}

/** Rules for which no test has a statement of this form; RULE stands for how the test spells the rule. */
const without = (...forms: string[]): string[] =>
  RULES.filter(
    (rule) =>
      !files.some((text) => {
        const spelled = spellings(text, rule);
        return forms.some((form) => new RegExp(form.replaceAll('RULE', spelled)).test(text));
      }),
  );

/** Within one statement. */
const WITHIN = '[^;]*?';

describe('every rule', () => {
  it('has a unit test on a snapshot in which it finds something', () => {
    expect(
      without(
        `onlyFinding\\(${WITHIN}RULE`,
        `byRule\\(${WITHIN}RULE\\)${WITHIN};\\s*expect\\(found\\)\\.toHaveLength\\(1\\)`,
      ),
    ).toEqual([]);
  });

  it('has a unit test on a healthy look-alike of which it says nothing', () => {
    expect(without(`byRule\\(${WITHIN}RULE${WITHIN}\\)\\.toEqual\\(\\s*\\[\\]`, `noFinding\\(${WITHIN}RULE`)).toEqual(
      [],
    );
  });

  it('decides on a cluster: in an incident of the catalogue, or in a test', () => {
    expect(RULES.filter((rule) => !SHOWN_BY[rule]?.length)).toEqual(NOT_SHOWN);
    expect(Object.keys(SHOWN_BY).filter((rule) => !RULES.includes(rule))).toEqual([]);
    const known = new Set(ENTRIES.map(({ name }) => name));
    const clusterTests = join(import.meta.dirname, '..', '..', 'cluster');
    const unknown = Object.entries(SHOWN_BY).flatMap(([rule, places]) =>
      places.filter((place) => {
        if (!place.startsWith('cluster/')) return !known.has(place);
        return !readFileSync(join(clusterTests, place.slice('cluster/'.length)), 'utf8').includes(`'${rule}'`);
      }),
    );
    expect(unknown).toEqual([]);
  });
});
