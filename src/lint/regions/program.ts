import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { ArgWord } from '../shell/words.ts';
import { verbatim } from '../source-text.ts';
import { commandIn } from './command-text.ts';
import { textUse } from './program-context.ts';
import { programTokens } from './program-tokens.ts';
import type { ProgramLanguage, Token } from './program-tokens.ts';
import type { Region } from './region.ts';

export type { ProgramLanguage } from './program-tokens.ts';

const PROGRAM = /^(?:[\w./~-]*\/)?(?:kubectl|oc)(?:\.exe)?$/;
const SHELL = /^(?:\/[\w/]*\/)?(?:ba|da|z|k|a)?sh$/;
/** A text that is the beginning of a command line. */
const BEGINS = /^\s*(?:[\w./~-]*\/)?kubectl(?:\.exe)?(?:\s|$)/;

/**
 * The commands in a program of another language: texts that are kubectl command lines, and lists of words that begin with
 * kubectl or a shell. Where only the name stands, one region says that nobody followed it.
 */
export function programRegions(text: string, language: ProgramLanguage): Region[] {
  if (!/kubectl|\boc\b/i.test(text)) return [];
  const tokens = programTokens(text, language);
  const regions: Region[] = [];
  let unread: Token | undefined;
  const callers: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (token.kind === 'open') callers.push(callerOf(tokens[index - 1], token, text));
    else if (token.kind === 'close') callers.pop();
    if (token.kind !== 'text' && token.kind !== 'other') continue;
    const name = token.kind === 'text' ? token.source.text : text.slice(token.start, token.end);
    if (!MENTIONS.test(name) && !SHELL.test(name)) continue;
    const use = textUse(tokens, index, callers, text);
    if (use === 'shown') continue;
    if (token.kind === 'text' ? PROGRAM.test(name.trim()) || SHELL.test(name) : PROGRAM_NAME.test(name)) {
      const list = wordsAfter(tokens, index);
      const found = list.words.length > 0 ? listRegion(token, list.words, text) : undefined;
      // A list that nobody is seen to run may only be compared with; its own words say that it is a command.
      if (found && (use === 'runs' || isCommandList(list.words))) {
        regions.push(found);
        index = list.last;
        continue;
      }
    }
    if (token.kind !== 'text' || !/kubectl|\boc\b/.test(name)) continue;
    if (use === 'runs' && (commandIn(name) !== undefined || /\bkubectl\s+\S/.test(name)))
      regions.push({ kind: 'script', source: token.source, place: 'quoted' });
    else if (commandIn(name) !== undefined || BEGINS.test(name)) unread ??= token;
  }
  if (unread && regions.length === 0) {
    const message = 'kubectl seems to be run here by a program that is not followed';
    regions.push({ kind: 'unread', source: verbatim(text), start: unread.start, end: unread.end, message });
  }
  return regions;
}

const MENTIONS = /kubectl|^oc$/i;
/** A variable or function that stands for kubectl. */
const PROGRAM_NAME = /^(?:[\w.]*[._])?kubectl(?:_?(?:path|bin|cmd|exe|binary))?$/i;

/** True for words of which the first that are known make a verb and what it acts on. */
function isCommandList(words: readonly Token[]): boolean {
  const known = words.flatMap((token) => (token.kind === 'text' ? [token.source.text] : []));
  return known.length >= 2 && commandIn(`kubectl ${known.join(' ')}`) === 0;
}

/** What is called with what stands in a bracket, as far as it can be told. */
function callerOf(before: Token | undefined, open: Token, text: string): string {
  const name = before?.kind === 'other' && before.end === open.start ? text.slice(before.start, before.end) : '';
  return /^[\w.$:]+$/.test(name) ? name : '';
}

/** A command made of a first word and the ones after it, or the script after `sh -c`. */
function listRegion(
  first: Token & { kind: 'text' | 'other' },
  rest: readonly Token[],
  text: string,
): Region | undefined {
  const words: ArgWord[] = [first, ...rest].map((token) => ({
    value: token.kind === 'text' ? token.source.text : DYNAMIC,
    start: token.start,
    end: token.end,
  }));
  if (first.kind === 'text' && SHELL.test(first.source.text)) {
    const at = rest.findIndex((token) => token.kind === 'text' && /^-[a-z]*c$/.test(token.source.text));
    const script = rest[at + 1];
    if (at < 0 || !script) return undefined;
    if (script.kind === 'text') return { kind: 'script', source: script.source, place: 'quoted' };
    // Put together from pieces: `tool + " delete ns x"`.
    if (!/kubectl/i.test(text.slice(script.start, script.end))) return undefined;
    const message = 'the kubectl command is put together when the program runs';
    return { kind: 'unread', source: verbatim(text), start: script.start, end: script.end, message };
  }
  words[0]!.value = 'kubectl';
  return { kind: 'argv', source: verbatim(text), words, place: 'quoted' };
}

/** Tokens of one item; what is longer is no list of words. */
const MAX_ITEM = 200;
const MAX_WORDS = 200;

/** The items of a list after its item at `index`: texts as they are, anything else as one unknown token. */
function wordsAfter(tokens: readonly Token[], index: number): { words: Token[]; last: number } {
  const words: Token[] = [];
  let at = index + 1;
  while (tokens[at]?.kind === 'comma' && words.length < MAX_WORDS) {
    const item: Token[] = [];
    let depth = 0;
    for (at += 1; at < tokens.length; at++) {
      const token = tokens[at]!;
      if (depth === 0 && (token.kind === 'comma' || token.kind === 'close')) break;
      if (token.kind === 'open') depth++;
      else if (token.kind === 'close') depth--;
      item.push(token);
      if (item.length > MAX_ITEM) return { words, last: index };
    }
    const [only, ...others] = item;
    if (!only) break;
    // A keyword argument such as `check=True` is no word of the command.
    if (item.some((token) => token.kind === 'other' && token.isAssignment)) break;
    // `spawn("kubectl", ["delete", "ns"])`: the list holds the words.
    const inner = only.kind === 'open' && item.at(-1)?.kind === 'close' ? item.slice(1, -1) : undefined;
    if (
      inner &&
      inner.every(({ kind }, at) => kind === (at % 2 ? 'comma' : 'text') || (at % 2 === 0 && kind === 'other'))
    ) {
      words.push(...inner.filter(({ kind }) => kind !== 'comma'));
      continue;
    }
    words.push(
      others.length === 0 ? only : { kind: 'other', start: only.start, end: item.at(-1)!.end, isAssignment: false },
    );
  }
  return { words, last: at - 1 };
}
