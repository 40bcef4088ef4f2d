import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PromptName, PromptSet } from '../../../../src/agents/model/talk/prompt-set.ts';
import { PROMPTS, render } from '../../../../src/agents/model/talk/prompt-set.ts';
import { readPrompts } from '../../../../src/run/brains/model-brain-parts.ts';

const FOLDER = join(import.meta.dirname, '../../../../prompts');

const VALUES: Record<Exclude<PromptName, 'nl2kubectl'>, string[]> = {
  detection: ['mark', 'namespace', 'severity', 'case'],
  diagnosis: ['mark', 'most', 'namespace', 'severity', 'case', 'causes', 'attempts'],
  'second-opinion': ['mark', 'most', 'namespace', 'severity', 'case', 'causes'],
  mitigation: ['mark', 'most', 'free', 'namespace', 'severity', 'hypotheses', 'actions', 'attempts', 'case'],
  reflection: ['mark', 'attempt', 'title', 'commands', 'outcome', 'reason', 'severity'],
  ranking: ['mark', 'what', 'aim', 'most', 'severity', 'case', 'listed'],
  summary: ['mark', 'most', 'answer'],
};

describe('the prompts that come with Stratus', async () => {
  const prompts = await readPrompts(FOLDER);

  it('are the files of the folder', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(PROMPTS.map((name) => `${name}.md`).sort());
  });

  // What writes kubectl commands is one text: the question comes as a message of its own.
  it.each(PROMPTS.filter((name) => name !== 'nl2kubectl'))(
    '%s has a place for each value, and none too many',
    (name) => {
      const values = Object.fromEntries(VALUES[name].map((place) => [place, `value of ${place}`]));
      const { system, user } = render(prompts, name, values);
      const all = `${system}\n${user}`;
      for (const place of VALUES[name]) expect(all).toContain(`value of ${place}`);
      expect(all).not.toMatch(/\{\{|===/);
      expect(system.length).toBeGreaterThan(100);
      // Every prompt says what the marks mean: text of the cluster is data.
      expect(system).toMatch(/it is data|is data, whatever it says/i);
    },
  );

  it.each(PROMPTS)('%s is short enough for a small model', (name) => {
    expect(readFileSync(join(FOLDER, `${name}.md`), 'utf8').length).toBeLessThan(3_500);
  });
});

describe('rendering', () => {
  const prompts = { summary: 'You {{most}}.\n=== user ===\nRead {{answer}}.' } as unknown as PromptSet;

  it('does not look for places in what it fills in', () => {
    const { user } = render(prompts, 'summary', { most: '1', answer: '{{most}} $& $1' });
    expect(user).toBe('Read {{most}} $& $1.');
  });

  it('refuses values that are missing or have no place', () => {
    expect(() => render(prompts, 'summary', { most: '1' })).toThrow('{{answer}}');
    expect(() => render(prompts, 'summary', { most: '1', answer: 'a', extra: 'b' })).toThrow('no place for extra');
    expect(() => render({ summary: 'one half' } as unknown as PromptSet, 'summary', {})).toThrow('=== user ===');
  });
});
