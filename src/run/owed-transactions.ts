import type { TransactionSummary } from '../domain/transaction.ts';
import { JournalDamaged } from '../gateway/journal/journal-lines.ts';
import type { JournalStore } from '../gateway/journal/journal-store.ts';

/** True for what a person still has to decide about: left open by a process that is gone, or not fully restored. */
export function isOwed({ status, active }: TransactionSummary): boolean {
  if (status === 'diverged') return !active;
  return (status === 'open' || status === 'undoing') && !active;
}

/**
 * Why nothing new may be written to a cluster: the newest transaction on it that is interrupted or diverged. Null when
 * there is none, or when `id` is itself such a transaction and is about to be recovered. A damaged journal counts: which
 * cluster it is about cannot be trusted any more.
 */
export async function owedOn(store: JournalStore, server: string, id: string | null): Promise<string | null> {
  const owed = (await store.list()).filter(isOwed).reverse();
  if (owed.some((summary) => summary.id === id)) return null;
  for (const summary of owed) {
    let open;
    try {
      [open] = await store.read(summary.id);
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      return `${error.message}; close it with 'stratus recover --keep --tx ${summary.id}' once you know what is in the cluster`;
    }
    if (open?.type !== 'open' || open.target.server !== server) continue;
    const what = summary.status === 'diverged' ? 'was not fully restored' : 'was interrupted';
    return `transaction ${summary.id} ${what}: finish it with 'stratus recover' (--undo tries again, --keep leaves it as it is)`;
  }
  return null;
}
