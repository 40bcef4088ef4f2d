import { describe, expect, it } from 'vitest';
import type { HandOver } from '../../../src/domain/machine/hand-over.ts';
import { handOverText, HandOverWatch } from '../../../src/domain/machine/hand-over.ts';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { DEFAULT_OPTIONS } from '../../../src/domain/run-event.ts';
import type { Severity } from '../../../src/domain/severity.ts';

const ILL: Severity = {
  known: true,
  items: [{ source: 'check', object: null, what: 'web', grade: 1, message: 'answers 503' }],
};
const target = { context: 'kind', namespace: 'shop', server: 'https://198.18.0.1:6443', fingerprint: 'f' };

/** A run that has detected something, with these brains. */
const begun = (...brains: string[]): RunEvent[] => [
  { at: 1, type: 'started', run: 'run-1', target, brains, options: DEFAULT_OPTIONS, schema: 2 },
  { at: 2, type: 'phase', phase: 'detecting', attempt: 0 },
  { at: 3, type: 'detected', severity: ILL, oracles: {} },
];
const diagnosed: RunEvent = { at: 4, type: 'diagnosed', findings: [], hypotheses: [] };

function handOvers(events: RunEvent[]): HandOver[] {
  const watch = new HandOverWatch();
  return events.flatMap((event) => watch.apply(event) ?? []);
}

describe('one brain gives way to the next', () => {
  it('when it fails', () => {
    const failed: RunEvent = { at: 5, type: 'effectFailed', effect: 'diagnose', reason: 'model did not answer' };
    const [only, ...more] = handOvers([...begun('model', 'playbook'), failed, diagnosed]);
    expect(only).toEqual({ at: 5, from: 'model', to: 'playbook', exhausted: false, reason: 'model did not answer' });
    expect(more).toEqual([]);
    expect(handOverText(only!)).toBe('The playbooks take over from the model: model did not answer');
  });

  it('when it knows no more', () => {
    const none: RunEvent = { at: 5, type: 'planned', plan: null, reason: 'no fix is left' };
    const [only] = handOvers([...begun('playbook', 'model'), diagnosed, none]);
    expect(only).toMatchObject({ from: 'playbook', to: 'model', exhausted: true });
    expect(handOverText(only!)).toBe('The model takes over from the playbooks, who know no more: no fix is left');
  });

  it('never where a person is wanted, or nobody is left', () => {
    const wanted: RunEvent = { at: 5, type: 'planned', plan: null, reason: 'a person decides', escalate: true };
    expect(handOvers([...begun('playbook', 'model'), diagnosed, wanted])).toEqual([]);
    const none: RunEvent = { at: 5, type: 'planned', plan: null, reason: 'no fix is left' };
    expect(handOvers([...begun('playbook'), diagnosed, none])).toEqual([]);
  });

  it('is not told of a log that begins amid a run', () => {
    const failed: RunEvent = { at: 5, type: 'effectFailed', effect: 'plan', reason: 'x' };
    expect(handOvers([diagnosed, ...begun('model', 'playbook'), diagnosed, failed])).toEqual([]);
  });
});
