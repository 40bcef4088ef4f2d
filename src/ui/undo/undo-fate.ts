import * as vscode from 'vscode';
import type { UndoResult } from '../../domain/transaction.ts';
import { missingText } from '../../domain/transaction.ts';
import { presentable } from '../../text/redact.ts';

/** How an undo ended, for a notification: `error` wherever not everything is as it was. */
export function undoFate(result: UndoResult): { level: 'info' | 'error'; text: string } {
  if (result.outcome !== 'undone')
    return { level: 'error', text: `${vscode.l10n.t('The undo did not come to its end')}: ${result.reason}` };
  const missing = missingText(result.proof);
  if (!missing) return { level: 'info', text: vscode.l10n.t('What was written is undone and verified.') };
  const lost = presentable(missing, 500);
  return { level: 'error', text: vscode.l10n.t('What was written is undone, but not all is as before: {0}.', lost) };
}
