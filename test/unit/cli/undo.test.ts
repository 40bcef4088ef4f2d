import { describe, expect, it } from 'vitest';
import { withAdvice } from '../../../src/cli/advice.ts';
import { undoCommand } from '../../../src/cli/undo.ts';
import type { TransactionSummary, UndoResult } from '../../../src/domain/transaction.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import { UndoUnfinished } from '../../../src/run/lock-refusal.ts';
import { silentIo, summary } from './command-io.ts';

const PROOF = { hashBefore: 'h', hashAfter: 'h', levels: {}, residue: [], foreign: [] };

function journal(all: TransactionSummary[], owed?: string) {
  const undone: string[] = [];
  const transactions = {
    list: async () => all,
    refuseWhileOwed: async () => {
      if (owed) throw new UndoUnfinished(owed, `your undo is unfinished: transaction ${owed} was interrupted`);
    },
    undo: async (id: string): Promise<UndoResult> => (undone.push(id), { outcome: 'undone', writes: 1, proof: PROOF }),
  };
  return { undone, open: async () => ({ transactions }) as unknown as StratusApp };
}

describe('stratus undo --last', () => {
  it.each<[string, Partial<TransactionSummary>]>([
    ['what a person decided to keep', { kept: true }],
    ['what wrote nothing', { writes: 0 }],
    ['what is undone', { status: 'undone' }],
  ])('passes over %s', async (_what, change) => {
    const { undone, open } = journal([summary('tx-newer', change), summary('tx-older')]);
    expect(await undoCommand(['--last', '--yes'], silentIo(), open)).toBe(0);
    expect(undone).toEqual(['tx-older']);
  });

  it('takes what was kept back when it is named', async () => {
    const { undone, open } = journal([summary('tx-kept', { kept: true })]);
    expect(await undoCommand(['--tx', 'tx-kept', '--yes'], silentIo(), open)).toBe(0);
    expect(undone).toEqual(['tx-kept']);
  });

  it('says that an own undo comes first, before it asks or writes', async () => {
    const { undone, open } = journal([summary('tx-a')], 'tx-open');
    const io = silentIo();
    const refused = await undoCommand(['--last', '--yes'], io, open).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UndoUnfinished);
    expect(undone).toEqual([]);
    expect(io.err).toEqual([]);
    const { code, message } = refused as UndoUnfinished;
    expect(withAdvice(code, message)).toBe(
      "your undo is unfinished: transaction tx-open was interrupted; 'stratus recover --undo' takes it back, 'stratus recover --keep' leaves it as it is",
    );
  });
});
