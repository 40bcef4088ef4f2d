import { describe, expect, it } from 'vitest';
import { defaultGrammar } from '../../../src/kubectl/grammar.ts';
import type { CommandSpec } from '../../../src/kubectl/grammar-types.ts';
import { compareWithKubectl } from '../../testbed/kubectl-harness/differential.ts';
import { dumpTree, isHarnessCached } from '../../testbed/kubectl-harness/harness.ts';

const RUNS = Number(process.env['STRATUS_DIFFERENTIAL_RUNS'] ?? 1000);
const SEED = Number(process.env['STRATUS_DIFFERENTIAL_SEED'] ?? 20261121);

function every(command: CommandSpec): CommandSpec[] {
  return [command, ...[...command.children.values()].flatMap(every)];
}

describe.runIf(isHarnessCached())('parse against kubectl’s own command tree', () => {
  it('chooses the same command and flag values for random argvs', { timeout: 15 * 60_000 }, () => {
    const differences = compareWithKubectl(RUNS, SEED);
    expect(differences.slice(0, 10)).toEqual([]);
  });

  it('knows every command, alias, flag, shorthand and arity, hidden ones too', () => {
    const ours = new Map(every(defaultGrammar().root).map((command) => [command.path.join(' '), command]));
    const tree = dumpTree();
    expect(tree.map((command) => command.path).filter((path) => !ours.has(path))).toEqual([]);
    expect(ours.size).toBe(tree.length);
    for (const command of tree) {
      const mine = ours.get(command.path);
      expect([...(mine?.aliases ?? [])].sort(), command.path).toEqual([...(command.aliases ?? [])].sort());
      const flags = (command.flags ?? []).filter((flag) => flag.name !== 'help');
      const facts = flags.map((flag) => `${flag.name},${flag.short ?? ''},${flag.implied ?? ''}`).sort();
      const known = [...(mine?.flags.values() ?? [])]
        .map((flag) => `${flag.name},${flag.short ?? ''},${flag.implied ?? ''}`)
        .sort();
      expect(known, command.path).toEqual(expect.arrayContaining(facts));
    }
  });
});
