import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawing, importGraph, reduced } from '../../scripts/import-graph.ts';
import { mermaid } from '../../src/domain/machine/machine-drawing.ts';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'ARCHITECTURE.md');

function drawn(name: string, text: string): void {
  const whole = readFileSync(file, 'utf8');
  const place = new RegExp(`(<!-- ${name}:begin -->\n)[^]*?(<!-- ${name}:end -->)`);
  const wanted = whole.replace(
    place,
    (_, begin: string, end: string) => `${begin}\`\`\`mermaid\n${text}\n\`\`\`\n${end}`,
  );
  expect(whole).toMatch(place);
  if (process.env.UPDATE) writeFileSync(file, wanted);
  else expect(whole).toBe(wanted);
}

/** UPDATE=1 draws anew. */
describe('ARCHITECTURE.md', () => {
  it('shows the state machine as it is', () => drawn('machine', mermaid()));

  it('shows which folder imports from which', () => {
    const folder = (path: string) => (/^\w.*\//.test(path) ? path.split('/')[0]! : null);
    drawn('folders', drawing(reduced(importGraph(join(root, 'src'), folder))));
  });

  it('shows which room of the gateway imports from which', () => {
    const room = (path: string) => {
      const [top, inner, deeper] = path.split('/');
      return top !== 'gateway' ? null : deeper === undefined ? 'gateway' : inner!;
    };
    drawn('gateway', drawing(reduced(importGraph(join(root, 'src'), room))));
  });
});

it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names files that exist', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|scripts|docs|webview)\/[\w./-]*)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
