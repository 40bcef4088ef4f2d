import * as vscode from 'vscode';
import { Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import { abortedBy } from '../editor/abort.ts';
import type { AnswerSink, ChatWorld } from './answer.ts';
import { answer } from './answer.ts';

/** Longest request that a model of the chat is sent, in tokens. */
const LEAST_TOKENS = 2_000;

/** `@stratus` in the chat of the editor. It reads and tells; a run begins by a button, and asks before it writes. */
export class Participant {
  readonly #world: Omit<ChatWorld, 'phrase'>;

  constructor(world: Omit<ChatWorld, 'phrase'>) {
    this.#world = world;
  }

  async answer(
    request: Pick<vscode.ChatRequest, 'prompt' | 'command' | 'model'>,
    stream: Pick<vscode.ChatResponseStream, 'markdown' | 'button' | 'progress'>,
    token: vscode.CancellationToken,
  ): Promise<vscode.ChatResult> {
    const signal = abortedBy(token);
    const question = { command: request.command ?? '', prompt: request.prompt };
    const world = { ...this.#world, phrase: phraseWith(request.model) };
    try {
      const { followUps } = await answer(question, world, sinkOf(stream), signal);
      return { metadata: { followUps } };
    } catch (error) {
      if (signal.aborted) return {};
      throw error;
    }
  }
}

/** Whoever has chosen no model for Stratus has said that nothing leaves for one, also not for this. */
function phraseWith(model: vscode.LanguageModelChat | undefined): ChatWorld['phrase'] {
  if (!model || readSetting(Setting.modelProvider) === 'none' || model.maxInputTokens < LEAST_TOKENS) return null;
  return async function* (prompt, signal) {
    const stop = new vscode.CancellationTokenSource();
    const abort = () => stop.cancel();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const message = vscode.LanguageModelChatMessage.User(prompt);
      const response = await model.sendRequest([message], {}, stop.token);
      yield* response.text;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.cancel();
      stop.dispose();
    }
  };
}

function sinkOf(stream: Pick<vscode.ChatResponseStream, 'markdown' | 'button' | 'progress'>): AnswerSink {
  return {
    markdown: (text, commands = []) => {
      const markdown = new vscode.MarkdownString(text);
      markdown.isTrusted = commands.length > 0 ? { enabledCommands: [...commands] } : false;
      stream.markdown(markdown);
    },
    button: (title, command, args) => stream.button({ title, command, arguments: [...args] }),
    progress: (text) => stream.progress(text),
  };
}
