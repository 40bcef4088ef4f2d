import { describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/command-line.ts';
import { needConsent, numberOption, parseCommand, TARGET_OPTIONS } from '../../../src/cli/command-line.ts';
import { EXIT, exitCodeOfRun } from '../../../src/cli/exit-code.ts';
import { mitigateCommand } from '../../../src/cli/mitigate.ts';
import { changedLines } from '../../../src/cli/object-lines.ts';
import { runCommand } from '../../../src/cli/run-command.ts';
import { undoCommand } from '../../../src/cli/undo.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import type { RunResult } from '../../../src/domain/run-event.ts';
import { commandText } from '../../../src/kubectl/command-text.ts';

const io: CommandIo = {
  stdout: () => undefined,
  stderr: () => undefined,
  colours: { stdout: false, stderr: false },
  confirm: null,
  ask: null,
  onInterrupt: () => ({ dispose: () => undefined }),
};
const neverOpens = () => Promise.reject(new Error('a usage error must be found before anything is opened'));

describe('command line', () => {
  it.each([
    ['an unknown option', ['--frobnicate']],
    ['a missing value', ['--context']],
    ['a stray word', ['now']],
    ['an unknown brain', ['--brain', 'oracle', '--yes']],
    ['an unknown commit rule', ['--commit-rule', 'lenient', '--yes']],
    ['too many attempts', ['--max-attempts', '11', '--yes']],
    ['no consent and nobody to ask', []],
  ])('refuses %s before the cluster is touched', async (_, args) => {
    await expect(mitigateCommand(args, io, neverOpens)).rejects.toThrow(UsageError);
  });

  it('wants exactly one way to name the transaction to undo', async () => {
    await expect(undoCommand(['--yes'], io, neverOpens)).rejects.toThrow(/--last or --tx/);
    await expect(undoCommand(['--last', '--tx', 'a', '--yes'], io, neverOpens)).rejects.toThrow(UsageError);
  });

  it('knows a namespace by the letter kubectl uses', () => {
    expect(parseCommand('diagnose', ['-n', 'shop'], TARGET_OPTIONS).text('namespace')).toBe('shop');
    expect(parseCommand('diagnose', ['-nshop'], TARGET_OPTIONS).text('namespace')).toBe('shop');
  });

  it('takes everything after -- as the kubectl command', async () => {
    await expect(runCommand(['--yes', 'get', 'pods'], io, neverOpens)).rejects.toThrow(/after '--'/);
    await expect(runCommand(['--yes', '--', 'get', '--all'], io, neverOpens)).rejects.toThrow(/opened/);
  });

  it('names the word and the help in its message', () => {
    expect(() => parseCommand('diagnose', ['--jsn'], { json: { type: 'boolean' } })).toThrow(
      /'--jsn'; did you mean '--json'\?/,
    );
    expect(() => parseCommand('diagnose', ['--frobnicate'], { json: { type: 'boolean' } })).toThrow(
      /'--frobnicate'; see 'stratus diagnose --help'/,
    );
    const parsed = parseCommand('x', ['--n', '2.5'], { n: { type: 'string' } });
    expect(() => numberOption('x', parsed, 'n', [1, 3])).toThrow(/whole number from 1 to 3/);
  });

  it('lets --yes or a terminal consent', () => {
    expect(() => needConsent('x', true, io)).not.toThrow();
    expect(() => needConsent('x', false, { ...io, confirm: async () => false })).not.toThrow();
    expect(() => needConsent('x', false, io)).toThrow(/--yes/);
  });
});

describe('exit codes', () => {
  const result = (outcome: RunResult['outcome'], error?: string): RunResult => ({
    outcome, muBefore: 1, muAfter: 0, attempts: 1, writes: 1, seconds: 1, costUsd: 0,
    transactions: [], findings: [], reason: '', error,
  }); // prettier-ignore

  it.each([
    ['resolved', 0],
    ['healthy', 0],
    ['restored', 2],
    ['cancelled', 2],
    ['diverged', 3],
    ['improved', 5],
    ['stranded', 6],
    ['locked', 7],
  ] as const)('%s is %i', (outcome, code) => expect(exitCodeOfRun(result(outcome))).toBe(code));

  it('tells a run that never saw the cluster from one that restored it', () => {
    expect(exitCodeOfRun(result('restored', 'unreachable'))).toBe(EXIT.error);
  });
});

describe('what is shown', () => {
  it('quotes words so that a reader can copy the command', () => {
    expect(commandText(['patch', 'svc', 'a', '-p', `[{"op":"it's"}]`])).toBe(
      `kubectl patch svc a -p '[{"op":"it'\\''s"}]'`,
    );
  });

  it('shows changed leaves only, without what every write changes', () => {
    const before = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a', resourceVersion: '1' },
      spec: { ports: [{ port: 1 }] },
    };
    const after = { ...before, metadata: { name: 'a', resourceVersion: '2' }, spec: { ports: [{ port: 2 }] } };
    expect(changedLines(before, after)).toEqual(['- spec.ports[0].port: 1', '+ spec.ports[0].port: 2']);
  });

  it('caps long changes and says how much is left', () => {
    const after = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: Object.fromEntries([...Array(30).keys()].map((n) => [`k${n}`, 'v'])),
    };
    expect(changedLines(null, after).at(-1)).toMatch(/more line/);
  });
});
