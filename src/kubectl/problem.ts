import type { CommandEffect } from './effect.ts';
import type { FlagUse, ParsedCommand } from './parse.ts';
import type { CommandRule } from './rules.ts';

/** Who wrote the command: an agent (closed world) or a person (only dangers are shown). */
export type Audience = 'agent' | 'human';

/** One change to an argv. `insert` goes before the word at `index` (argv length: at the end). */
export type ArgvEdit =
  | { kind: 'insert'; index: number; word: string }
  | { kind: 'remove'; index: number }
  | { kind: 'replace'; index: number; word: string };

/** A legal command in place of the one found. `safe`: it never does more than the original. */
export interface Rewrite {
  title: string;
  edits: readonly ArgvEdit[];
  safe: boolean;
}

/** One thing wrong with a command; `first` and `last` are argv positions, both included. */
export interface Problem {
  rule: CommandRule;
  first: number;
  last: number;
  message: string;
  /** Worth a note to people, whatever the severity of the rule. */
  mild?: boolean;
  rewrite?: Rewrite;
}

/** Limits that the caller sets. */
export interface JudgeOptions {
  /** The pinned context: `--context` may name only this one. */
  context?: string;
  /** The pinned namespace: writes may name only this one or those in `namespaces`. */
  namespace?: string;
  namespaces?: readonly string[];
  /** Files that the caller itself wrote and judged, so that `-f` may name them. */
  files?: readonly string[];
}

/** What every check sees. */
export interface CheckInput {
  argv: readonly string[];
  parsed: ParsedCommand;
  effect: CommandEffect;
  audience: Audience;
  options: JudgeOptions;
}

/** A group of related rules. */
export type Check = (input: CheckInput) => Problem[];

/** Where to point for a flag: at it and its value. */
export function atFlag(use: FlagUse): Pick<Problem, 'first' | 'last'> {
  return { first: use.index, last: use.valueIndex };
}

/** Where to point for what has no flag: at the command words. */
export function atVerb({ parsed }: Pick<CheckInput, 'parsed'>): Pick<Problem, 'first' | 'last'> {
  return { first: parsed.verbIndexes[0] ?? 0, last: parsed.verbIndexes.at(-1) ?? 0 };
}

/** Where a flag may be inserted: at the end, but before `--`. */
export function endOfFlags(argv: readonly string[], parsed: ParsedCommand): number {
  const values = new Set(parsed.flags.filter((use) => use.form === 'separate').map((use) => use.valueIndex));
  const dashes = argv.findIndex((word, index) => word === '--' && !values.has(index));
  return dashes < 0 ? argv.length : dashes;
}

/** The argv after the edits of a rewrite. */
export function applyRewrite(argv: readonly string[], rewrite: Rewrite): string[] {
  const result: string[] = [];
  for (let index = 0; index <= argv.length; index++) {
    for (const edit of rewrite.edits) if (edit.kind === 'insert' && edit.index === index) result.push(edit.word);
    const word = argv[index];
    if (word === undefined) break;
    const edit = rewrite.edits.find((candidate) => candidate.kind !== 'insert' && candidate.index === index);
    if (!edit) result.push(word);
    else if (edit.kind === 'replace') result.push(edit.word);
  }
  return result;
}
