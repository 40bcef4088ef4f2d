import raw134 from './generated/kubectl-1.34.json' with { type: 'json' };
import raw129 from './generated/kubectl-1.29.difference.json' with { type: 'json' };
import raw130 from './generated/kubectl-1.30.difference.json' with { type: 'json' };
import raw131 from './generated/kubectl-1.31.difference.json' with { type: 'json' };
import raw132 from './generated/kubectl-1.32.difference.json' with { type: 'json' };
import raw133 from './generated/kubectl-1.33.difference.json' with { type: 'json' };
import raw135 from './generated/kubectl-1.35.difference.json' with { type: 'json' };
import raw136 from './generated/kubectl-1.36.difference.json' with { type: 'json' };
import { applyDifference } from './grammar-difference.ts';
import type { GrammarDifference } from './grammar-difference.ts';
import { HIDDEN_FLAGS, HIDDEN_FLAGS_OF } from './grammar-supplement.ts';
import type { CommandSpec, FlagSpec, FlagType, Grammar, RawCommand, RawGrammar } from './grammar-types.ts';

const TYPE_OF_LETTER: Readonly<Record<string, FlagType>> = {
  b: 'bool',
  o: 'optional',
  s: 'string',
  l: 'list',
  c: 'csv',
  i: 'integer',
  n: 'decimal',
  f: 'float',
  m: 'csv-pairs',
  p: 'pairs',
  v: 'levels',
  d: 'duration',
  x: 'other',
};

/** What a bare optional-value flag stands for (pflag's NoOptDefVal, read from kubectl's own tree). */
const IMPLIED: Readonly<Record<string, string>> = {
  'dry-run': 'unchanged',
  validate: 'strict',
  cascade: 'background',
};

const HELP_FLAG: FlagSpec = { name: 'help', short: 'h', type: 'bool', implied: 'true' };

interface MutableCommand extends CommandSpec {
  children: Map<string, CommandSpec>;
  flags: Map<string, FlagSpec>;
  shorthands: Map<string, FlagSpec>;
}

function decodeFlags(text: string | undefined): FlagSpec[] {
  return (text ?? '')
    .split(' ')
    .filter(Boolean)
    .map((item) => {
      const [names = '', letter = ''] = item.split(':');
      const [name = '', short] = names.split(',');
      const type = TYPE_OF_LETTER[letter];
      if (!type) throw new Error(`kubectl grammar: unknown flag type ${item}`);
      const spec: FlagSpec = { name, type };
      if (short) spec.short = short;
      if (type === 'bool') spec.implied = 'true';
      if (type === 'optional') spec.implied = IMPLIED[name] ?? 'true';
      return spec;
    });
}

function build(
  raw: RawCommand,
  path: readonly string[],
  globals: readonly FlagSpec[],
  minor: string,
  parent?: CommandSpec,
): CommandSpec {
  const own = path.length === 0 ? [] : decodeFlags(raw.f);
  const words = path.join(' ');
  const hidden = [HIDDEN_FLAGS[words], HIDDEN_FLAGS_OF[minor]?.[words]].flatMap(decodeFlags);
  const command: MutableCommand = {
    path,
    name: path.at(-1) ?? 'kubectl',
    aliases: raw.a ?? [],
    children: new Map(),
    flags: new Map(),
    shorthands: new Map(),
  };
  if (parent) command.parent = parent;
  for (const flag of [...globals, ...hidden, ...own]) {
    command.flags.set(flag.name, flag);
    if (flag.short) command.shorthands.set(flag.short, flag);
  }
  for (const [name, child] of Object.entries(raw.c ?? {})) {
    command.children.set(name, build(child, [...path, name], globals, minor, command));
  }
  return command;
}

/** Expands a stored grammar and adds the commands that no help page lists. */
export function expandGrammar(raw: RawGrammar): Grammar {
  const globals = decodeFlags(raw.root.f);
  const root: RawCommand = { ...raw.root, c: { help: {}, options: {}, alpha: {}, ...raw.root.c } };
  return { version: raw.version, root: build(root, [], globals, raw.version.split('.', 2).join('.')) };
}

let cached: Grammar | undefined;

const DEFAULT_MINOR = '1.34';

/** The grammar of the kubectl release this product is built with (1.34), expanded once. */
export function defaultGrammar(): Grammar {
  cached ??= expandGrammar(raw134);
  return cached;
}

/** Releases that are stored as what differs from the default grammar. */
const OTHER_MINORS: Readonly<Record<string, GrammarDifference>> = {
  '1.29': raw129,
  '1.30': raw130,
  '1.31': raw131,
  '1.32': raw132,
  '1.33': raw133,
  '1.35': raw135,
  '1.36': raw136,
};

/** The releases whose grammar is stored, newest first. */
export const KNOWN_MINORS: readonly string[] = [...Object.keys(OTHER_MINORS), DEFAULT_MINOR].sort(
  (a, b) => Number(b.slice(2)) - Number(a.slice(2)),
);

const expanded = new Map<string, Grammar>();

/**
 * The grammar of the minor release of a kubectl version (`1.33.2`, `v1.33`); undefined: no grammar of that release is
 * stored, so what its flags mean is unknown.
 */
export function grammarFor(version: string): Grammar | undefined {
  const minor = /^v?(\d+\.\d+)(?:[.+-]|$)/.exec(version)?.[1];
  if (minor === undefined) return undefined;
  if (minor === DEFAULT_MINOR) return defaultGrammar();
  const difference = OTHER_MINORS[minor];
  if (!difference) return undefined;
  const grammar = expanded.get(minor) ?? expandGrammar(applyDifference(raw134, difference));
  expanded.set(minor, grammar);
  return grammar;
}

/** The grammars of all stored releases, newest first. */
export function allGrammars(): Grammar[] {
  return KNOWN_MINORS.flatMap((minor) => grammarFor(minor) ?? []);
}

/** A direct subcommand by name or alias; cobra accepts no abbreviations. */
export function childNamed(command: CommandSpec, word: string): CommandSpec | undefined {
  const exact = command.children.get(word);
  if (exact) return exact;
  for (const child of command.children.values()) if (child.aliases.includes(word)) return child;
  return undefined;
}

/** A flag by long name as written; `_` counts as `-`. `help` exists only once the command is known. */
export function flagNamed(command: CommandSpec, written: string, withHelp: boolean): FlagSpec | undefined {
  const name = written.replaceAll('_', '-');
  return command.flags.get(name) ?? (withHelp && name === 'help' ? HELP_FLAG : undefined);
}

/** A flag by its one-letter name. */
export function flagShort(command: CommandSpec, letter: string, withHelp: boolean): FlagSpec | undefined {
  return command.shorthands.get(letter) ?? (withHelp && letter === 'h' ? HELP_FLAG : undefined);
}
