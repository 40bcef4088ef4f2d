import { describe, expect, it } from 'vitest';
import { parseHelp, readGrammar } from '../../../scripts/generate-kubectl-grammar.ts';
import stored from '../../../src/kubectl/generated/kubectl-1.34.json' with { type: 'json' };
import { judgedPaths } from '../../../src/kubectl/effect-table.ts';
import { applyDifference, grammarDifference } from '../../../src/kubectl/grammar-difference.ts';
import { defaultGrammar, grammarFor } from '../../../src/kubectl/grammar.ts';
import type { CommandSpec, RawGrammar } from '../../../src/kubectl/grammar-types.ts';

/** A kubectl of the stored minor release; regenerating takes about a minute. */
const KUBECTL = process.env['STRATUS_GRAMMAR_KUBECTL'];

function every(command: CommandSpec): CommandSpec[] {
  return [command, ...[...command.children.values()].flatMap(every)];
}

describe('generated grammar', () => {
  it('reads flags, aliases and subcommands off a help page', () => {
    const page =
      "Do it.\n\nAliases:\nconfigmap, cm\n\nAvailable Commands:\n  one         First\n  two-b       Second\n\nOptions:\n    -f, --filename=[]:\n\tFiles\n\n    --dry-run='none':\n\tMode\n\nUsage:\n  kubectl x\n";
    expect(parseHelp(page)).toEqual({
      commands: ['one', 'two-b'],
      aliases: ['configmap', 'cm'],
      flags: [
        { short: 'f', name: 'filename', initial: '[]' },
        { short: '', name: 'dry-run', initial: "'none'" },
      ],
    });
  });

  it('has a judged effect for every command that does something', () => {
    const judged = new Set(judgedPaths());
    const all = every(defaultGrammar().root).map((command) => command.path.join(' '));
    expect(all.filter((path) => path !== '' && !judged.has(path))).toEqual([]);
    expect([...judged].filter((path) => !all.includes(path))).toEqual([]);
  });

  it('is stored for other minor releases as a difference that gives back the whole', () => {
    const other: RawGrammar = {
      version: '1.1.0',
      root: { f: 'a:b', c: { get: { f: 'x:s' }, fresh: { a: ['f'], c: { sub: {}, 'sub-b': { f: 'y,z:l' } } } } },
    };
    const difference = grammarDifference(stored, other);
    expect(difference.commands['rollout undo']).toBeNull();
    expect(applyDifference(stored, difference)).toEqual(other);
    expect(Object.keys(grammarDifference(stored, stored).commands)).toEqual([]);
  });

  it('is chosen by minor release, and unknown for releases that are not stored', () => {
    expect(grammarFor('v1.34.9')).toBe(defaultGrammar());
    const older = grammarFor('1.33.1');
    expect(older?.version).toMatch(/^1\.33\./);
    const judged = new Set(judgedPaths());
    const paths = every(older!.root).map((command) => command.path.join(' '));
    expect(paths.filter((path) => path !== '' && !judged.has(path))).toEqual([]);
    expect(paths).toContain('rollout undo');
    expect(['1.3', '1.5.0', '', 'latest', '11.34.0'].map(grammarFor)).toEqual(new Array(5).fill(undefined));
  });

  it.runIf(KUBECTL)('is what the generator makes of the binary', { timeout: 15 * 60_000 }, async () => {
    const fresh = await readGrammar(KUBECTL ?? '');
    expect(fresh.root).toEqual(stored.root);
  });
});
