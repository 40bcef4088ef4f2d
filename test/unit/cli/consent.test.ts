import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CommandIo } from '../../../src/cli/command-line.ts';
import { parseCommand } from '../../../src/cli/command-line.ts';
import {
  checkContext,
  consent,
  CONSENT_OPTIONS,
  mayWriteTo,
  policyOf,
  protectedContexts,
} from '../../../src/cli/consent.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import { codeOf, errorJson } from '../../../src/domain/stratus-error.ts';

const never = new AbortController().signal;
function io(answers: string[] = []): CommandIo & { asked: string[] } {
  const asked: string[] = [];
  const ask = async (question: string) => (asked.push(question), answers.shift() ?? '');
  return {
    asked,
    stdout: () => undefined,
    stderr: () => undefined,
    colours: { stdout: false, stderr: false },
    confirm: async (question) => (await ask(question)) === 'y',
    ask,
    onInterrupt: () => ({ dispose: () => undefined }),
  };
}
const policy = (words: string[], terminal: CommandIo | null) =>
  policyOf(parseCommand('run', words, CONSENT_OPTIONS), terminal ?? { ...io(), confirm: null, ask: null });
afterEach(() => vi.unstubAllEnvs());

describe('a protected context', () => {
  it('is told as it can be pasted, and found whatever else is in its name', () => {
    expect(() => checkContext('run', policy(['--yes'], io()), 'my prod ctx')).toThrow(
      "--confirm-context 'my prod ctx'",
    );
    expect(() => checkContext('run', policy(['--yes'], io()), 'x\nprod')).toThrow(UsageError);
  });

  it('guards what writes without a plan as well', async () => {
    const parsed = (...words: string[]) => parseCommand('undo', words, CONSENT_OPTIONS);
    await expect(mayWriteTo('undo', parsed('--yes'), io(), 'prod-1')).rejects.toThrow('undo: context');
    expect(await mayWriteTo('undo', parsed('--yes', '--confirm-context', 'prod-1'), io(), 'prod-1')).toBe(true);
    expect(await mayWriteTo('undo', parsed(), io(['prod-1']), 'prod-1')).toBe(true);
    expect(await mayWriteTo('undo', parsed(), io(['y']), 'prod-1')).toBe(false);
    expect(await mayWriteTo('undo', parsed('--yes'), io(), 'dev')).toBe(true);
  });

  it('does not take --yes alone, and is told which option it wants', () => {
    expect(() => checkContext('run', policy(['--yes'], io()), 'prod-1')).toThrow(
      "run: context 'prod-1' is protected (*prod*): --yes alone does not write there; add --confirm-context prod-1",
    );
    expect(() => checkContext('run', policy(['--yes', '--confirm-context', 'prod-1'], io()), 'prod-1')).not.toThrow();
    expect(() => checkContext('run', policy(['--yes', '--confirm-context', 'prod-2'], io()), 'prod-1')).toThrow(
      UsageError,
    );
    expect(() => checkContext('run', policy(['--yes'], io()), 'dev')).not.toThrow();
  });

  it('wants its name typed at a terminal', async () => {
    const right = io(['prod-1']);
    expect(await consent(policy([], right), [], 'prod-1', 'Run?', right, never)).toMatchObject({ via: 'cli' });
    expect(right.asked[0]).toContain("'prod-1' is protected: type its name");
    const yes = io(['y']);
    expect(await consent(policy([], yes), [], 'prod-1', 'Run?', yes, never)).toBeNull();
  });

  it('is whatever STRATUS_PROTECTED_CONTEXTS names', () => {
    expect(protectedContexts({})).toEqual(['*prod*']);
    expect(protectedContexts({ STRATUS_PROTECTED_CONTEXTS: 'live-*, main' })).toEqual(['live-*', 'main']);
    expect(protectedContexts({ STRATUS_PROTECTED_CONTEXTS: '*prod* live?;main\n' })).toEqual([
      '*prod*',
      'live?',
      'main',
    ]);
    for (const blank of ['', ' ', ','])
      expect(protectedContexts({ STRATUS_PROTECTED_CONTEXTS: blank })).toEqual(['*prod*']);
    expect(protectedContexts({ STRATUS_PROTECTED_CONTEXTS: 'none' })).toEqual([]);
    vi.stubEnv('STRATUS_PROTECTED_CONTEXTS', 'live*');
    expect(() => checkContext('run', policy(['--yes'], io()), 'prod-1')).not.toThrow();
    expect(() => checkContext('run', policy(['--yes'], io()), 'LIVE')).toThrow(UsageError);
  });
});

it('elsewhere a yes is enough, and --yes needs none', async () => {
  const asked = io(['y']);
  expect(await consent(policy([], asked), [], 'dev', 'Run?', asked, never)).toMatchObject({ via: 'cli' });
  const flag = io();
  expect(await consent(policy(['--yes'], flag), [], 'dev', 'Run?', flag, never)).toMatchObject({ via: 'policy' });
  expect(flag.asked).toEqual([]);
});

it('errors tell programs what they are', () => {
  expect(codeOf(new UsageError('wrong words'))).toBe('usage');
  expect(errorJson(new UsageError('wrong words'))).toEqual({
    type: 'error',
    code: 'usage',
    message: 'wrong words',
    retry: false,
  });
  expect(errorJson(new TypeError('x is undefined\n  at y'))).toMatchObject({
    code: 'internal',
    message: 'x is undefined',
  });
});
