/**
 * One command of the generated grammar, in the compact form it is stored in.
 *
 * `a` aliases, `c` subcommands by name, `f` flags as space-separated `name[,shorthand]:type`. Types:
 * `b` bool, `o` optional value (only with `=`), `s` string, `l` list, `c` comma list read as CSV, `i` integer, `n` decimal integer, `f` float, `d` duration, `m` CSV of pairs, `p` pairs,
 * `v` pairs of name and number,
 * `x` another checked value. Root flags are the global ones.
 */
export interface RawCommand {
  a?: string[];
  c?: Record<string, RawCommand>;
  f?: string;
}

/** The grammar of one kubectl release; `version` is the binary's own, without `v`. */
export interface RawGrammar {
  version: string;
  root: RawCommand;
}

/** How a flag takes its value: `bool` and `optional` never take the next word, all others do. */
export type FlagType =
  | 'bool'
  | 'optional'
  | 'string'
  | 'list'
  | 'csv'
  | 'integer'
  | 'decimal'
  | 'csv-pairs'
  | 'pairs'
  | 'levels'
  | 'float'
  | 'duration'
  | 'other';

/** One flag of one command. `implied` is the value a bare `--flag` stands for. */
export interface FlagSpec {
  name: string;
  short?: string;
  type: FlagType;
  implied?: string;
}

/** One command with everything that parsing needs; `path` excludes the word kubectl (root: empty). */
export interface CommandSpec {
  path: readonly string[];
  name: string;
  aliases: readonly string[];
  parent?: CommandSpec;
  children: ReadonlyMap<string, CommandSpec>;
  /** Flags known when this command is reached: its own, its parents' persistent ones and the global ones. */
  flags: ReadonlyMap<string, FlagSpec>;
  shorthands: ReadonlyMap<string, FlagSpec>;
}

/** A whole grammar, ready for parsing. */
export interface Grammar {
  version: string;
  root: CommandSpec;
}
