import { describe, expect, it } from 'vitest';
import { figuresOf, median } from '../../catalogue/run/figures.ts';
import { readRun, riseOf } from '../../catalogue/run/mitigation.ts';
import type { ProductRun } from '../../judge/product.ts';
import { reportOf } from './trial-report.ts';

const resolved = { passed: true, verdict: 'resolved' } as const;

describe('figures of trials', () => {
  it('counts verdicts, and causes of faults only', () => {
    const figures = figuresOf([
      reportOf({ ...resolved, place: 1, cause: 1, writes: 2, muRise: 1 }),
      reportOf({ verdict: 'named', place: 2, cause: 3, muRise: 0 }),
      reportOf({ verdict: 'wrong', cause: 4, undoDifferences: ['a', 'b'], muRise: 4 }),
      reportOf({ ...resolved, kind: 'calm', detected: false, muRise: 0 }),
    ]);
    expect(figures).toMatchObject({ trials: 4, asWanted: 2, resolved: 2, restored: 1, improved: 0, wrong: 1 });
    expect(figures).toMatchObject({ faults: 3, detected: 3, objectsFirst: 1, causeFirst: 1, causeAmongThree: 2 });
    expect(figures).toMatchObject({ writes: 2, undoDifferences: 2, muRise: 4 });
  });

  it('takes medians of what was resolved alone', () => {
    const figures = figuresOf([
      reportOf({ ...resolved, seconds: { total: 4, bare: 2 } }),
      reportOf({ ...resolved, seconds: { total: 6, bare: 6 } }),
      reportOf({ ...resolved, seconds: { total: 8, detect: 1 } }),
      reportOf({ ...resolved, seconds: { total: 900 }, alone: false }),
      reportOf({ verdict: 'named', seconds: { total: 900 } }),
    ]);
    expect(figures.timed).toBe(3);
    expect(figures.seconds).toEqual({ detect: 1, total: 6, bare: 2 });
    expect(figures.overBare).toBe(1);
  });

  it('does not know how far severity rose when it was unknown once', () => {
    expect(figuresOf([reportOf({ muRise: 2 }), reportOf({ muRise: null })]).muRise).toBeNull();
    expect(riseOf([3, 5, 2])).toBe(2);
    expect(riseOf([3, 1])).toBe(0);
    expect(riseOf([3, null, 1])).toBeNull();
    expect(riseOf([])).toBeNull();
  });

  it('has no median of nothing, and the lower one of two', () => {
    expect(median([])).toBeUndefined();
    expect(median([9, 3])).toBe(3);
    expect(median([9, 3, 5])).toBe(5);
  });
});

describe('a run of the product', () => {
  const severity = (length: number) => ({ known: true, items: Array.from({ length }, () => ({})) });
  const run = (events: ProductRun['events']): ProductRun => ({
    ...{ pid: 7, started: 1_000, code: 0, stdout: '', stderr: '', seconds: 9.04 },
    events,
  });

  it('is read from its events', () => {
    const read = readRun(
      run([
        { type: 'detected', at: 2_000, severity: severity(2) },
        { type: 'diagnosed', at: 2_500 },
        { type: 'checkpointed', at: 3_000, severity: severity(2) },
        { type: 'stepDone', at: 3_200, writes: 0 },
        { type: 'stepDone', at: 3_500, writes: 1 },
        { type: 'settled', at: 5_000 },
        { type: 'judged', at: 5_100, severity: severity(3) },
        { type: 'settled', at: 8_000 },
        { type: 'judged', at: 8_100, severity: severity(0) },
        {
          type: 'result',
          outcome: 'resolved',
          attempts: 2,
          writes: 3,
          costUsd: 0,
          transactions: ['t'],
          reason: 'done',
        },
      ]),
    );
    expect(read.seconds).toEqual({ detect: 1, diagnose: 1.5, firstFix: 2.5, settle: 7, total: 9 });
    expect(read).toMatchObject({
      outcome: 'resolved',
      detected: true,
      attempts: 2,
      writes: 3,
      transactions: 1,
      pid: 7,
    });
    expect(read.muRise).toBe(1);
  });

  it('that was cut short leaves out what it did not come to', () => {
    const read = readRun({ ...run([{ type: 'detected', at: 1_500, severity: { known: false } }]), code: 4 });
    expect(read).toMatchObject({ outcome: 'exit 4', detected: false, muRise: null });
    expect(read.seconds).toEqual({ detect: 0.5, total: 9 });
  });
});
