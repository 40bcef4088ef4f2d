import type { HereDoc, Redirection, SyntaxNode } from 'unbash';
import type { SourceText } from '../source-text.ts';
import { joinedTexts } from '../source-text.ts';
import type { Scope } from './scope.ts';
import { mapParts, mapWord, resolveWord } from './words.ts';
import type { ArgWord } from './words.ts';

/** The text that a command prints for certain: echo, printf and cat of a here-document. */
export function printedText(node: SyntaxNode | undefined, scope: Scope): SourceText | undefined {
  if (node?.type !== 'Command') return undefined;
  const name = node.name?.value;
  if (name === 'cat' || name === 'tee')
    return node.redirects.map((redirect) => fedText(redirect, scope)).find((text) => text !== undefined);
  if (name !== 'echo' && name !== 'printf') return undefined;
  const words = node.args.filter((item) => item.type === 'Word').flatMap((word) => resolveWord(word, scope));
  const first = words.find(
    (word) => !word.value.startsWith('-') && (name === 'echo' || !/^%s(\\n)?$/.test(word.value)),
  );
  if (!first) return undefined;
  if (words.at(-1) === first) return mapWord(first, scope);
  const from = words.indexOf(first);
  return joined(words.slice(from), scope);
}

/**
 * The text that the programs of a pipeline hand to the one after them, as far as it is known: what the last of them
 * prints, or hands on unchanged.
 */
export function pipedText(nodes: readonly SyntaxNode[], scope: Scope): SourceText | undefined {
  let text: SourceText | undefined;
  for (const node of nodes) if (!handsOn(node)) text = printedText(node, scope);
  return text;
}

/** True for programs that print what they read. */
function handsOn(node: SyntaxNode): boolean {
  if (node.type !== 'Command' || node.redirects.some(({ type }) => type !== 'Redirect')) return false;
  const name = node.name?.value;
  return name === 'tee' || (name === 'cat' && node.args.length === 0);
}

/** Words as one text with blanks between them, each character with its place. */
export function joined(words: readonly ArgWord[], scope: Scope): SourceText {
  return joinedTexts(words.map((word) => mapWord(word, scope)));
}

/** The text of a here-document or here-string. */
export function fedText(redirect: Redirection, scope: Scope): SourceText | undefined {
  if (redirect.type === 'HereDoc') return bodyText(redirect, scope);
  if (redirect.type !== 'HereString' || !redirect.target) return undefined;
  const [word] = resolveWord(redirect.target, scope);
  return word ? mapWord(word, scope) : undefined;
}

function bodyText(doc: HereDoc, scope: Scope): SourceText {
  if (doc.body.parts && !doc.delimiter?.quoted) return mapParts(doc.body.parts, scope);
  return { text: doc.body.text, base: doc.body.pos };
}

/**
 * The text of a script inside escaped backquotes, of which each character was written as one or, with a backslash, two;
 * undefined if `written`, which stands at `base`, is not that text.
 */
export function withoutEscapes(text: string, written: string, base: number): SourceText | undefined {
  const starts: number[] = [];
  const ends: number[] = [];
  let at = written.indexOf('`') + 1;
  for (const char of text.split('')) {
    const width = written.charAt(at) === '\\' && /[`\\$"]/.test(char) && written.charAt(at + 1) === char ? 2 : 1;
    if (written.charAt(at + width - 1) !== char) return undefined;
    starts.push(base + at);
    ends.push(base + at + width);
    at += width;
  }
  return { text, base: starts[0] ?? base, starts, ends };
}
