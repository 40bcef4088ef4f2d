import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rulePages } from '../../../scripts/generate-rule-docs.ts';
import { confine } from '../../../src/kubectl/confine.ts';
import { analyze } from '../../../src/lint/analyze.ts';
import type { LintLanguage } from '../../../src/lint/languages.ts';
import { LINT_RULES } from '../../../src/lint/lint-rules.ts';
import { bypassRows } from '../kubectl/corpus.ts';

/** An example of a page, with what the page says of it. */
const EXAMPLE = /(?:As (\w+):\n\n)?^(```|~~~~)([\w:-]+)\n([^]*?)\n\2$/gm;
const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'rules');

describe('docs/rules', () => {
  it('is what scripts/generate-rule-docs.ts writes', () => {
    const pages = rulePages();
    expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
    for (const [name, text] of pages) expect(readFileSync(join(FOLDER, name), 'utf8'), name).toBe(text);
  });

  it('reports each example of a page as the page says', () => {
    let count = 0;
    for (const id of Object.keys(LINT_RULES)) {
      const [, reported = '', refused = ''] = readFileSync(join(FOLDER, `${id}.md`), 'utf8').split(
        /^## (?:Reported|Refused from agents)$/m,
      );
      const isReport = reported.trimStart().startsWith('As ');
      for (const [, severity, , language, text] of (isReport ? reported : '').matchAll(EXAMPLE)) {
        const found = analyze(text!, language as LintLanguage).map((finding) => `${finding.rule} ${finding.severity}`);
        expect(found, `${id}: ${text}`).toContain(`${id} ${severity}`);
        count++;
      }
      for (const [, , , , text] of (isReport ? refused : reported).matchAll(EXAMPLE)) {
        const verdict = confine(text!);
        expect(verdict.ok, `${id}: ${text}`).toBe(false);
        count++;
      }
    }
    expect(count).toBeGreaterThan(100);
  });

  it('has a rule page for every rule, and the corpus only names rules that exist', () => {
    for (const id of Object.keys(LINT_RULES)) expect(rulePages().has(`${id}.md`), id).toBe(true);
    expect(bypassRows().filter((row) => !Object.hasOwn(LINT_RULES, row.rule))).toEqual([]);
  });
});
