import * as vscode from 'vscode';
import type { StratusApp } from '../../run/app.ts';
import type { JournalWatch } from './journal-watch.ts';
import type { Log } from '../editor/log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { UndoActions } from './undo-actions.ts';

/** Looks once for transactions that were interrupted or that an undo could not restore, and asks what to do. */
export async function recoverOnStart(
  app: () => Promise<StratusApp>,
  journal: JournalWatch,
  undo: UndoActions,
  log: Log,
): Promise<void> {
  try {
    const unfinished = await (await app()).transactions.unfinished();
    await journal.changed();
    if (unfinished.length === 0) return;
    log.info(`to be decided: ${unfinished.map(({ id }) => id).join(', ')}`);
    await undo.recover();
  } catch (error) {
    // Without kubectl or kubeconfig there is nothing to recover with; the views say what is missing.
    log.error(`recovery: ${messageOf(error)}`);
  }
}

/** Number on the undo stack's icon: only what needs a person. */
export function badge(unfinished: number): vscode.ViewBadge | undefined {
  if (unfinished === 0) return undefined;
  return {
    value: unfinished,
    tooltip: vscode.l10n.t('{0} changes were interrupted or not fully restored', unfinished),
  };
}
