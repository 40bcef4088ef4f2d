import { describe, expect, it } from 'vitest';
import type { Finding, FindingSeverity } from '../../../src/domain/finding.ts';
import { reduce } from '../../../src/domain/machine/machine.ts';
import type { MachineEvent } from '../../../src/domain/run-event.ts';
import { DEFAULT_OPTIONS, RUN_LOG_SCHEMA } from '../../../src/domain/run-event.ts';
import { INITIAL_STATE } from '../../../src/domain/run-state.ts';

const target = { context: 'c', server: 's', fingerprint: 'f', namespace: 'shop' };
const CALM: MachineEvent[] = [
  { at: 1, type: 'started', run: 'r', target, brains: ['playbook'], options: DEFAULT_OPTIONS, schema: RUN_LOG_SCHEMA },
  { at: 2, type: 'detected', severity: { known: true, items: [] }, oracles: {} },
];
const after = (...events: MachineEvent[]) =>
  [...CALM, ...events].reduce((step, event) => reduce(step.state, event), { state: INITIAL_STATE } as ReturnType<
    typeof reduce
  >);

const finding = (severity: FindingSeverity, message: string): Finding => ({
  id: message,
  rule: 'service-port',
  severity,
  object: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'store' },
  message,
  evidence: [],
  fixes: [{ changes: [], commands: [['delete', 'service', 'store']], expects: '', confidence: 1 }],
});
const diagnosed = (...findings: Finding[]): MachineEvent => ({ at: 3, type: 'diagnosed', findings, hypotheses: [] });

describe('a run in which nothing is measured as wrong', () => {
  it('diagnoses, and ends without a plan', () => {
    expect(after().effect).toEqual({ type: 'diagnose' });
    const { state, effect } = after(diagnosed(finding('info', 'a quota is nearly full')));
    expect(effect).toBeNull();
    expect(state).toMatchObject({ phase: 'done', outcome: 'healthy', reason: 'nothing is wrong in scope' });
  });

  it('tells what may break without showing, and changes nothing', () => {
    const { state, effect } = after(diagnosed(finding('warning', 'front asks port 81'), finding('warning', 'more')));
    expect(effect).toBeNull();
    expect(state).toMatchObject({ phase: 'done', outcome: 'healthy', totalWrites: 0 });
    expect(state.reason).toContain('front asks port 81 (and 1 more)');
    expect(state.findings).toHaveLength(2);
  });

  it('says that it was not diagnosed where that failed', () => {
    const { state } = after({ at: 3, type: 'effectFailed', effect: 'diagnose', reason: 'timed out' });
    expect(state).toMatchObject({ phase: 'done', outcome: 'healthy' });
    expect(state.reason).toContain('timed out');
  });
});
