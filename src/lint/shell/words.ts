import type { Assignment, Word, WordPart } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { SourceText } from '../source-text.ts';
import { namedObjects } from './named-objects.ts';
import type { Scope } from './scope.ts';

/** One word of a command after expansion as far as it is statically known; unknown parts are DYNAMIC. */
export interface ArgWord {
  value: string;
  /** Offsets in the script. */
  start: number;
  end: number;
  /** The syntax it came from, if it came from exactly this place. */
  node?: Word;
}

interface Piece {
  value: string;
  /** Unquoted expansions are split at blanks; an array in quotes keeps its elements apart. */
  split: boolean;
  list?: readonly string[];
}

const DEFAULT_OPERATORS = new Set(['-', ':-', '=', ':=']);

function variable(name: string, scope: Scope, quoted: boolean): Piece {
  const known = scope.variables.get(name);
  if (known?.list) return { value: '', split: false, list: known.list };
  if (known?.value !== undefined) return { value: known.value, split: !quoted };
  if (name === 'IFS' && !scope.assigned.has('IFS')) return { value: ' ', split: !quoted };
  return { value: DYNAMIC, split: false };
}

function piece(part: WordPart, scope: Scope, quoted: boolean): Piece[] {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return [{ value: part.value, split: false }];
    case 'DoubleQuoted':
    case 'LocaleString':
      return part.parts.flatMap((child) => piece(child, scope, true));
    case 'SimpleExpansion':
      return [variable(part.text.slice(1), scope, quoted)];
    case 'ParameterExpansion': {
      if (part.prefix) return [{ value: DYNAMIC, split: false }];
      const known = scope.variables.get(part.parameter);
      if (part.index && part.index.value !== '@' && part.index.value !== '*') return [{ value: DYNAMIC, split: false }];
      if (!part.operation) return [variable(part.parameter, scope, quoted)];
      const { operation } = part;
      if (operation.type === 'Default' && DEFAULT_OPERATORS.has(operation.operator)) {
        if (known?.value) return [{ value: known.value, split: !quoted }];
        return [{ value: plainValue(operation.operand, scope), split: !quoted }];
      }
      return [{ value: DYNAMIC, split: false }];
    }
    case 'CommandExpansion':
      return [{ value: namedObjects(part) ?? DYNAMIC, split: false }];
    case 'Glob':
    case 'ExtendedGlob':
      return [{ value: DYNAMIC, split: false }];
    case 'BraceExpansion':
      return [{ value: part.text, split: false }];
    default:
      return [{ value: DYNAMIC, split: false }];
  }
}

/** Variables made of variables can double without end; a longer value is unknown. */
const MAX_VALUE = 4_000;

/** The word as one string, unknown parts as DYNAMIC. */
export function plainValue(word: Word, scope: Scope): string {
  if (!word.parts) return word.value;
  const value = word.parts
    .flatMap((part) => piece(part, scope, false))
    .map((item) => (item.list ? item.list.join(' ') : item.value))
    .join('');
  return value.length > MAX_VALUE ? DYNAMIC : value;
}

const BRACE = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s;

const MAX_EXPANSIONS = 64;

/** Brace lists written out; too many become one unknown word. */
function expandBraces(text: string): string[] {
  const done: string[] = [];
  const open = [text];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const match = BRACE.exec(next);
    if (!match) done.push(next);
    else {
      const [, before = '', list = '', after = ''] = match;
      open.unshift(...list.split(',').map((item) => `${before}${item}${after}`));
    }
    if (done.length + open.length > MAX_EXPANSIONS) return [DYNAMIC];
  }
  return done;
}

/** The words a shell word becomes: none (empty expansion), one, or several (split, braces, arrays). */
export function resolveWord(word: Word, scope: Scope): ArgWord[] {
  const { pos: start, end, text } = word;
  let values = scope.resolved.get(text);
  if (!values) scope.resolved.set(text, (values = valuesOf(word, scope)));
  const [value] = values;
  // Only a word that stays one word can be pointed into.
  if (values.length === 1 && value !== undefined && !isBraceList(word)) return [{ value, start, end, node: word }];
  return values.map((one) => ({ value: one, start, end }));
}

function valuesOf(word: Word, scope: Scope): readonly string[] {
  const { parts } = word;
  if (!parts) return [word.value];
  if (isBraceList(word)) return expandBraces(plainValue(word, scope));
  const result: string[] = [];
  let open: string | undefined;
  for (const item of parts.flatMap((part) => piece(part, scope, false))) {
    if (item.list) {
      for (const [index, element] of item.list.entries()) {
        if (index > 0 && open !== undefined) result.push(open);
        open = index > 0 ? element : (open ?? '') + element;
      }
    } else if (item.split && /\s/.test(item.value)) {
      const fields = item.value.split(/\s+/);
      for (const [index, field] of fields.entries()) {
        if (index > 0) {
          if (open !== undefined && open !== '') result.push(open);
          open = field;
        } else open = (open ?? '') + field;
      }
      if (open === '') open = undefined;
    } else open = (open ?? '') + item.value;
  }
  if (open !== undefined) result.push(open);
  return result;
}

function isBraceList(word: Word): boolean {
  return word.text.includes('{') && word.parts?.some((part) => part.type === 'BraceExpansion') === true;
}

/** An argument that looks like an assignment (`label x a=b`) as a word. */
export function assignmentWord(item: Assignment, scope: Scope): ArgWord {
  const value = item.value.type === 'ArrayValue' ? DYNAMIC : plainValue(item.value, scope);
  return { value: `${item.name}${item.append ? '+=' : '='}${value}`, start: item.pos, end: item.end };
}

interface Mapped {
  text: string[];
  starts: number[];
  ends: number[];
}

function push(out: Mapped, text: string, start: number, end: number, sourceText: string): void {
  let at = start;
  const verbatimCopy = sourceText === text;
  for (let index = 0; index < text.length; index++) {
    out.text.push(text.charAt(index));
    if (verbatimCopy) {
      out.starts.push(start + index);
      out.ends.push(start + index + 1);
      continue;
    }
    let width = 1;
    const offset = at - start;
    if (sourceText.startsWith('\\\n', offset)) at += 2;
    if (sourceText.charAt(at - start) === '\\' && sourceText.charAt(at - start + 1) === text.charAt(index)) width = 2;
    if (sourceText.charAt(at - start + width - 1) !== text.charAt(index)) {
      out.starts.push(start);
      out.ends.push(end);
      continue;
    }
    out.starts.push(at);
    out.ends.push(at + width);
    at += width;
  }
}

function mapPart(part: WordPart, scope: Scope, out: Mapped): void {
  switch (part.type) {
    case 'Literal':
      push(out, part.value, part.pos, part.end, part.text);
      return;
    case 'SingleQuoted':
      push(out, part.value, part.pos + 1, part.end - 1, part.value);
      return;
    case 'AnsiCQuoted':
      push(out, part.value, part.pos + 2, part.end - 1, part.text.slice(2, -1));
      return;
    case 'DoubleQuoted':
    case 'LocaleString':
      for (const child of part.parts) mapPart(child, scope, out);
      return;
    default:
      for (const item of piece(part, scope, true)) {
        for (const char of item.list ? item.list.join(' ') : item.value) {
          for (let unit = 0; unit < char.length; unit++) {
            out.text.push(char.charAt(unit));
            out.starts.push(part.pos);
            out.ends.push(part.end);
          }
        }
      }
  }
}

/** The decoded text of parts (a quoted script, a here-document) with the place of each character in the script. */
export function mapParts(parts: readonly WordPart[], scope: Scope): SourceText {
  const out: Mapped = { text: [], starts: [], ends: [] };
  for (const part of parts) mapPart(part, scope, out);
  return { text: out.text.join(''), base: out.starts[0] ?? 0, starts: out.starts, ends: out.ends };
}

/** The decoded text of one word with the place of each character in the script. */
export function mapWord(word: ArgWord, scope: Scope): SourceText {
  if (word.node?.parts) return mapParts(word.node.parts, scope);
  if (word.node) {
    const out: Mapped = { text: [], starts: [], ends: [] };
    push(out, word.node.value, word.node.pos, word.node.end, word.node.text);
    return { text: out.text.join(''), base: word.start, starts: out.starts, ends: out.ends };
  }
  const length = word.value.length;
  return {
    text: word.value,
    base: word.start,
    starts: new Array<number>(length).fill(word.start),
    ends: new Array<number>(length).fill(word.end),
  };
}
