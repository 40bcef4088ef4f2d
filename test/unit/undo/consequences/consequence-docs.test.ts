import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONSEQUENCE_DOCS, consequencePage } from '../../../../scripts/generate-consequence-docs.ts';

it('docs/consequences.md is what the table says', () => {
  if (process.env.STRATUS_UPDATE_DOCS) writeFileSync(CONSEQUENCE_DOCS, consequencePage());
  expect(readFileSync(CONSEQUENCE_DOCS, 'utf8')).toBe(consequencePage());
});
