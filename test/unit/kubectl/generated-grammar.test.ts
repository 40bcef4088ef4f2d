import { describe, expect, it } from 'vitest';
import { parseHelp } from '../../../scripts/generate-kubectl-grammar.ts';
import stored from '../../../src/kubectl/grammar/generated/kubectl-1.34.json' with { type: 'json' };
import { confine } from '../../../src/kubectl/confine.ts';
import { judgedPaths } from '../../../src/kubectl/effect-table.ts';
import { applyDifference, grammarDifference } from '../../../src/kubectl/grammar/grammar-difference.ts';
import { allGrammars, defaultGrammar, grammarFor, KNOWN_MINORS } from '../../../src/kubectl/grammar/grammar.ts';
import type { CommandSpec, RawGrammar } from '../../../src/kubectl/grammar/grammar-types.ts';

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
        { short: 'f', name: 'filename', initial: '[]', about: 'Files' },
        { short: '', name: 'dry-run', initial: "'none'", about: 'Mode' },
      ],
    });
  });

  it('has a judged effect for every command that does something', () => {
    const judged = new Set(judgedPaths());
    const all = allGrammars().flatMap(({ root }) => every(root).map((command) => command.path.join(' ')));
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
    for (const minor of KNOWN_MINORS) {
      const grammar = grammarFor(`v${minor}.1`);
      expect(grammar?.version.startsWith(`${minor}.`), minor).toBe(true);
      expect(every(grammar!.root).map((command) => command.path.join(' '))).toContain('rollout undo');
    }
    expect(KNOWN_MINORS).toEqual(['1.36', '1.35', '1.34', '1.33', '1.32', '1.31', '1.30', '1.29']);
    expect(['1.3', '1.5.0', '', 'latest', '11.34.0'].map(grammarFor)).toEqual(new Array(5).fill(undefined));
  });

  it('tells the releases apart', () => {
    const verdict = (minor: string, ...argv: string[]) => {
      const grammar = grammarFor(minor)!;
      const result = confine(['kubectl', ...argv], { grammar });
      return result.ok ? 'allowed' : result.rule;
    };
    const swap = ['top', 'node', '--show-swap'];
    expect(['1.32', '1.33', '1.34'].map((minor) => verdict(minor, ...swap))).toEqual([
      'unknown-flag',
      verdict('1.33', ...swap),
      'allowed',
    ]);
    expect(['1.30', '1.31'].map((minor) => verdict(minor, 'logs', 'x', '--all-pods'))).toEqual([
      'unknown-flag',
      'allowed',
    ]);
    const drain = ['drain', 'n', '--timeout=9s', '--delete-local-data'];
    expect(['1.30', '1.31'].map((minor) => verdict(minor, ...drain))).toEqual(['drain-data-loss', 'unknown-flag']);
    const preferences = ['kuberc', 'set', '--section=aliases'];
    expect(verdict('1.35', ...preferences)).toBe('unknown-command');
    expect(verdict('1.36', ...preferences)).toBe('config-write');
    expect(verdict('1.35', 'alpha', 'kuberc', 'set', '--section=aliases')).toBe('config-write');
    expect(verdict('1.36', 'get', 'pods', '--as-user-extra=a=b', '--as=x')).toBe('impersonation');
  });
});
