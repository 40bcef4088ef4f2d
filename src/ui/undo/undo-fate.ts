import * as vscode from 'vscode';
import type { UndoResult } from '../../domain/transaction.ts';
import { lossesText } from '../../domain/transaction.ts';
import { presentable } from '../../text/redact.ts';

/** How an undo ended, for a notification: `error` wherever not everything is as it was. */
export function undoFate(result: UndoResult): { level: 'info' | 'error'; text: string } {
  if (result.outcome !== 'undone') return { level: 'error', text: `${result.outcome}: ${result.reason}` };
  const { losses = [] } = result.proof;
  if (losses.length === 0) return { level: 'info', text: vscode.l10n.t('What was written is undone and verified.') };
  const lost = presentable(lossesText(losses), 500);
  return { level: 'error', text: vscode.l10n.t('What was written is undone, but not all is as before: {0}.', lost) };
}
