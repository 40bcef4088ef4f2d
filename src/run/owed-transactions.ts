import type { TransactionSummary } from '../domain/transaction.ts';
import { isInterrupted } from '../domain/transaction.ts';
import { JournalDamaged } from '../gateway/journal/journal-lines.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';

/** A transaction of this state folder that has to be finished or kept before its cluster is written to again. */
export interface Owed {
  transaction: TransactionSummary;
  /** One sentence, without the way out: every front end has its own. */
  reason: string;
}

/** True for what a person still has to decide about: left open by a process that is gone, or not fully restored. */
export function isOwed(summary: TransactionSummary): boolean {
  return isInterrupted(summary) || (summary.status === 'diverged' && !summary.active);
}

/**
 * Why nothing new may be written to a cluster: the newest transaction on it that is interrupted or diverged. Null when
 * there is none, or when `id` is itself such a transaction and is about to be recovered. A damaged journal counts: which
 * cluster it is about cannot be trusted any more.
 */
export async function owedOn(store: JournalStore, server: string, id: string | null): Promise<Owed | null> {
  const owed = (await store.list()).filter(isOwed).reverse();
  if (owed.some((summary) => summary.id === id)) return null;
  for (const transaction of owed) {
    const of = (what: string): Owed => ({ transaction, reason: `your undo is unfinished: ${what}` });
    let open;
    try {
      [open] = await store.read(transaction.id);
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      return of(`the journal of transaction ${transaction.id} is damaged, it can only be kept: ${error.message}`);
    }
    if (open?.type !== 'open' || open.target.server !== server) continue;
    const what = transaction.status === 'diverged' ? 'was not fully restored' : 'was interrupted';
    return of(`transaction ${transaction.id} ${what} (${transaction.title})`);
  }
  return null;
}
