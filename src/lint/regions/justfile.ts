import { maskOf } from '../yaml/mask.ts';
import { isShebang } from '../shell/script-text.ts';
import { verbatim } from '../source-text.ts';
import type { Region } from './region.ts';

const RECIPE = /^@?[A-Za-z_][\w-]*(?:[ \t]+[^:=\n]*)?:(?!=)/;
const MARKS = /^[ \t]*[@-]*/gm;

/** The recipes of a justfile (just.systems, "Recipe bodies"): one script a line, or one for a body that begins with `#!`. */
export function justfileRegions(text: string): Region[] {
  const regions: Region[] = [];
  const lines = text.split('\n');
  let at = 0;
  let body: { start: number; end: number } | undefined;
  const flush = (): void => {
    if (body) regions.push(...bodyRegions(text.slice(body.start, body.end), body.start));
    body = undefined;
  };
  let inRecipe = false;
  for (const line of lines) {
    const isBody = inRecipe && (/^[ \t]+\S/.test(line) || line.trim() === '');
    if (isBody) body = { start: body?.start ?? at, end: at + line.length };
    else {
      flush();
      inRecipe = RECIPE.test(line);
      const shell = /`([^`]+)`/.exec(line);
      if (shell?.[1] !== undefined && !/^\s*#/.test(line))
        regions.push({ kind: 'script', source: verbatim(masked(shell[1]), at + shell.index + 1) });
    }
    at += line.length + 1;
  }
  flush();
  return regions;
}

function masked(script: string): string {
  return script.replace(/\{\{[^}\n]*\}\}/g, maskOf);
}

function bodyRegions(body: string, start: number): Region[] {
  const script = masked(body);
  const first = script.trimStart();
  if (first.startsWith('#!')) return isShebang(first) ? [{ kind: 'script', source: verbatim(script, start) }] : [];
  // Each line is run by a shell of its own, without the marks in front of it.
  const marked = script.replace(MARKS, (marks) => ' '.repeat(marks.length));
  return [{ kind: 'script', source: verbatim(marked, start) }];
}
