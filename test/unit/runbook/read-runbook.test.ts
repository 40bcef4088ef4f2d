import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRunbook } from '../../../src/runbook/read-runbook.ts';

const PACKS = join(import.meta.dirname, '../../../runbooks');
const GOOD = `stratus: runbook/1
name: empty-queue
title: Empty the queue
reaches: Waiting messages.
undoes: exact
parameters:
  queue:
    about: Its name.
    pattern: '[a-z]+'
    default: retry
snapshot:
  command: [tool, dump, '{{queue}}']
do:
  command: [tool, purge, '--queue={{queue}}']
undo:
  command: [tool, load, '{{queue}}']
  stdin: snapshot
verify:
  command: [sh, -c, 'test "$1"', sh, '{{queue}}']
`;

describe('files of actions', () => {
  it('are read with their defaults', () => {
    const { action, problems } = readRunbook(GOOD);
    expect(problems).toEqual([]);
    expect(action).toMatchObject({ name: 'empty-queue', undoes: 'exact', loses: '', seconds: 15, bytes: 65_536 });
    expect(action!.parts.undo).toEqual({ command: ['tool', 'load', '{{queue}}'], stdin: 'snapshot' });
    expect(action!.parts.same).toBeUndefined();
  });

  it.each(readdirSync(PACKS))('%s, which comes with Stratus, has no problem', (name) => {
    const { action, problems } = readRunbook(readFileSync(join(PACKS, name), 'utf8'));
    expect(problems).toEqual([]);
    expect(`${action!.name}.yaml`).toBe(name);
  });

  it.each<[change: [string, string], at: string, message: RegExp]>([
    [['name: empty-queue', 'name: Empty'], 'Empty', /lower-case/],
    [['stratus: runbook/1', 'stratus: runbook/2'], 'runbook/2', /not known to this version/],
    [['undoes: exact', 'undoes: sometimes'], 'sometimes', /'exact' .* or 'losses'/],
    [['undoes: exact', 'undoes: losses'], 'losses', /has to say what is gone/],
    [['undoes: exact', 'undoes: exact\nloses: All.'], 'All.', /loses nothing/],
    [['title: Empty the queue', 'title: [a]'], '[a]', /'title' is a text/],
    [['reaches: Waiting messages.\n', ''], 'stratus', /'reaches' is missing/],
    [['undoes: exact', 'undoes: exact\nseconds: 0'], '0', /from 1 to 120/],
    [['undoes: exact', 'undoes: exact\nbytes: 99999999'], '99999999', /from 1 to 1048576/],
    [['undoes: exact', 'undoes: exact\nshell: true'], 'shell', /has no 'shell'/],
    [['do:\n  command: [tool, purge', 'do:\n  run: [tool, purge'], 'run', /has no 'run'/],
    [["command: [tool, dump, '{{queue}}']", 'command: tool dump'], 'tool dump', /list of words/],
    [["[tool, dump, '{{queue}}']", "[tool, 7, '{{queue}}']"], '7', /put it in quotes/],
    [
      ["  command: [tool, dump, '{{queue}}']", '  command: [tool]\n  stdin: snapshot'],
      'snapshot',
      /before there is one/,
    ],
    [['  stdin: snapshot', '  stdin: queue'], 'queue', /only be 'snapshot'/],
    [["pattern: '[a-z]+'", "pattern: '['"], "'['", /no regular expression/],
    [['default: retry', 'default: RETRY'], 'RETRY', /does not match/],
    [["'{{queue}}']\ndo:", "'{{other}}']\ndo:"], "'{{other}}'", /no parameter 'other'/],
    [["'{{queue}}']\ndo:", "'{{Queue}}']\ndo:"], "'{{Queue}}'", /no placeholder/],
    [['\'test "$1"\'', "'test {{queue}}'"], "'test {{queue}}'", /as a word of its own/],
    [['\'test "$1"\'', "'{{queue}}'"], "'{{queue}}'", /run as a program by sh/],
    [["[tool, load, '{{queue}}']", "[tool, load, '{{snapshot}}']"], "'{{snapshot}}'", /audit log/],
    [["[tool, load, '{{queue}}']", "['{{queue}}', load]"], "'{{queue}}'", /program itself/],
    [["[tool, load, '{{queue}}']", "[env, sh, -c, '{{queue}}']"], "'{{queue}}'", /run as a program/],
    [["[tool, load, '{{queue}}']", "[busybox, awk, '{{queue}}']"], "'{{queue}}'", /run as a program/],
    [['name: empty-queue', 'name: empty-queue\nname: other'], 'name', /given twice/],
    [['name: empty-queue', 'name: "x'], '', /no YAML/],
  ])('%j is told at %s', ([from, to], at, message) => {
    const text = GOOD.replace(from, () => to);
    expect(text).not.toBe(GOOD);
    const { action, problems } = readRunbook(text);
    expect(action).toBeNull();
    const told = problems.find((problem) => message.test(problem.message));
    expect(told, JSON.stringify(problems)).toBeDefined();
    expect(text.slice(told!.start, told!.end)).toContain(at);
  });

  it.each(['', 'stratus: runbook/1', '- a', 'a: b', '\0', '&a [*a]', `${GOOD}---\n${GOOD}`, GOOD.padEnd(70_000, '#')])(
    'says what is wrong with %j, whatever it is',
    (text) => {
      const { action, problems } = readRunbook(text);
      expect(action).toBeNull();
      expect(problems.length).toBeGreaterThan(0);
    },
  );
});
