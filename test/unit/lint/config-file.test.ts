import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../../src/lint/files/config-file.ts';
import { DEFAULT_CONFIG } from '../../../src/lint/config.ts';

/** Problems with the text they point at. */
function problemsOf(text: string) {
  const { problems, broken } = readConfigFile(text);
  return { broken, problems: problems.map(({ message, start, end }) => [text.slice(start, end), message]) };
}

describe('.stratus.yaml', () => {
  it('is taken key by key over a base', () => {
    const base = { ...DEFAULT_CONFIG, rules: { watch: 'error' as const, debug: 'error' as const } };
    const { config, problems } = readConfigFile(
      "lint:\n  rules:\n    watch: off\n  protectedContexts: [live]\n  kubectl: '1.33'\n",
      base,
    );
    expect(problems).toEqual([]);
    expect(config).toEqual({
      rules: { watch: 'off', debug: 'error' },
      protectedContexts: ['live'],
      protectedNamespaces: DEFAULT_CONFIG.protectedNamespaces,
      kubectl: '1.33',
    });
  });

  it.each(['', '# nothing\n', 'lint:\n'])('may say nothing: %j', (text) => {
    expect(readConfigFile(text)).toEqual({ config: DEFAULT_CONFIG, problems: [], broken: false });
  });

  it('says what is wrong where it stands, and keeps the rest', () => {
    expect(
      problemsOf(
        'lint:\n  rules: {watc: off, debug: loud}\n  protectedContexts: live\n  kubectl: 1.30\n  protectNamespaces: [a]\n',
      ),
    ).toEqual({
      broken: false,
      problems: [
        ['kubectl', expect.stringContaining('quote it')],
        ['watc', expect.stringContaining('there is no rule "watc"')],
        ['debug', expect.stringContaining('must be one of off')],
        ['protectedContexts', expect.stringContaining('must be a list')],
        ['protectNamespaces', expect.stringContaining('lint has no setting "protectNamespaces"')],
      ],
    });
    expect(problemsOf("lint: {kubectl: '1.12'}").problems).toEqual([
      ['kubectl', expect.stringMatching(/kubectl 1\.12 is not known; releases 1\.\d+ to 1\.\d+ are/)],
    ]);
  });

  it.each([
    ['lint: [unclosed', 'not readable as YAML'],
    ['a: 1\na: 2\n', 'not readable as YAML'],
    ['- a\n', 'must be a map'],
    ['text', 'must be a map'],
    [
      `a: &a [1]\n${[...'bcdefghijk'].map((n, i) => `${n}: &${n} [${`*${'abcdefghijk'[i]},`.repeat(9)}]\n`).join('')}`,
      '',
    ],
  ])('that is broken has one problem and changes nothing: %j', (text, message) => {
    const { config, problems, broken } = readConfigFile(text);
    expect(broken).toBe(true);
    expect(config).toBe(DEFAULT_CONFIG);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });
});
