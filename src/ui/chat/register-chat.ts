import * as vscode from 'vscode';
import type { Participant } from './participant.ts';
import type { OfferedTools } from './tools.ts';

/** Who answers. */
export interface Answering {
  participant: Participant;
  tools: OfferedTools;
}

/** Id of the participant, as package.json has it. */
export const PARTICIPANT = 'stratus.oncall';

/** Names of the tools that package.json lists. */
export function toolNames({ packageJSON }: Pick<vscode.Extension<unknown>, 'packageJSON'>): string[] {
  const listed: { name: string }[] = packageJSON.contributes?.languageModelTools ?? [];
  return listed.map(({ name }) => name);
}

/**
 * Registers the participant and the tools that package.json lists. What answers is loaded when somebody asks.
 * @param listed names of the tools in package.json
 */
export function registerChat(
  listed: readonly string[],
  icon: vscode.Uri,
  assistant: () => Promise<Answering>,
): vscode.Disposable[] {
  // Editors without chat have neither.
  if (!vscode.chat?.createChatParticipant || !vscode.lm?.registerTool) return [];
  const participant = vscode.chat.createChatParticipant(PARTICIPANT, async (request, _context, stream, token) =>
    (await assistant()).participant.answer(request, stream, token),
  );
  participant.iconPath = icon;
  participant.followupProvider = {
    provideFollowups: (result) =>
      (result.metadata as { followUps?: vscode.ChatFollowup[] } | undefined)?.followUps ?? [],
  };
  const tools = listed.map((name) =>
    vscode.lm.registerTool<object>(name, {
      prepareInvocation: async ({ input }) => (await assistant()).tools.prepare(name, input),
      invoke: async ({ input }, token) => (await assistant()).tools.invoke(name, input, token),
    }),
  );
  return [participant, ...tools];
}
