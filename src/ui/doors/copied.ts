import * as vscode from 'vscode';

/** Puts the text on the clipboard and says so in the status bar. */
export async function copied(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied'), 2_000);
}
