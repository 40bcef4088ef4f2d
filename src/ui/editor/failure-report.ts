import * as vscode from 'vscode';
import { Command } from './contributions.ts';
import { editorWords } from './editor-words.ts';
import type { Log } from './log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ErrorCode } from '../../domain/stratus-error.ts';
import { codeOf, isStratusError } from '../../domain/stratus-error.ts';
import type { Prompts } from './prompts.ts';

/** Codes of failures that stay the same however often one tries. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['nothing-to-do', 'unknown-transaction', 'unknown-run', 'out-of-order']);
/** Codes of refusals before anything was begun. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['locked', 'undo-unfinished']);

/**
 * Tells people that something they asked for failed, in the one line that the facade gives.
 * @param retry the same once more; absent where that cannot be had
 */
export async function report(error: unknown, log: Log, prompts: Prompts, retry?: () => void): Promise<void> {
  const problem = editorWords(messageOf(error));
  const message = REFUSED.has(codeOf(error)) ? vscode.l10n.t('{0}. Nothing was changed.', problem) : problem;
  log.error(message);
  const settings = vscode.l10n.t('Open Settings');
  const details = vscode.l10n.t('Show Log');
  const again = vscode.l10n.t('Retry');
  const actions = [
    ...(retry && !FINAL.has(codeOf(error)) ? [again] : []),
    ...(isStratusError(error) && error.bySetting ? [settings] : []),
    details,
  ];
  const answer = await prompts.notify('error', `Stratus: ${message}`, ...actions);
  if (answer === settings) await vscode.commands.executeCommand(Command.openSettings);
  if (answer === details) log.show();
  if (answer === again) retry?.();
}
