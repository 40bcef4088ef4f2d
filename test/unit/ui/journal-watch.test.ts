import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TransactionSummary } from '../../../src/domain/transaction.ts';
import { standing } from '../../../src/domain/transaction.ts';
import { isOwed } from '../../../src/run/owed-transactions.ts';
import { JournalWatch } from '../../../src/ui/undo/journal-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells that the process at work on a transaction is gone, which changes nothing in the journal', async () => {
  const summary = { id: 'tx-1', status: 'open', active: true } as TransactionSummary;
  let reads = 0;
  const transactions = {
    list: async () => (reads++, [{ ...summary }]),
    unfinished: async () => [{ ...summary }].filter(isOwed),
    listDamage: async () => '',
  };
  const watch = new JournalWatch(async () => ({ transactions }) as never);
  const told: string[][] = [];
  watch.onChange(({ all, unfinished }) => told.push([...all.map(standing), ...unfinished]));
  await watch.changed();
  expect(told).toEqual([['in progress']]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told).toHaveLength(1);
  summary.active = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told.slice(1)).toEqual([['interrupted: needs undo', 'tx-1']]);
  const before = reads;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reads, 'nothing is under way any more').toBe(before);
  watch.dispose();
});
