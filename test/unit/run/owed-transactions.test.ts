import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { OpenRecord } from '../../../src/gateway/journal/journal-records.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { UndoUnfinished } from '../../../src/run/lock-refusal.ts';
import { JournalledTransactions } from '../../../src/run/journalled-transactions.ts';

const AT = '2026-01-01T00:00:00.000Z';
const opening = (id: string, server: string): OpenRecord => ({
  type: 'open',
  id,
  run: 'run-1',
  title: `fix ${id}`,
  target: { context: 'c', server, fingerprint: 'f', namespace: 'shop' },
  maxWrites: 20,
  manager: `stratus-${id}`,
  at: AT,
});
let home: string;
let store: JournalStore;
let transactions: JournalledTransactions;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stratus-owed-'));
  store = await JournalStore.open(home, {});
  transactions = new JournalledTransactions(home, store, {} as never, new SystemClock());
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function leave(id: string, status: 'open' | 'diverged' | 'committed', server = 'https://here'): Promise<void> {
  const journal = await store.create(opening(id, server));
  if (status !== 'open') await journal.setStatus(status, AT);
  await journal.close();
}

describe('what is owed to a cluster', () => {
  it('refuses whatever begins something new there, as an undo of one’s own', async () => {
    await leave('tx-done', 'committed');
    await leave('tx-there', 'diverged', 'https://there');
    await expect(transactions.refuseWhileOwed({ server: 'https://here' })).resolves.toBeUndefined();
    await leave('tx-open', 'open');
    const refused = transactions.refuseWhileOwed({ server: 'https://here' });
    await expect(refused).rejects.toBeInstanceOf(UndoUnfinished);
    await expect(refused).rejects.toMatchObject({
      transaction: 'tx-open',
      code: 'undo-unfinished',
      message: 'your undo is unfinished: transaction tx-open was interrupted (fix tx-open)',
    });
  });

  it.each(['open', 'diverged'] as const)('can be closed where the journal of an %s one is missing', async (status) => {
    await leave('tx-lost', status);
    for (const name of await readdir(join(home, 'journal')))
      if (name.startsWith('tx-lost')) await rm(join(home, 'journal', name));
    const refused = transactions.refuseWhileOwed({ server: 'https://here' });
    await expect(refused).rejects.toMatchObject({ transaction: 'tx-lost', code: 'undo-unfinished' });
    await expect(refused).rejects.toThrow('it is missing');
    expect((await transactions.unfinished()).map(({ id }) => id)).toEqual(['tx-lost']);
    expect(await store.verify()).toMatchObject([{ name: 'tx-lost', problem: expect.stringContaining('missing') }]);
    await transactions.keep('tx-lost');
    await expect(transactions.refuseWhileOwed({ server: 'https://here' })).resolves.toBeUndefined();
    expect(await transactions.unfinished()).toEqual([]);
  });

  it('refuses the undo of another transaction, not its own', async () => {
    await leave('tx-done', 'committed');
    await leave('tx-diverged', 'diverged');
    await expect(transactions.refuseWhileOwed({ transaction: 'tx-diverged' })).resolves.toBeUndefined();
    await expect(transactions.refuseWhileOwed({ transaction: 'tx-done' })).rejects.toThrow('was not fully restored');
  });
});
