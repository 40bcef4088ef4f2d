import { childNamed, defaultGrammar, flagNamed, flagShort } from './grammar/grammar.ts';
import { isValidFlagValue } from './flag-values.ts';
import type { CommandSpec, FlagSpec, Grammar } from './grammar/grammar-types.ts';

/** One assignment of a flag, in the order kubectl applies them (the last one of a name wins). */
export interface FlagUse {
  spec: FlagSpec;
  name: string;
  value: string;
  /** Position in argv of the word that names the flag. */
  index: number;
  /** Position in argv of the word holding the value: the same word, or the next one (`separate`). */
  valueIndex: number;
  form: 'implied' | 'joined' | 'separate';
}

/** A word that is neither command, flag nor flag value. */
export interface Positional {
  value: string;
  index: number;
  /** After `--`: belongs to a container's command for exec, run and debug, to kubectl otherwise. */
  afterDash: boolean;
}

/** What kubectl itself would understand. `path` is in canonical names, for example `['rollout', 'undo']`. */
export interface ParsedCommand {
  ok: true;
  command: CommandSpec;
  path: readonly string[];
  /** Positions in argv of the command words. */
  verbIndexes: readonly number[];
  flags: readonly FlagUse[];
  positionals: readonly Positional[];
  /** How many positionals came before `--`; -1 without `--`. */
  dash: number;
  /** Help was asked for, so that nothing else happens. */
  help: boolean;
}

export type ParseErrorCode = 'unknown-command' | 'unknown-flag' | 'missing-value' | 'bad-value' | 'bad-syntax';

/** Why kubectl would refuse the argv; `index` is the offending word's position. */
export interface ParseError {
  ok: false;
  code: ParseErrorCode;
  message: string;
  index: number;
  path: readonly string[];
}

interface Word {
  value: string;
  index: number;
}

/** True if cobra, while still looking for the command, drops the next word as this word's value. */
function swallowsNext(command: CommandSpec, word: string): boolean {
  if (word.includes('=')) return false;
  if (word.startsWith('--')) return flagNamed(command, word.slice(2), false)?.implied === undefined;
  if (word.startsWith('-') && word.length === 2) return flagShort(command, word.slice(1), false)?.implied === undefined;
  return false;
}

/** cobra's stripFlags: the first word that looks like no flag and no flag value. */
function firstFreeWord(command: CommandSpec, words: readonly Word[]): Word | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word || word.value === '--') return undefined;
    if (swallowsNext(command, word.value)) {
      if (words.length - at - 1 <= 1) return undefined;
      at++;
    } else if (word.value !== '' && !word.value.startsWith('-')) return word;
  }
  return undefined;
}

/** cobra's argsMinusFirstX: removes the first free word with this text, which need not be the one that was found. */
function withoutFirst(command: CommandSpec, words: readonly Word[], text: string): { rest: Word[]; removed?: Word } {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word || word.value === '--') break;
    if (swallowsNext(command, word.value)) at++;
    else if (!word.value.startsWith('-') && word.value === text) {
      return { rest: [...words.slice(0, at), ...words.slice(at + 1)], removed: word };
    }
  }
  return { rest: [...words] };
}

interface Parse {
  command: CommandSpec;
  words: Word[];
  uses: FlagUse[];
  at: number;
}

function fail(parse: Parse, code: ParseErrorCode, message: string, index: number): ParseError {
  return { ok: false, code, message, index, path: parse.command.path };
}

/** Records one flag; takes the next word as value where pflag does. */
function assign(
  parse: Parse,
  spec: FlagSpec,
  joined: string | undefined,
  word: Word,
  shown: string,
): ParseError | undefined {
  const use: FlagUse = { spec, name: spec.name, value: '', index: word.index, valueIndex: word.index, form: 'joined' };
  if (joined !== undefined) use.value = joined;
  else if (spec.implied !== undefined) {
    use.value = spec.implied;
    use.form = 'implied';
  } else {
    const next = parse.words[parse.at];
    if (!next) return fail(parse, 'missing-value', `flag ${shown} needs a value`, word.index);
    parse.at++;
    use.value = next.value;
    use.valueIndex = next.index;
    use.form = 'separate';
  }
  if (!isValidFlagValue(spec.type, use.value)) {
    return fail(parse, 'bad-value', `flag ${shown} takes a ${spec.type} value, not "${use.value}"`, use.valueIndex);
  }
  parse.uses.push(use);
  return undefined;
}

function parseLong(parse: Parse, word: Word): ParseError | undefined {
  const body = word.value.slice(2);
  if (body.startsWith('-') || body.startsWith('='))
    return fail(parse, 'bad-syntax', `bad flag syntax: ${word.value}`, word.index);
  const equals = body.indexOf('=');
  const name = equals < 0 ? body : body.slice(0, equals);
  const spec = flagNamed(parse.command, name, true);
  if (!spec) return fail(parse, 'unknown-flag', `unknown flag: --${name}`, word.index);
  return assign(parse, spec, equals < 0 ? undefined : body.slice(equals + 1), word, `--${name}`);
}

function parseShorts(parse: Parse, word: Word): ParseError | undefined {
  let rest = word.value.slice(1);
  while (rest.length > 0) {
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    const spec = flagShort(parse.command, letter, true);
    if (!spec) return fail(parse, 'unknown-flag', `unknown flag: -${letter} in ${word.value}`, word.index);
    const after = rest.slice(letter.length);
    let joined: string | undefined;
    let left = '';
    if (rest.length > 2 && after.startsWith('=')) joined = after.slice(1);
    else if (spec.implied !== undefined) left = after;
    else if (after.length > 0) joined = after;
    const error = assign(parse, spec, joined, word, `-${letter}`);
    if (error) return error;
    rest = left;
  }
  return undefined;
}

/**
 * Reads an argv (without the leading word kubectl) exactly as kubectl does: cobra first finds the command with the flags
 * known at each level, then pflag reads everything that is left with the flags of that command.
 */
export function parseKubectl(argv: readonly string[], grammar: Grammar = defaultGrammar()): ParsedCommand | ParseError {
  let command = grammar.root;
  let words: Word[] = argv.map((value, index) => ({ value, index }));
  const verbIndexes: number[] = [];
  for (;;) {
    const free = firstFreeWord(command, words);
    const child = free && childNamed(command, free.value);
    if (!free) break;
    if (!child) {
      if (command === grammar.root) {
        return {
          ok: false,
          code: 'unknown-command',
          message: `unknown command "${free.value}"`,
          index: free.index,
          path: [],
        };
      }
      break;
    }
    const { rest, removed } = withoutFirst(command, words, free.value);
    verbIndexes.push(removed?.index ?? free.index);
    words = rest;
    command = child;
  }
  const parse: Parse = { command, words, uses: [], at: 0 };
  const positionals: Positional[] = [];
  let dash = -1;
  while (parse.at < words.length) {
    const word = words[parse.at++];
    if (!word) break;
    if (word.value === '--') {
      dash = positionals.length;
      for (const { value, index } of words.slice(parse.at)) positionals.push({ value, index, afterDash: true });
      break;
    }
    if (!word.value.startsWith('-') || word.value.length === 1) {
      positionals.push({ ...word, afterDash: false });
      continue;
    }
    const error = word.value.startsWith('--') ? parseLong(parse, word) : parseShorts(parse, word);
    if (error) return error;
  }
  const help = parse.uses.findLast((use) => use.name === 'help');
  return {
    ok: true,
    command,
    path: command.path,
    verbIndexes,
    flags: parse.uses,
    positionals,
    dash,
    help: (help !== undefined && isTrue(help.value)) || command.path[0] === 'help' || command.path.length === 0,
  };
}

function isTrue(value: string): boolean {
  return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value);
}

/** The value that counts: kubectl keeps the last assignment of a name. */
export function lastFlag(parsed: ParsedCommand, name: string): FlagUse | undefined {
  return parsed.flags.findLast((use) => use.name === name);
}

/** Truth of a bool flag; false if absent. */
export function flagIsOn(parsed: ParsedCommand, name: string): boolean {
  const use = lastFlag(parsed, name);
  return use !== undefined && isTrue(use.value);
}
