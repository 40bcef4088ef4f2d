import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/domain/run-event.ts';
import type { TransactionStatus, TransactionSummary } from '../../../src/domain/transaction.ts';
import type { PastRun } from '../../../src/run/run-history.ts';
import { pastFate } from '../../../src/ui/run/past-fate.ts';
import { summary } from '../cli/command-io.ts';

const run = (outcome: Outcome | null, kept: string[] = [], active = false): PastRun => ({
  id: 'run-1',
  target: { context: 'c', server: 's', fingerprint: 'f', namespace: 'n' },
  startedAt: 0,
  outcome,
  kept,
  active,
});
const journal = (...states: TransactionStatus[]): TransactionSummary[] =>
  states.map((status, index) => summary(`tx-${index}`, { status }));

describe('an earlier run in the list', () => {
  it.each<[Outcome | null, TransactionStatus[], string]>([
    ['resolved', ['committed'], 'resolved'],
    ['resolved', ['undone'], 'undone'],
    ['resolved', ['diverged'], 'not fully undone'],
    ['resolved', ['undoing'], 'undo unfinished'],
    ['improved', ['committed', 'undone'], 'partly undone'],
    ['healthy', [], 'nothing was wrong'],
    ['cancelled', [], 'cancelled, nothing was changed'],
    ['cancelled', ['undone'], 'cancelled, as it was'],
    ['restored', [], 'not resolved, nothing was changed'],
    ['restored', ['undone'], 'not resolved, as it was'],
    ['locked', [], 'not begun: nothing was changed'],
    ['diverged', ['diverged'], 'not fully undone'],
    ['diverged', ['committed'], 'kept as it stands'],
    ['stranded', ['undone'], 'undone'],
    [null, [], 'interrupted before any change'],
    [null, ['open'], 'interrupted amid a change'],
    [null, ['undone'], 'interrupted, undone'],
    [null, ['undone', 'committed'], 'interrupted, its change stands'],
  ])('that ended %s, with its transactions %j now: %s', (outcome, states, text) => {
    const all = journal(...states);
    const kept = outcome === 'resolved' || outcome === 'improved' ? all.map(({ id }) => id) : [];
    expect(pastFate(run(outcome, kept), all).text).toBe(text);
  });

  it('does not count attempts that it undid itself, nor transactions of other runs', () => {
    const all = [...journal('undone', 'committed'), summary('tx-other', { run: 'run-2', status: 'diverged' })];
    expect(pastFate(run('resolved', ['tx-1']), all)).toEqual({ text: 'resolved', tone: 'good' });
  });

  it('may go on elsewhere', () => {
    expect(pastFate(run(null, [], true), []).text).toBe('goes on elsewhere');
  });
});
