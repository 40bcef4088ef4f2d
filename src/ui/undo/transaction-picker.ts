import { placeOf } from '../../domain/target.ts';
import { standing } from '../../domain/transaction.ts';
import type { TransactionSummary } from '../../domain/transaction.ts';
import { localTime } from '../../text/local-time.ts';
import type { StratusApp } from '../../run/app.ts';
import type { TransactionHandle } from '../editor/contributions.ts';
import type { Prompts } from '../editor/prompts.ts';

/**
 * The transaction that was named, or one that is picked among those that are `wanted`; undefined when dismissed.
 * @throws Error when the named one is unknown or not wanted, or when there is none to pick
 */
export async function pickTransaction(
  app: StratusApp,
  prompts: Prompts,
  handle: TransactionHandle | undefined,
  wanted: (summary: TransactionSummary) => boolean,
  title: string,
): Promise<TransactionSummary | undefined> {
  const all = await app.transactions.list();
  if (handle) {
    const found = all.find(({ id }) => id === handle.transaction);
    if (!found) throw new Error(`there is no transaction '${handle.transaction}' in the journal`);
    if (!wanted(found)) throw new Error(`transaction ${found.id} is ${standing(found)}`);
    return found;
  }
  const choices = all.filter(wanted);
  if (choices.length === 0) throw new Error('the journal holds nothing that could be undone');
  return prompts.pick({
    title,
    placeholder: '',
    choices: choices.map((summary) => ({
      label: summary.title,
      description: placeOf(summary),
      detail: `${standing(summary)}, ${localTime(summary.openedAt)}, ${summary.id}`,
      value: summary,
    })),
  });
}
