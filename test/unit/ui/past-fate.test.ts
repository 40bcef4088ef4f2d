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
    ['resolved', ['committed'], 'Resolved'],
    ['resolved', ['undone'], 'Undone'],
    ['resolved', ['diverged'], 'Not fully undone'],
    ['resolved', ['undoing'], 'Undo unfinished'],
    ['improved', ['committed', 'undone'], 'Partly undone'],
    ['healthy', [], 'Healthy'],
    ['cancelled', [], 'Cancelled. Nothing was changed'],
    ['cancelled', ['undone'], 'Cancelled. The cluster is as it was'],
    ['restored', [], 'Not resolved. Nothing was changed'],
    ['restored', ['undone'], 'Not resolved. The cluster is as it was'],
    ['locked', [], 'Not begun. Nothing was changed'],
    ['diverged', ['diverged'], 'Not fully undone'],
    ['diverged', ['committed'], 'Kept as it stands'],
    ['stranded', ['undone'], 'Undone'],
    [null, [], 'Interrupted before any change'],
    [null, ['open'], 'Interrupted amid a change'],
    [null, ['undone'], 'Interrupted, undone'],
    [null, ['undone', 'committed'], 'Interrupted, its change stands'],
  ])('that ended %s, with its transactions %j now: %s', (outcome, states, text) => {
    const all = journal(...states);
    const kept = outcome === 'resolved' || outcome === 'improved' ? all.map(({ id }) => id) : [];
    expect(pastFate(run(outcome, kept), all).text).toBe(text);
  });

  it('does not count attempts that it undid itself, nor transactions of other runs', () => {
    const all = [...journal('undone', 'committed'), summary('tx-other', { run: 'run-2', status: 'diverged' })];
    expect(pastFate(run('resolved', ['tx-1']), all)).toEqual({ text: 'Resolved', tone: 'good' });
  });

  it('may go on elsewhere', () => {
    expect(pastFate(run(null, [], true), []).text).toBe('Goes on elsewhere');
  });
});
