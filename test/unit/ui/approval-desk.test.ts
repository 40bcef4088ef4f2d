import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/domain/plan.ts';
import type { StepRehearsal, UndoClass } from '../../../src/domain/transaction.ts';
import { ApprovalDesk } from '../../../src/ui/run/approval-desk.ts';

const plan = { hash: 'p', title: 't', findingId: 'f', steps: [], files: [], expects: '' } satisfies Plan;

function step(undo: UndoClass, change: Partial<StepRehearsal> = {}): StepRehearsal {
  const ref = { apiVersion: 'v1', kind: 'Service', name: 'geo' };
  const write = {
    ref,
    method: 'PATCH' as const,
    before: null,
    after: null,
    undo: { class: undo, residue: [], inverse: '' },
  };
  return { argv: [], ok: true, problem: '', partial: false, writes: [write], ...change };
}

const never = new AbortController().signal;

describe('ApprovalDesk', () => {
  it('accepts only the hash that waits', async () => {
    const desk = new ApprovalDesk({ mode: 'ask', protectedContexts: [] }, 'here');
    expect(desk.approve('h')).toMatch(/no plan/);
    const answer = desk.ask({ plan, steps: [step('exact')], hash: 'h' }, never);
    expect(desk.awaiting).toBe('h');
    expect(desk.approve('other')).toMatch(/changed/);
    expect(desk.reject('other', '')).toMatch(/changed/);
    expect(desk.awaiting).toBe('h');
    expect(desk.approve('h')).toBe('');
    expect(await answer).toMatchObject({ approve: true, hash: 'h', by: { via: 'editor' } });
    expect(desk.awaiting).toBeNull();
    expect(desk.approve('h')).toMatch(/no plan/);
  });

  it('passes the reason of a rejection on', async () => {
    const desk = new ApprovalDesk({ mode: 'ask', protectedContexts: [] }, 'here');
    const answer = desk.ask({ plan, steps: [], hash: 'h' }, never);
    desk.reject('h', ' not in the sale ');
    expect(await answer).toEqual({ approve: false, reason: 'not in the sale' });
  });

  it('ends when the run is stopped', async () => {
    const desk = new ApprovalDesk({ mode: 'ask', protectedContexts: [] }, 'here');
    const stop = new AbortController();
    const answer = desk.ask({ plan, steps: [], hash: 'h' }, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(answer).rejects.toThrow('stopped');
    expect(desk.awaiting).toBeNull();
  });

  it.each([
    ['exact undo', [step('exact')], false, true],
    ['an undo that is not exact', [step('exact'), step('consequences')], false, false],
    ['a step rehearsed in part', [step('exact'), step('exact', { partial: true })], false, false],
    ['a step that failed its rehearsal', [step('exact', { ok: false })], false, false],
    ['no write at all', [step('exact', { writes: [] })], false, false],
    ['a protected context', [step('exact')], true, false],
  ])('unless-exact with %s', async (_what, steps, isProtected, runs) => {
    const desk = new ApprovalDesk({ mode: 'exact', protectedContexts: isProtected ? ['HERE*'] : ['*prod*'] }, 'here');
    const answer = desk.ask({ plan, steps, hash: 'h' }, never);
    expect(desk.awaiting === null).toBe(runs);
    if (runs) expect(await answer).toMatchObject({ approve: true, hash: 'h', by: { via: 'policy', id: 'exact undo' } });
  });

  it('finds a rehearsed write only for the plan it belongs to', () => {
    const desk = new ApprovalDesk({ mode: 'ask', protectedContexts: [] }, 'here');
    const steps = [step('exact')];
    void desk.ask({ plan, steps, hash: 'h' }, never);
    expect(desk.write('h', 0, 0)).toBe(steps[0]!.writes[0]);
    expect(desk.write('h', 0, 1)).toBeNull();
    expect(desk.write('old', 0, 0)).toBeNull();
  });
});
