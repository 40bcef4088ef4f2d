import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../../../src/lint/analyze.ts';
import { EDITOR_LANGUAGES } from '../../../src/lint/languages.ts';
import { mayConcernKubernetes } from '../../../src/ui/lint/kubernetes-words.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const read = (...names: string[]) => readFileSync(join(ROOT, ...names), 'utf8');

/** Commands of the corpora, and the texts in which the rules' pages say that something is reported. */
function texts(): string[] {
  const folder = 'test/fixtures/kubectl';
  const commands = readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.tsv'))
    .flatMap((name) => read(folder, name).split('\n'))
    .flatMap((line) => line.split('\t'));
  const rules = readdirSync(join(ROOT, 'docs/rules')).map((name) => read('docs/rules', name));
  const blocks = rules.flatMap((page) => [...page.matchAll(/```\w*\n([^]*?)```/g)].map(([, block]) => block!));
  return [...new Set([...commands, ...blocks])].filter((text) => text.trim() !== '');
}

it('the linter is started for every text in which it would report something', () => {
  const missed = texts()
    .flatMap((text) => [text, text.replace('kubectl', 'ku"be"ctl'), text.replace('kubectl', 'k\\ubectl')])
    .filter((text) => !mayConcernKubernetes(text))
    .filter((text) =>
      [...new Set(Object.values(EDITOR_LANGUAGES))].some((language) => analyze(text, language).length > 0),
    );
  expect(missed).toEqual([]);
});

it('and not for what has nothing to do with Kubernetes', () => {
  for (const text of [
    '# Shopping\n\n- milk\n',
    'on: push\njobs: {}\n',
    'FROM node:24\nRUN npm ci\n',
    'all:\n\tcc -o a a.c\n',
  ])
    expect(mayConcernKubernetes(text)).toBe(false);
});
