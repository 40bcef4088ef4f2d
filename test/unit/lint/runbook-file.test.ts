import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/lint/analyze.ts';
import { DEFAULT_CONFIG } from '../../../src/lint/config.ts';

const HEAD =
  'stratus: runbook/1\nname: x\ntitle: t\nreaches: r\nundoes: exact\nparameters:\n  q: {about: a, pattern: b}\n';
const part = (name: string, command: string) => `${name}:\n  command: ${command}\n`;
const GOOD = HEAD + ['snapshot', 'do', 'undo', 'verify'].map((name) => part(name, '[tool]')).join('');

const found = (text: string, config = DEFAULT_CONFIG) =>
  analyze(text, 'yaml', config).map(
    ({ rule, severity, start, end }) => `${rule} ${severity} ${text.slice(start, end)}`,
  );

describe('the linter on files of actions', () => {
  it('says nothing about a good one, and nothing about other YAML', () => {
    expect(found(GOOD)).toEqual([]);
    expect(found('name: x\nstratus: yes please\n')).toEqual([]);
    expect(found('# stratus: runbook/1\nname: x\n')).toEqual([]);
  });

  it.each([
    [GOOD.replace('undoes: exact', 'undoes: maybe'), 'runbook-schema error maybe'],
    [`# about\n\n${GOOD.replace('title: t', 'title: 1')}`, 'runbook-schema error 1'],
    [GOOD.replace('[tool]', `[sh, -c, 'rm {{q}}']`), "runbook-placeholder error 'rm {{q}}'"],
    [GOOD.replace('[tool]', `[tool, '{{snapshot}}']`), "runbook-placeholder error '{{snapshot}}'"],
  ])('points at what is wrong', (text, expected) => expect(found(text)).toEqual([expected]));

  it('obeys the settings and comments that disable a rule', () => {
    const text = GOOD.replace('undoes: exact', 'undoes: maybe');
    expect(found(text, { ...DEFAULT_CONFIG, rules: { 'runbook-schema': 'off' } })).toEqual([]);
    expect(
      found(text.replace('undoes:', '# stratus: disable-next-line runbook-schema -- being written\nundoes:')),
    ).toEqual([]);
  });

  it('still finds unsafe kubectl in the scripts of an action', () => {
    const text = GOOD.replace('[tool]', `[sh, -c, 'kubectl delete ns shop']`);
    expect(found(text).join()).toMatch(/delete-protected-kind|delete/);
  });
});
