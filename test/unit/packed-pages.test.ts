import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, it } from 'vitest';
import { SHIPPED } from '../../scripts/package.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((name) => `docs/${name.replaceAll('\\', '/')}`)
  .filter((name) => /\.(md|svg|yaml)$/.test(name));

/** Relative addresses of links and pictures, from the root. */
function linked(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[^]*?```|`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)/gm)]
    .map(([, inline, reference]) => (inline ?? reference)!.replace(/#.*$/, ''))
    .filter((address) => address !== '' && !/^[a-z]+:/.test(address))
    .map((address) => posix.normalize(posix.join(posix.dirname(page), address)));
}

it('pages of the package lead to nothing that is not in it', () => {
  const packed = new Set([...SHIPPED, ...pages]);
  const all = pages.flatMap((page) => linked(page).map((address) => [page, address] as const));
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter(([, address]) => !packed.has(address) && !packed.has(posix.join(address, 'README.md')))).toEqual(
    [],
  );
});
