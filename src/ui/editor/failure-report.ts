import * as vscode from 'vscode';
import { Command } from './contributions.ts';
import { editorWords } from './editor-words.ts';
import type { Log } from './log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Prompts } from './prompts.ts';

/** Tells people that something they asked for failed, in the one line that the facade gives. */
export async function report(error: unknown, log: Log, prompts: Prompts): Promise<void> {
  const message = editorWords(messageOf(error));
  log.error(message);
  const settings = vscode.l10n.t('Open Settings');
  const details = vscode.l10n.t('Show Log');
  const actions = isBySetting(error) ? [settings, details] : [details];
  const answer = await prompts.notify('error', `Stratus: ${message}`, ...actions);
  if (answer === settings) await vscode.commands.executeCommand(Command.openSettings);
  if (answer === details) log.show();
}

/** Errors come from another bundle, which has a class of its own. */
function isBySetting(error: unknown): boolean {
  return error instanceof Error && 'bySetting' in error && error.bySetting === true;
}
