import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confine } from '../../../src/kubectl/confine.ts';
import { analyze, kubectlCalls } from '../../../src/lint/analyze.ts';
import type { LintLanguage } from '../../../src/lint/languages.ts';
import { readConfigFile } from '../../../src/lint/config-file.ts';
import { DEFAULT_CONFIG } from '../../../src/lint/config.ts';
import type { ForeignShell } from '../../../src/lint/regions/region.ts';
import { foreignLines } from '../../../src/lint/shell/foreign-lines.ts';
import { readLiteralCommand } from '../../../src/kubectl/literal-words.ts';

const SHELLS: readonly ForeignShell[] = ['PowerShell', 'cmd', 'fish', 'nushell'];
const LANGUAGES: readonly LintLanguage[] = ['shellscript', 'yaml', 'dockerfile', 'makefile', 'markdown'];
const FRAGMENTS = [
  'kubectl',
  'delete',
  'ns',
  'p',
  ' ',
  '  ',
  '\t',
  '\n',
  '\r\n',
  '\u0000',
  '\uFEFF',
  '\uE0FF',
  '"',
  "'",
  '`',
  '$(',
  ')',
  '${',
  '}',
  '{',
  '[',
  ']',
  '\\',
  '|',
  '&',
  ';',
  '<<EOF',
  'EOF',
  '<<<',
  '>',
  '#',
  'run:',
  '- ',
  ': ',
  '|2-',
  '>+',
  '&a',
  '*a',
  '!!str',
  '---',
  'kind: Pod',
  'apiVersion: v1',
  'RUN ',
  'FROM x',
  '```sh',
  '```',
  '{{',
  '}}',
  '${{',
  'sh -c ',
  'eval ',
  '😀',
  '\ud800',
  '-f',
  '--',
  'stratus: disable-file',
  'shell: pwsh',
  '```powershell',
  '<#',
  '#>',
  "@'",
  '-f a.yaml',
  '\\u006e',
  "$'\\x",
  'case',
  'esac',
  'if',
  'fi',
  'do',
  'done',
  'for x in',
  '((',
  '))',
  '[[',
  ']]',
  'alias k=',
  'k',
  'X=',
  '"$@"',
  'data:',
  '\u2028',
];

/** Nothing throws, every range lies inside the text and points forward, and failures of the linter show up. */
function checkAll(text: string): void {
  for (const language of LANGUAGES) {
    for (const finding of analyze(text, language)) {
      expect(finding.rule, `${language}: ${finding.message} in ${JSON.stringify(text.slice(0, 300))}`).not.toBe(
        'internal-error',
      );
      expect(finding.start).toBeGreaterThanOrEqual(0);
      expect(finding.end).toBeGreaterThanOrEqual(finding.start);
      expect(finding.end).toBeLessThanOrEqual(text.length);
    }
    kubectlCalls(text, language);
  }
  for (const shell of SHELLS) {
    const { commands, unread } = foreignLines(text, shell);
    for (const { start, end } of [...commands.flat(), ...(unread ? [unread] : [])])
      expect(start >= 0 && start < end && end <= text.length, `${shell}: ${start} to ${end}`).toBe(true);
  }
  expect(readConfigFile(text).config).toBeDefined();
  // What a script applies may be anything.
  const rules = analyze(
    'kubectl apply -f a\nkubectl delete -f a\nkubectl delete -k a',
    'shellscript',
    DEFAULT_CONFIG,
    undefined,
    () => [{ path: 'a', text }],
  );
  expect(rules.map(({ rule }) => rule)).not.toContain('internal-error');
  const verdict = confine(text);
  if (!verdict.ok) expect(verdict.message).not.toBe('');
}

describe('hostile input', () => {
  it('is judged without failing, whatever is strung together', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 }), (parts) => checkAll(parts.join(''))),
      { numRuns: 1500, seed: 11 },
    );
  });

  it.each<[string, string]>([
    ['a line of 1 MB', `kubectl delete ns ${'x'.repeat(1_000_000)}`],
    ['a line of 90,000 characters', `kubectl delete ns ${'x '.repeat(45_000)}`],
    ['10,000 brackets', `kubectl get pods ${'$('.repeat(10_000)}`],
    ['10,000 parentheses', `${'('.repeat(10_000)}kubectl get pods`],
    ['10,000 braces', `kubectl: ${'{'.repeat(10_000)}`],
    ['10,000 flow brackets', `kind: Pod\nkubectl: ${'['.repeat(10_000)}`],
    [
      '10,000 nested block maps',
      Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth % 90)}kubectl:`).join('\n'),
    ],
    ['nested back quotes', `kubectl get ${'`'.repeat(10_000)}`],
    ['nested if', `${'if true; then '.repeat(5_000)}kubectl get pods`],
    ['nested quotes of shells', `${'bash -c "'.repeat(2_000)}kubectl delete ns p`],
    [
      'a billion laughs',
      [
        'kind: Pod',
        'apiVersion: v1',
        'a: &a [kubectl, kubectl]',
        ...Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${i === 0 ? '*a,*a' : `*b${i - 1},*b${i - 1}`}]`),
      ].join('\n'),
    ],
    ['an anchor inside itself', 'kind: Pod\napiVersion: v1\na: &a\n  run: *a\n  script: kubectl get pods'],
    ['aliases that name each other', "alias a='b kubectl'\nalias b='a kubectl'\na delete ns p"],
    ['functions that call each other', 'a() { b kubectl "$@"; }\nb() { a kubectl "$@"; }\na delete ns p'],
    ['10,000 block lists in one line', `kind: Pod\napiVersion: v1\nkubectl:\n  ${'- '.repeat(10_000)}a`],
    ['10,000 flow lists as settings', `lint: ${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['unfinished PowerShell comments', `kubectl get pods\n${'<#'.repeat(40_000)}`],
    ['PowerShell texts', `kubectl get pods\n${'@"\n'.repeat(20_000)}`],
    ['a step of another shell', `jobs: {a: {steps: [{shell: pwsh, run: "${'kubectl $( '.repeat(5_000)}"}]}}`],
    ['a byte order mark', '\uFEFF#!/bin/sh\nkubectl delete ns p'],
    ['NUL bytes', 'kubectl\u0000delete ns p\n\u0000'],
    ['CRLF and tabs', 'kubectl\tdelete\tns\tp\r\n\tkubectl get pods\r\n'],
    ['only white space', ' \t\r\n '.repeat(1000)],
    ['an unfinished here-document', 'bash <<EOF\nkubectl delete ns p'],
    ['many here-documents', 'kubectl get pods <<A <<B <<C\nA\nB\nC\n'],
    ['100,000 short lines', 'kubectl get pods\n'.repeat(50_000)],
    ['a long brace expansion', `kubectl delete ${'{a,b}'.repeat(40)}`],
    ['unfinished template', `kubectl: ${'{{ '.repeat(20_000)}`],
    ['many template lines', `kubectl: a\n${'{{- if x }}\n'.repeat(20_000)}`],
    ['many fences', '```sh\n'.repeat(20_000)],
    ['many make expressions', `a:\n\tkubectl ${'$('.repeat(9_000)}`],
    ['dockerfile continuation', `RUN kubectl ${'\\\n#x\n'.repeat(10_000)}`],
    ['comment storm', `kubectl get pods\n${'# stratus: disable-line a\n'.repeat(5_000)}`],
    ['long regular-expression bait', `kubectl get pods ${' '.repeat(80_000)}x\n${'"'.repeat(5_000)}`],
  ])('survives %s', { timeout: 60_000 }, (_, text) => {
    checkAll(text);
  });

  it('says so when a document was not checked', () => {
    for (const text of [`kubectl get ${'x'.repeat(1_100_000)}`, `kubectl ${'('.repeat(1_000)}`]) {
      expect(analyze(text, 'shellscript')).toMatchObject([{ rule: 'not-checked', severity: 'information' }]);
    }
  });

  it('refuses agents’ words that could hide something', () => {
    for (const text of [
      'kubectl get pods \uE0FF',
      'kubectl get \u202Epods',
      'kubectl get pods\r',
      'kubectl get \u0000',
      '',
      '   ',
      '#x',
      'kubectl get pods\n\n#',
    ]) {
      const verdict = confine(text.replace(/^x$/, ''));
      if (text === 'kubectl get pods\r') continue;
      expect(verdict.ok, JSON.stringify(text)).toBe(false);
    }
    expect(confine(['kubectl', 'get', 'pods\n']).ok).toBe(false);
    expect(confine([]).ok).toBe(false);
    expect(readLiteralCommand('a'.repeat(200_000)).ok).toBe(true);
  });
});
