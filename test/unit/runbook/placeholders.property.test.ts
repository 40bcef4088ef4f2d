import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  filledCommand,
  inputsFor,
  placeholdersOf,
  valueProblem,
  wordProblem,
} from '../../../src/runbook/placeholders.ts';
import { prepareAction } from '../../../src/runbook/prepared-action.ts';
import type { RunbookAction } from '../../../src/runbook/runbook-action.ts';

const ANY = { about: '', pattern: '[^]*' };
const PARAMETERS = { a: ANY, b: { ...ANY, default: 'B' } };
const word = fc.oneof(
  fc.string(),
  fc.constantFrom('sh', '-c', '{{a}}', '--x={{a}}', '{{b}}:{{a}}', 'echo {{a}}', '{{a}}/{{b}}'),
);

describe('placeholders', () => {
  it('keep every value inside its own word, whatever the value is', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.string(), fc.string(), (command, a, b) => {
        const filled = filledCommand({ command }, { a, b });
        expect(filled).toHaveLength(command.length);
        command.forEach((before, index) => {
          if (placeholdersOf(before).length === 0) expect(filled[index]).toBe(before);
          else if (before === '{{a}}') expect(filled[index]).toBe(a);
        });
      }),
    );
  });

  it('are never let into what an interpreter reads as its program', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          ...[
            'sh',
            '/bin/bash',
            'busybox',
            'python3',
            'awk',
            'env',
            'xargs',
            'timeout 5',
            'timeout 5 sh',
            'env A=b sh',
          ],
        ),
        fc.array(fc.constantFrom('-e', '-c', '-ec', '-x', '--flag'), { maxLength: 3 }),
        fc.constantFrom('{{a}}', 'x={{a}}', 'echo "{{a}}"', '$({{a}})'),
        (program, options, script) => {
          const command = [...program.split(' '), ...options, script];
          expect(wordProblem(command, command.length - 1, PARAMETERS)).not.toBe('');
        },
      ),
    );
  });

  it('let values through that match, and nothing that could be an option or cannot be seen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
        const problem = valueProblem('a', ANY, value);
        const harmful = value.startsWith('-') || value.length > 256 || /[\u0000-\u001f\u007f]/.test(value);
        if (harmful) expect(problem).not.toBe('');
        if (problem === '') expect(inputsFor({ parameters: PARAMETERS }, { a: value })).toEqual({ a: value, b: 'B' });
      }),
    );
  });

  it('match the whole of a value', () => {
    const port = { about: '', pattern: '[0-9]+|any' };
    expect(valueProblem('port', port, '6379')).toBe('');
    expect(valueProblem('port', port, 'any')).toBe('');
    for (const wrong of ['6379 x', 'x6379', 'anyway', '']) expect(valueProblem('port', port, wrong)).not.toBe('');
  });

  it('are all given, and none beside them', () => {
    expect(inputsFor({ parameters: PARAMETERS }, {})).toMatch(/^a has to be given/);
    expect(inputsFor({ parameters: PARAMETERS }, { a: '1', c: '2' })).toBe("there is no parameter 'c'");
    expect(inputsFor({ parameters: PARAMETERS }, { a: '1', constructor: '2' })).toMatch(/no parameter/);
  });

  it('are filled in once for all parts, so that an undo needs no file', () => {
    const part = { command: ['tool', '{{a}}'] };
    const action: RunbookAction = {
      ...{ name: 'n', title: 't', reaches: 'r', undoes: 'exact', loses: '', seconds: 1, bytes: 1 },
      parameters: PARAMETERS,
      parts: { snapshot: part, do: part, undo: { ...part, stdin: 'snapshot' }, verify: part },
    };
    const at = { namespace: 'n', pod: 'p', uid: 'u', container: 'c', imageId: 'i' };
    const prepared = prepareAction(action, { name: 'n', digest: 'd', at, inputs: { a: '{{b}}' } });
    expect(prepared).toMatchObject({
      call: { inputs: { a: '{{b}}', b: 'B' } },
      parts: { do: { command: ['tool', '{{b}}'], stdin: false }, undo: { command: ['tool', '{{b}}'], stdin: true } },
    });
  });
});
