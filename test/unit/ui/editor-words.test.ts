import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { Setting } from '../../../src/ui/editor/contributions.ts';
import { editorWords } from '../../../src/ui/editor/editor-words.ts';

const source = join(import.meta.dirname, '..', '..', '..', 'src');
/** What editor and command line share; `lint` speaks of the commands it reads. */
const SHARED = [
  'domain',
  'text',
  'json',
  'kube',
  'undo',
  'gateway',
  'cluster',
  'severity',
  'agents/playbooks',
  'run',
  'signals',
  'telemetry',
];
/** A message of the API server, which answers everybody. */
const FOR_EVERYBODY = ['cluster/lock/fence-manifests.ts'];

const CLI_WORDS =
  /\bstratus (?:undo|recover|journal|lock|mitigate|run|shell|diagnose|telemetry)\b(?! [\w-]+['"] in a terminal)|(?:^|[\s('])--(?:namespace|context|accept|check|keep|undo|tx|yes|from-cluster|prometheus|alertmanager|traces|logs|slo|find-telemetry|telemetry-cluster)\b|STRATUS_MODEL/;
const EDITOR_WORDS = new RegExp(
  [...Object.values(Setting).map((id) => id.replaceAll('.', '\\.')), 'kubectlPath', 'Undo Stack', 'Open Settings'].join(
    '|',
  ),
);

/** Texts of a folder that are sentences: string literals, and templates with X for what they are filled with. */
function sentences(folder: string): { file: string; text: string }[] {
  const files = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.ts$/.test(name),
  );
  return files.flatMap((name) => {
    const file = join(folder, name);
    const found: { file: string; text: string }[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node)) return;
      if (ts.isStringLiteralLike(node)) found.push({ file, text: node.text });
      if (ts.isTemplateExpression(node))
        found.push({
          file,
          text: node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join(''),
        });
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(name, readFileSync(join(source, file), 'utf8'), ts.ScriptTarget.Latest, true));
    return found.filter(({ text }) => text.includes(' '));
  });
}

describe('words of the editor and of the command line', () => {
  const shared = SHARED.flatMap(sentences);

  it('are told apart: what the shared rooms say for the command line is said otherwise in the editor', () => {
    const spoken = shared.filter(({ file, text }) => !FOR_EVERYBODY.includes(file) && CLI_WORDS.test(text));
    expect(spoken.length).toBeGreaterThan(10);
    expect(spoken.filter(({ text }) => CLI_WORDS.test(editorWords(text)))).toEqual([]);
  });

  it('never name a setting or a button on the command line', () => {
    const spoken = [...shared, ...sentences('cli')];
    expect(spoken.filter(({ text }) => EDITOR_WORDS.test(text))).toEqual([]);
  });

  it('leave commands and other words alone', () => {
    for (const text of ['kubectl scale deploy/web --namespace shop', 'acting as somebody else (--as) is refused'])
      expect(editorWords(text)).toBe(text);
    expect(
      editorWords(
        "transaction tx-1 was interrupted: finish it with 'stratus recover' (--undo tries again, --keep leaves it as it is)",
      ),
    ).toBe('transaction tx-1 was interrupted: choose Undo or Keep As It Is in the Undo Stack');
  });
});
