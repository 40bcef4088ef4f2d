import { readFileSync } from 'node:fs';
import type { LintLanguage } from '../../../src/lint/languages.ts';

/** One spelling that must be caught; `start` and `end` bound the exact range. */
export interface BypassRow {
  item: string;
  audience: string;
  language: LintLanguage;
  rule: string;
  severity: string;
  text: string;
  start: number;
  end: number;
}

/** One text that must pass. */
export interface SafeRow {
  item: string;
  audience: string;
  language: LintLanguage;
  text: string;
}

function rows(name: string): string[][] {
  return readFileSync(new URL(`../../fixtures/kubectl/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))
    .map((line) => line.split('\t'));
}

const decode = (text: string): string => text.replaceAll('␤', '\n').replaceAll('␉', '\t');

/** All rows of bypasses.tsv. */
export function bypassRows(): BypassRow[] {
  return rows('bypasses.tsv').map(
    ([item = '', audience = '', language = '', rule = '', severity = '', marked = '']) => {
      const raw = decode(marked);
      const start = raw.indexOf('«');
      const end = raw.indexOf('»') - 1;
      return {
        item,
        audience,
        language: language as LintLanguage,
        rule,
        severity,
        text: raw.replace('«', '').replace('»', ''),
        start,
        end,
      };
    },
  );
}

/** All rows of safe.tsv. */
export function safeRows(): SafeRow[] {
  return rows('safe.tsv').map(([item = '', audience = '', language = '', text = '']) => ({
    item,
    audience,
    language: language as LintLanguage,
    text: decode(text),
  }));
}
