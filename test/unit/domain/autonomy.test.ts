import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AutonomyPolicy } from '../../../src/domain/autonomy.ts';
import { decide, isProtected } from '../../../src/domain/autonomy.ts';
import type { StepRehearsal, UndoClass } from '../../../src/domain/transaction.ts';

const ref = { apiVersion: 'v1', kind: 'Service', name: 'geo' };
const step = (undo: UndoClass, change: Partial<StepRehearsal> = {}): StepRehearsal => ({
  argv: [],
  ok: true,
  problem: '',
  partial: false,
  writes: [{ ref, method: 'PATCH', before: null, after: null, undo: { class: undo, residue: [], inverse: '' } }],
  ...change,
});
const policy = (more: Partial<AutonomyPolicy> = {}): AutonomyPolicy => ({
  mode: 'ask',
  protectedContexts: ['*prod*'],
  ...more,
});

describe('who decides', () => {
  it.each<[string, Partial<AutonomyPolicy>, StepRehearsal[], string, string]>([
    ['asks by default', {}, [step('exact')], 'dev', 'ask'],
    ['lets exact undo through where that is wanted', { mode: 'exact' }, [step('exact')], 'dev', 'proceed'],
    ['asks for anything else then', { mode: 'exact' }, [step('exact'), step('consequences')], 'dev', 'ask'],
    ['asks for what was rehearsed in part', { mode: 'exact' }, [step('exact', { partial: true })], 'dev', 'ask'],
    ['lets all through with yes', { mode: 'all' }, [step('consequences')], 'dev', 'proceed'],
    ['asks in a protected context, whatever the mode', { mode: 'all' }, [step('exact')], 'eu-PROD-1', 'ask'],
    ['refuses there when nobody can be asked', { mode: 'all', unattended: true }, [step('exact')], 'prod', 'refuse'],
    [
      'goes on there once it was named',
      { mode: 'all', unattended: true, confirmedContext: 'prod' },
      [],
      'prod',
      'proceed',
    ],
    [
      'but not when another was named',
      { mode: 'all', unattended: true, confirmedContext: 'prod2' },
      [],
      'prod',
      'refuse',
    ],
    ['refuses what has to be asked when nobody is there', { unattended: true }, [step('exact')], 'dev', 'refuse'],
  ])('%s', (_what, more, steps, context, expected) => {
    expect(decide(policy(more), steps, context).type).toBe(expected);
  });

  it('never proceeds unasked in a protected context that nobody named', () => {
    const arbitrary = fc.record({
      mode: fc.constantFrom('ask', 'exact', 'all' as const),
      unattended: fc.boolean(),
      classes: fc.array(fc.constantFrom<UndoClass>('exact', 'consequences', 'unknown', 'losses')),
    });
    fc.assert(
      fc.property(arbitrary, ({ mode, unattended, classes }) => {
        const decision = decide(
          policy({ mode: mode as never, unattended }),
          classes.map((one) => step(one)),
          'my-prod',
        );
        expect(decision.type).toBe(unattended ? 'refuse' : 'ask');
      }),
    );
  });

  it('patterns are literal but for the star', () => {
    expect(isProtected('a.b', ['a.b'])).toBe(true);
    expect(isProtected('axb', ['a.b'])).toBe(false);
    expect(isProtected('PRODUCTION', ['prod*'])).toBe(true);
    expect(isProtected('x', [])).toBe(false);
  });
});
