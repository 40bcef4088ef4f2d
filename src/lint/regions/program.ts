import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { ArgWord } from '../shell/words.ts';
import { verbatim } from '../source-text.ts';
import { commandIn } from './command-text.ts';
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
  if (!/kubectl|\boc\b/.test(text)) return [];
  const tokens = programTokens(text, language);
  const regions: Region[] = [];
  let unread: Token | undefined;
  const callers: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (token.kind === 'open') callers.push(callerOf(tokens[index - 1], token, text));
    else if (token.kind === 'close') callers.pop();
    if (token.kind !== 'text' || isShown(tokens[index - 1], callers.at(-1) ?? '', token, text)) continue;
    const { text: value } = token.source;
    if (PROGRAM.test(value.trim()) || SHELL.test(value)) {
      const list = wordsAfter(tokens, index);
      const found = list.words.length > 0 ? listRegion(token, list.words, text) : undefined;
      if (found) {
        regions.push(found);
        index = list.last;
        continue;
      }
    }
    if (commandIn(value) !== undefined) regions.push({ kind: 'script', source: token.source, place: 'quoted' });
    else if (BEGINS.test(value)) unread ??= token;
  }
  if (unread && regions.length === 0) {
    const message = 'kubectl is run here by a program that is not followed';
    regions.push({ kind: 'unread', source: verbatim(text), start: unread.start, end: unread.end, message });
  }
  return regions;
}

/** What is called with what stands in a bracket, as far as it can be told. */
function callerOf(before: Token | undefined, open: Token, text: string): string {
  return before?.kind === 'other' && before.end === open.start ? text.slice(before.start, before.end) : '';
}

/** Functions that show or report a text. */
const SHOWS =
  /^(?:[\w.]*\.)?(?:f?print(?:f|ln)?|s?printf|(?:Ep|P|F|S|Ef)rint(?:f|ln)?|p?puts|echo|write(?:ln|Line)?|Write-\w+|log|logger|debug|info|notice|warn(?:ing)?|error|Errorf?|fatal|Fatalf?|fail|panic|raise|throw|exit|die|abort|trace|Log|Logf|Skip|Skipf|Infof?|Warningf?|Debugf?|\w*(?:Error|Exception|Message|Description|Warning)|errors\.New|Wrapf?|describe|it|test|help|usage|document|assert\w*|expect\w*|add_argument|console\.\w+)!?$/;

/** True for a text that is an argument of such a function, or follows its name without a bracket. */
function isShown(before: Token | undefined, caller: string, token: Token, text: string): boolean {
  if (SHOWS.test(caller)) return true;
  if (before?.kind !== 'other' || before.isAssignment) return false;
  return before.end < token.start && SHOWS.test(text.slice(before.start, before.end));
}

/** A command made of a first word and the ones after it, or the script after `sh -c`. */
function listRegion(first: Token & { kind: 'text' }, rest: readonly Token[], text: string): Region | undefined {
  const words: ArgWord[] = [first, ...rest].map((token) => ({
    value: token.kind === 'text' ? token.source.text : DYNAMIC,
    start: token.start,
    end: token.end,
  }));
  if (SHELL.test(first.source.text)) {
    const at = rest.findIndex((token) => token.kind === 'text' && /^-[a-z]*c$/.test(token.source.text));
    const script = rest[at + 1];
    if (at < 0 || script?.kind !== 'text') return undefined;
    return { kind: 'script', source: script.source, place: 'quoted' };
  }
  words[0]!.value = words[0]!.value.trim();
  return { kind: 'argv', source: verbatim(text), words, place: 'quoted' };
}

/** The items of a list after its item at `index`: texts as they are, anything else as one unknown token. */
function wordsAfter(tokens: readonly Token[], index: number): { words: Token[]; last: number } {
  const words: Token[] = [];
  let at = index + 1;
  while (tokens[at]?.kind === 'comma') {
    const item: Token[] = [];
    let depth = 0;
    for (at += 1; at < tokens.length; at++) {
      const token = tokens[at]!;
      if (depth === 0 && (token.kind === 'comma' || token.kind === 'close')) break;
      if (token.kind === 'open') depth++;
      else if (token.kind === 'close') depth--;
      item.push(token);
    }
    const [only, ...others] = item;
    if (!only) break;
    // A keyword argument such as `check=True` is no word of the command.
    if (item.some((token) => token.kind === 'other' && token.isAssignment)) break;
    words.push(
      others.length === 0 ? only : { kind: 'other', start: only.start, end: item.at(-1)!.end, isAssignment: false },
    );
  }
  return { words, last: at - 1 };
}
