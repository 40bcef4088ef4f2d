import * as vscode from 'vscode';
import { editorFault } from './editor-faults.ts';
import { editorModelName } from './editor-model.ts';

/**
 * Has the editor ask the person whether Stratus may use the model, by one short question to it. Only to be called because
 * of something that the person just did.
 * @returns false when the person stopped it
 * @throws ChatError when it may not, or does not answer
 */
export async function askToUse(chat: vscode.LanguageModelChat): Promise<boolean> {
  const name = editorModelName(chat);
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Stratus: asking {0}', name),
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (_progress, token) => {
    try {
      const hello = vscode.LanguageModelChatMessage.User('Answer with the word OK.');
      const justification = vscode.l10n.t('Stratus asks it about incidents in your clusters.');
      const response = await chat.sendRequest([hello], { justification }, token);
      // The first words tell that it answers.
      for await (const part of response.stream) if (part) break;
      return true;
    } catch (error) {
      if (token.isCancellationRequested) return false;
      throw editorFault(error, name);
    }
  });
}
