import type { SourceText } from '../source-text.ts';
import type { Region } from './region.ts';

/** Recipe lines: after a tab, without `@`, `-` and `+`; `$$` is the shell’s dollar, `$(…)` and `${…}` are make’s. */
export function makefileRegions(text: string): Region[] {
  const regions: Region[] = [];
  let at = 0;
  let recipe: { from: number; to: number } | undefined;
  const flush = (): void => {
    if (recipe) regions.push({ kind: 'script', source: recipeText(text, recipe.from, recipe.to) });
    recipe = undefined;
  };
  let continues = false;
  for (const line of text.split('\n')) {
    const inRecipe = line.startsWith('\t') || (continues && recipe !== undefined);
    if (inRecipe) {
      if (!continues) flush();
      recipe ??= { from: at, to: at };
      recipe.to = at + line.length;
      continues = /\\\r?$/.test(line);
    } else {
      flush();
      continues = false;
    }
    at += line.length + 1;
  }
  flush();
  return regions;
}

/** Make’s own functions and variables become words of the same kind the shell would compute. */
function recipeText(text: string, from: number, to: number): SourceText {
  const out: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (char: string, start: number, end: number): void => {
    out.push(char);
    starts.push(start);
    ends.push(end);
  };
  let at = from;
  const lead = /^[\t ]*[@+-]*[\t ]*[@+-]*/.exec(text.slice(from, to))?.[0].length ?? 0;
  at += lead;
  while (at < to) {
    const char = text.charAt(at);
    if (char === '$' && text.charAt(at + 1) === '$') {
      add('$', at, at + 2);
      at += 2;
    } else if (char === '$' && (text.charAt(at + 1) === '(' || text.charAt(at + 1) === '{')) {
      const close = matching(text, at + 1, to);
      const name = text.slice(at + 2, close);
      const shown = /^\w+$/.test(name) ? `\${${name}}` : '${make_expression}';
      for (const letter of shown) add(letter, at, Math.min(to, close + 1));
      at = close + 1;
    } else if (char === '$' && /[@<^?*+|%]/.test(text.charAt(at + 1))) {
      for (const letter of '${make_automatic}') add(letter, at, at + 2);
      at += 2;
    } else {
      add(char, at, at + 1);
      at++;
    }
  }
  return { text: out.join(''), base: from, starts, ends };
}

function matching(text: string, open: number, limit: number): number {
  const opening = text.charAt(open);
  const closing = opening === '(' ? ')' : '}';
  let depth = 0;
  for (let at = open; at < limit; at++) {
    if (text.charAt(at) === opening) depth++;
    else if (text.charAt(at) === closing && --depth === 0) return at;
  }
  return limit - 1;
}
