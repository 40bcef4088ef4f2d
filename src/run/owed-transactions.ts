import type { TransactionSummary } from '../domain/transaction.ts';
import type { JournalStore } from '../gateway/journal-store.ts';

/** True for what a person still has to decide about: left open by a process that is gone, or not fully restored. */
export function isOwed({ status, active }: TransactionSummary): boolean {
  if (status === 'diverged') return !active;
  return (status === 'open' || status === 'undoing') && !active;
}

/**
 * Why nothing new may be written to a cluster: the newest transaction on it that is interrupted or diverged. Null when
 * there is none, or when `id` is itself such a transaction and is about to be recovered.
 * @throws JournalDamaged when it cannot be told
 */
export async function owedOn(store: JournalStore, server: string, id: string | null): Promise<string | null> {
  const owed = (await store.list()).filter(isOwed).reverse();
  if (owed.some((summary) => summary.id === id)) return null;
  for (const summary of owed) {
    const [open] = await store.read(summary.id);
    if (open?.type !== 'open' || open.target.server !== server) continue;
    const what = summary.status === 'diverged' ? 'was not fully restored' : 'was interrupted';
    return `transaction ${summary.id} ${what}: finish it with 'stratus recover' (--undo tries again, --keep leaves it as it is)`;
  }
  return null;
}
