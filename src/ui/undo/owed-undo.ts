import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import type { TransactionSummary } from '../../domain/transaction.ts';
import type { StratusApp } from '../../run/app.ts';
import type { Transactions } from '../../run/transactions.ts';
import { owedBy } from '../../run/lock-refusal.ts';
import type { Prompts } from '../editor/prompts.ts';

/** The ways out of an unfinished transaction. */
export interface WaysOut {
  differences(transaction: string): Promise<void>;
  undo(summary: TransactionSummary): Promise<unknown>;
  keep(transaction: string): Promise<void>;
}

/**
 * Asks about own unfinished transactions, one after the other, until none is in the way of `subject`.
 * @returns false when one was left as it is: nothing new must begin
 */
export async function unlessOwed(
  app: StratusApp,
  prompts: Prompts,
  subject: Parameters<Transactions['refuseWhileOwed']>[0],
  ways: WaysOut,
): Promise<boolean> {
  for (;;) {
    try {
      await app.transactions.refuseWhileOwed(subject);
      return true;
    } catch (error) {
      const transaction = owedBy(error);
      if (transaction === null) throw error;
      const owed = (await app.transactions.list()).find(({ id }) => id === transaction);
      if (!owed || !(await settle(owed, prompts, ways))) return false;
    }
  }
}

const NAMED = 5;

/** What it wrote to, the first few. */
function objectNames({ roots }: TransactionSummary): string {
  const more = roots.length > NAMED ? [vscode.l10n.t('{0} more', roots.length - NAMED)] : [];
  return [...roots.slice(0, NAMED).map(refLabel), ...more].join(', ');
}

/** @returns whether something was done about it */
async function settle(owed: TransactionSummary, prompts: Prompts, ways: WaysOut): Promise<boolean> {
  const [show, undo, keep] = [vscode.l10n.t('Show Differences'), vscode.l10n.t('Undo'), vscode.l10n.t('Keep As It Is')];
  const where = placeOf(owed);
  const message =
    owed.status === 'diverged'
      ? vscode.l10n.t('Your undo is unfinished: not everything of "{0}" on {1} was restored.', owed.title, where)
      : vscode.l10n.t('Your undo is unfinished: "{0}" on {1} was interrupted.', owed.title, where);
  const objects = objectNames(owed);
  const what = objects ? vscode.l10n.t('It changed {0}.', objects) : '';
  const rule = vscode.l10n.t('Nothing new is changed there until it is undone or kept.');
  // The editor hides a warning after some seconds, an error with actions stays until it is answered.
  const answer = await prompts.notify('error', [message, what, rule].filter(Boolean).join(' '), show, undo, keep);
  if (answer === show) await ways.differences(owed.id);
  if (answer === undo) await ways.undo(owed);
  if (answer === keep) await ways.keep(owed.id);
  return answer === undo || answer === keep;
}
