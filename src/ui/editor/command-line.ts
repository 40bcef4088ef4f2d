import { delimiter } from 'node:path';
import * as vscode from 'vscode';

/**
 * Puts the bundled `stratus` command on the PATH of this window's terminals, after what stands there already: one that
 * people installed themselves goes first. It runs on the editor's own Node.
 */
export function offerCommandLine({
  environmentVariableCollection: environment,
  extensionUri,
}: vscode.ExtensionContext): void {
  environment.description = vscode.l10n.t('The `stratus` command in terminals');
  environment.append('PATH', `${delimiter}${vscode.Uri.joinPath(extensionUri, 'bin').fsPath}`);
  environment.replace('STRATUS_NODE', process.execPath);
}
