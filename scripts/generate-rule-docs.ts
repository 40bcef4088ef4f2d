/**
 * Writes docs/rules/ID.md and the index from the rules and the bypass corpus.
 *
 *   node scripts/generate-rule-docs.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LINT_RULES } from '../src/lint/lint-rules.ts';
import { ruleIndex, rulePage } from '../src/lint/rule-docs.ts';
import { bypassRows } from '../test/unit/kubectl/corpus.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'rules');
const MAX_EXAMPLES = 3;

/** Every page by file name. */
export function rulePages(): Map<string, string> {
  const rows = bypassRows();
  const pages = new Map([['README.md', ruleIndex()]]);
  for (const id of Object.keys(LINT_RULES)) {
    const fit = rows.filter((row) => row.rule === id && /^[\t\n\x20-\x7e]+$/.test(row.text));
    const examples = (['human', 'agent'] as const).flatMap((audience) =>
      [...new Map(fit.filter((row) => row.audience === audience).map((row) => [row.text, row])).values()]
        .slice(0, MAX_EXAMPLES)
        .map(({ text, language, severity }) => ({ text, language, severity, audience })),
    );
    pages.set(`${id}.md`, rulePage(id, examples));
  }
  return pages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(FOLDER, { recursive: true });
  const pages = rulePages();
  for (const name of readdirSync(FOLDER)) if (!pages.has(name)) rmSync(join(FOLDER, name));
  for (const [name, text] of pages) writeFileSync(join(FOLDER, name), text);
}
