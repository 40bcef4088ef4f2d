import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { SourceText } from '../source-text.ts';
import type { Region } from './region.ts';

const RULE = /^[^\s#=][^#=;]*::?(?!=)[^;=]*;/;
const SHELL_CALL = /\$[({]shell[ \t]+/g;
const ASSIGNMENT = /^[ ]*(?:export[ ]+|override[ ]+)?([A-Za-z_][\w.-]*)[ ]*(?:\?|::?|\+)?=[ ]*(.*?)[ \t\r]*$/;

/**
 * Recipe lines (after a tab, or after the `;` of a rule) without `@`, `-` and `+`, and `$(shell …)`. `$$` is the shell’s
 * dollar, `$(…)` and `${…}` are make’s; variables with one literal value are known.
 */
export function makefileRegions(text: string): Region[] {
  const regions: Region[] = [];
  const variables = literalVariables(text);
  let at = 0;
  let recipe: { from: number; to: number } | undefined;
  const flush = (): void => {
    if (recipe) regions.push({ kind: 'script', source: recipeText(text, recipe.from, recipe.to), variables });
    recipe = undefined;
  };
  let continues = false;
  for (const line of text.split('\n')) {
    const inRecipe = line.startsWith('\t') || (continues && recipe !== undefined);
    const afterRule = inRecipe ? undefined : RULE.exec(line)?.[0].length;
    if (inRecipe) {
      if (!continues) flush();
      recipe ??= { from: at, to: at };
      recipe.to = at + line.length;
      continues = /\\\r?$/.test(line);
    } else {
      flush();
      continues = false;
      if (afterRule !== undefined) {
        recipe = { from: at + afterRule, to: at + line.length };
        continues = /\\\r?$/.test(line);
      }
    }
    at += line.length + 1;
  }
  flush();
  let done = 0;
  for (const call of text.matchAll(SHELL_CALL)) {
    // What stands inside another call is part of its script.
    if (call.index < done) continue;
    if (/^[ \t]*#/.test(text.slice(text.lastIndexOf('\n', call.index) + 1, call.index))) continue;
    const end = matching(text, call.index + 1, Math.min(text.length, call.index + MAX_CALL));
    done = end;
    regions.push({ kind: 'script', source: recipeText(text, call.index + call[0].length, end), variables });
  }
  return regions;
}

/** Longer calls are not followed to their end. */
const MAX_CALL = 10_000;

/** Variables that are set once, to text in which every other variable is known. */
function literalVariables(text: string): Map<string, string> {
  const given = new Map<string, string | undefined>();
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = ASSIGNMENT.exec(line) ?? [];
    if (name !== '')
      given.set(name, given.has(name) || value.endsWith('\\') ? undefined : value.replace(/[ \t]+#.*$/, ''));
  }
  const known = new Map<string, string>();
  for (let round = 0, found = true; found && round < 5; round++) {
    found = false;
    for (const [name, value] of given) {
      if (value === undefined || known.has(name)) continue;
      const whole = value.replace(/\$[({]([\w.-]+)[)}]/g, (reference, inner: string) => known.get(inner) ?? reference);
      const text = /\bkubectl\b/.test(whole) ? whole.replace(/\$[({][^)}]*[)}]/g, DYNAMIC) : whole;
      if (text.includes('$') || text.length > 1_000) continue;
      known.set(name, text);
      found = true;
    }
  }
  return known;
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
