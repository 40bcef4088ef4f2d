import type { CommandSpec, Grammar } from '../../../src/kubectl/grammar/grammar-types.ts';
import { dumpTree } from './harness.ts';

interface FlagFacts {
  name: string;
  short?: string;
  implied?: string;
}

function every(command: CommandSpec): CommandSpec[] {
  return [command, ...[...command.children.values()].flatMap(every)];
}

const factOf = ({ name, short, implied }: FlagFacts): string => `--${name},${short ?? ''},${implied ?? ''}`;

/**
 * Where a grammar and kubectl's own command tree disagree: commands, aliases, and each flag's name, shorthand and arity,
 * hidden ones too. One line each.
 * @param binary the harness of the grammar's release; default: of the default one
 */
export function treeDifferences(grammar: Grammar, binary?: string): string[] {
  const ours = new Map(every(grammar.root).map((command) => [command.path.join(' '), command]));
  const tree = dumpTree(binary);
  const theirs = new Set(tree.map((command) => command.path));
  const differences = [...ours.keys()].filter((path) => !theirs.has(path)).map((path) => `kubectl has no ${path}`);
  for (const { path, aliases, flags } of tree) {
    const mine = ours.get(path);
    if (!mine) {
      differences.push(`the grammar has no ${path}`);
      continue;
    }
    if ([...mine.aliases].sort().join() !== [...(aliases ?? [])].sort().join()) differences.push(`aliases of ${path}`);
    const known = new Set([...mine.flags.values()].map(factOf));
    for (const flag of flags ?? [])
      if (flag.name !== 'help' && !known.has(factOf(flag))) differences.push(`${path} ${factOf(flag)}`);
  }
  return differences;
}
