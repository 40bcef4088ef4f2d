import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rulePages } from '../../../scripts/generate-rule-docs.ts';
import { LINT_RULES } from '../../../src/lint/lint-rules.ts';
import { bypassRows } from '../kubectl/corpus.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'rules');

describe('docs/rules', () => {
  it('is what scripts/generate-rule-docs.ts writes', () => {
    const pages = rulePages();
    expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
    for (const [name, text] of pages) expect(readFileSync(join(FOLDER, name), 'utf8'), name).toBe(text);
  });

  it('has a rule page for every rule, and the corpus only names rules that exist', () => {
    for (const id of Object.keys(LINT_RULES)) expect(rulePages().has(`${id}.md`), id).toBe(true);
    expect(bypassRows().filter((row) => !Object.hasOwn(LINT_RULES, row.rule))).toEqual([]);
  });
});
