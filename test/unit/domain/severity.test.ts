import { describe, expect, it } from 'vitest';
import type { Severity, SeverityItem } from '../../../src/domain/severity.ts';
import { GRADE_TOLERANCE, judgeCommit, mu } from '../../../src/domain/severity.ts';

const object = (name: string) => ({ apiVersion: 'v1', kind: 'Service', namespace: 'n', name });
const sick = (name: string, grade = 1): SeverityItem => ({
  source: 'object',
  object: object(name),
  what: 'no-endpoints',
  grade,
  message: name,
});
const check: SeverityItem = { source: 'check', object: null, what: 'front', grade: 1, message: 'front fails' };
const known = (...items: SeverityItem[]): Severity => ({ known: true, items });
const ours = () => true;
const foreign = () => false;

describe('commit rule', () => {
  it('commits when an item of the start went away and nothing new appeared', () => {
    const verdict = judgeCommit('strict', known(sick('a'), sick('b')), known(sick('b')), ours);
    expect(verdict).toMatchObject({ commit: true, ours: [], foreign: [] });
  });

  it('undoes a change that moves the fault elsewhere, although the count is the same', () => {
    const verdict = judgeCommit('strict', known(sick('a')), known(sick('b')), ours);
    expect(verdict.commit).toBe(false);
    expect(verdict.ours).toHaveLength(1);
    expect(judgeCommit('paper', known(sick('a')), known(sick('b')), ours).commit).toBe(true);
  });

  it('undoes a change that improves nothing under the strict rule only', () => {
    expect(judgeCommit('strict', known(sick('a')), known(sick('a')), ours).commit).toBe(false);
    expect(judgeCommit('paper', known(sick('a')), known(sick('a')), ours).commit).toBe(true);
  });

  it('reports what appeared elsewhere without charging or excusing it', () => {
    const verdict = judgeCommit('strict', known(sick('a')), known(sick('stranger')), foreign);
    expect(verdict).toMatchObject({ commit: true, ours: [] });
    expect(verdict.foreign.map(({ message }) => message)).toEqual(['stranger']);
  });

  it('charges a new failing user check to us whatever its object', () => {
    const verdict = judgeCommit('strict', known(sick('a'), sick('b')), known(check), foreign);
    expect(verdict.commit).toBe(false);
    expect(verdict.ours).toEqual([check]);
  });

  it('what the plan said would have to wait is no reason against it, if less is ill than before', () => {
    const waits = { ...sick('batch'), what: 'unready' };
    const isBatch = ({ name }: { name: string }) => name === 'batch';
    const judge = (before: SeverityItem[], ...after: SeverityItem[]) =>
      judgeCommit('strict', known(...before), known(...after), () => true, 1_000, undefined, isBatch);
    expect(judge([sick('a'), sick('b')], waits)).toMatchObject({ commit: true, ours: [waits] });
    expect(judge([sick('a')], waits).commit).toBe(false);
    expect(judge([sick('a'), sick('b')], { ...waits, what: 'failed' }).commit).toBe(false);
    expect(judge([sick('a'), sick('b')], { ...sick('c'), what: 'unready' }).commit).toBe(false);
  });

  describe('with alerts', () => {
    const alert = (key: string, more: Partial<SeverityItem> = {}): SeverityItem => ({
      source: 'alert',
      object: null,
      what: 'HighLatency',
      grade: 1,
      message: key,
      key,
      ...more,
    });
    const isWeb = ({ name }: { name: string }) => name === 'web';
    const judge = (fresh: SeverityItem, wroteAt = 1_000) =>
      judgeCommit('strict', known(sick('a')), known(fresh), isWeb, wroteAt);

    it('two of one name are two items', () => {
      expect(mu(known(alert('pod=a'), alert('pod=b')))).toBe(2);
      const gone = judgeCommit('strict', known(alert('pod=a'), alert('pod=b')), known(alert('pod=b')), foreign);
      expect(gone).toMatchObject({ commit: true, reason: expect.stringContaining('healthy again: ') });
    });

    it.each<[string, Partial<SeverityItem>, 'ours' | 'foreign']>([
      ['speaks of what depends on ours', { subjects: [object('db'), object('web')], since: 5 }, 'ours'],
      ['speaks of others only', { subjects: [object('db')], since: 2_000 }, 'foreign'],
      ['speaks of nothing and began before our write', { since: 999 }, 'foreign'],
      ['speaks of nothing and began after our write', { since: 1_000 }, 'ours'],
      ['tells nothing', {}, 'ours'],
      ['speaks of nothing that is known', { subjects: [], since: 10 }, 'foreign'],
    ])('one that %s', (_what, more, whose) => {
      const verdict = judge(alert('x', more));
      expect(verdict[whose]).toHaveLength(1);
      expect(verdict.commit).toBe(whose === 'foreign');
    });

    it.each<[number, 'ours' | 'foreign']>([
      [-5_000, 'foreign'],
      [2_000, 'ours'],
    ])('of Stratus itself, about what we wrote at 1000 and begun at %i, is %s', (since, whose) => {
      const signal: SeverityItem = {
        source: 'signal',
        object: object('web'),
        what: 'latency',
        grade: 1,
        message: 'x',
        since,
      };
      expect(judge(signal)[whose]).toHaveLength(1);
      expect(mu(known(signal))).toBe(1);
    });
  });

  it('takes a grade that worsens beyond tolerance as new', () => {
    const before = known(sick('a'), sick('b', 0.3));
    expect(judgeCommit('strict', before, known(sick('b', 0.3 + GRADE_TOLERANCE)), ours).commit).toBe(true);
    expect(judgeCommit('strict', before, known(sick('b', 0.4 + GRADE_TOLERANCE)), ours).commit).toBe(false);
  });

  it('does not let what is tolerated add up over several transactions', () => {
    const start = known(sick('a'), sick('b', 0.3), sick('c'));
    const kept = known(sick('b', 0.45), sick('c'));
    const judge = (grade: number) =>
      judgeCommit('strict', kept, known(sick('b', grade)), ours, undefined, undefined, undefined, start).commit;
    expect(judge(0.45)).toBe(true);
    expect(judge(0.3 + GRADE_TOLERANCE)).toBe(true);
    expect(judge(0.6)).toBe(false);
  });

  it('does not charge what others had raised before the transaction', () => {
    const start = known(sick('b', 0.1), sick('c'));
    const before = known(sick('b', 0.9), sick('c'));
    const judge = (after: number) =>
      judgeCommit('strict', before, known(sick('b', after)), ours, undefined, undefined, undefined, start).commit;
    expect(judge(0.9)).toBe(true);
    expect(judge(1)).toBe(true);
  });

  it('never commits on an unknown severity, before or after', () => {
    const unknown: Severity = { known: false, reason: 'API server down' };
    for (const rule of ['strict', 'paper'] as const) {
      expect(judgeCommit(rule, known(sick('a')), unknown, ours)).toMatchObject({ commit: false });
      expect(judgeCommit(rule, unknown, known(), ours)).toMatchObject({ commit: false });
    }
    expect(mu(unknown)).toBe(Number.POSITIVE_INFINITY);
  });
});
