import * as vscode from 'vscode';

/** Vendor and id of the one model, which answers by rule: a test's stand-in for the models of an editor. */
export const VENDOR = 'stratus-test';
export const MODEL = 'small';

const INFORMATION: vscode.LanguageModelChatInformation = {
  id: MODEL,
  name: 'Small model of tests',
  family: 'test',
  version: '1',
  maxInputTokens: 8_000,
  maxOutputTokens: 1_000,
  capabilities: { toolCalling: true },
};

/** What was asked, for tests to look at. */
export interface Asked {
  texts: string[];
  tools: string[];
  required: boolean;
}

export function activate({ subscriptions }: vscode.ExtensionContext): { asked: Asked[] } {
  const asked: Asked[] = [];
  subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider(VENDOR, {
      provideLanguageModelChatInformation: () => [INFORMATION],
      provideTokenCount: async (_model, text) => (typeof text === 'string' ? text.length : 1),
      provideLanguageModelChatResponse: async (_model, messages, { tools = [], toolMode }, progress, token) => {
        const parts: unknown[] = messages.flatMap(({ content }) => [...content]);
        const texts = parts.flatMap((part) => (part instanceof vscode.LanguageModelTextPart ? [part.value] : []));
        const required = toolMode === vscode.LanguageModelChatToolMode.Required;
        asked.push({ texts, tools: tools.map(({ name }) => name), required });
        const said = texts.join('\n');
        if (said.includes('quota')) throw new Error('You have exceeded your quota');
        if (said.includes('wait')) {
          progress.report(new vscode.LanguageModelTextPart('waiting '));
          await new Promise<void>((resolve) => token.onCancellationRequested(() => resolve()));
          return;
        }
        if (required) progress.report(new vscode.LanguageModelToolCallPart('call-1', tools[0]!.name, { answer: 42 }));
        else for (const word of ['It ', 'is ', 'broken.']) progress.report(new vscode.LanguageModelTextPart(word));
      },
    }),
  );
  return { asked };
}
