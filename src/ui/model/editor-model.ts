import type * as vscode from 'vscode';
import type { ChatEnd, ChatModel, ChatPart, ChatRequest, ToolCall } from '../../domain/chat.ts';
import { ChatError, estimatedTokens } from '../../domain/chat.ts';
import { editorFault } from './editor-faults.ts';
import type { EditorMessage, EditorPart } from './editor-messages.ts';
import { editorMessages, textOf } from './editor-messages.ts';

/** What is used of the editor's interface; a test passes its own. */
export type EditorChatApi = Pick<
  typeof vscode,
  | 'lm'
  | 'CancellationTokenSource'
  | 'LanguageModelChatMessage'
  | 'LanguageModelChatToolMode'
  | 'LanguageModelTextPart'
  | 'LanguageModelToolCallPart'
  | 'LanguageModelToolResultPart'
>;

export interface EditorModelParts {
  api: EditorChatApi;
  /** Whether the person has agreed that Stratus uses the model; undefined: never asked. */
  mayUse(chat: vscode.LanguageModelChat): boolean | undefined;
  /** Milliseconds without a word after which an answer is given up; default 60,000. */
  idleMs?: number;
}

const IDLE_MS = 60_000;
/** A count is not worth waiting for. */
const COUNT_MS = 5_000;

/** `copilot/gpt-4.1`: vendor, and the model's id there. */
export function editorModelName({ vendor, id }: Pick<vscode.LanguageModelChat, 'vendor' | 'id'>): string {
  return `${vendor}/${id}`;
}

/** The model of this name. @throws ChatError `no-model` */
export async function selectEditorModel(
  api: Pick<EditorChatApi, 'lm'>,
  name: string,
): Promise<vscode.LanguageModelChat> {
  const slash = name.indexOf('/');
  const selector = slash < 0 ? { id: name } : { vendor: name.slice(0, slash), id: name.slice(slash + 1) };
  const [chat] = await api.lm.selectChatModels(selector);
  if (chat) return chat;
  throw new ChatError(
    'no-model',
    `the editor offers no model '${name}': choose another with 'Stratus: Choose Model', or sign in to its provider`,
  );
}

/**
 * A model that the editor offers. It has no role for the system and promises no temperature; tokens are counted here, with
 * its tokenizer, and so estimated. The person has to have agreed before: a run never asks.
 */
export class EditorModel implements ChatModel {
  readonly name: string;
  readonly contextTokens: number;
  readonly #parts: EditorModelParts;

  constructor(name: string, contextTokens: number, parts: EditorModelParts) {
    this.name = name;
    this.contextTokens = contextTokens;
    this.#parts = parts;
  }

  async *complete(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    signal.throwIfAborted();
    const { api, mayUse, idleMs = IDLE_MS } = this.#parts;
    const chat = await selectEditorModel(api, this.name);
    if (mayUse(chat) !== true)
      throw new ChatError(
        'consent',
        `nobody has agreed yet that Stratus uses ${this.name}: run 'Stratus: Choose Model' once`,
      );
    const stop = new api.CancellationTokenSource();
    const abort = () => stop.cancel();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const messages = editorMessages(request.messages);
      const watched = <T>(work: PromiseLike<T>) => withoutStall(work, idleMs, this.name, signal);
      const response = await watched(
        chat.sendRequest(
          messages.map((one) => this.#message(one)),
          this.#options(request),
          stop.token,
        ),
      );
      const answer = { text: '', calls: [] as ToolCall[] };
      let end: ChatEnd = 'stop';
      const parts = response.stream[Symbol.asyncIterator]();
      for (;;) {
        const next = await watched(parts.next());
        if (next.done) break;
        const part: unknown = next.value;
        if (part instanceof api.LanguageModelTextPart && part.value !== '') {
          answer.text += part.value;
          yield { type: 'text', text: part.value };
        } else if (part instanceof api.LanguageModelToolCallPart) {
          answer.calls.push({ id: part.callId, tool: part.name, args: JSON.stringify(part.input ?? {}) });
        }
        // The editor's models take no limit, so that it is kept here.
        if (estimatedTokens(answer.text) > request.maxTokens) {
          end = 'length';
          break;
        }
      }
      signal.throwIfAborted();
      for (const call of answer.calls) yield { type: 'call', call };
      yield await this.#usage(chat, messages, answer, stop.token);
      yield { type: 'end', reason: end === 'stop' && answer.calls.length > 0 ? 'calls' : end, model: chat.id };
    } catch (error) {
      signal.throwIfAborted();
      throw editorFault(error, this.name);
    } finally {
      signal.removeEventListener('abort', abort);
      // Whoever stops to read ends the request.
      stop.cancel();
      stop.dispose();
    }
  }

  #message({ role, parts }: EditorMessage): vscode.LanguageModelChatMessage {
    const { LanguageModelChatMessage: Message } = this.#parts.api;
    const content = parts.map((part) => this.#part(part));
    return role === 'user' ? Message.User(content as never) : Message.Assistant(content as never);
  }

  #part(part: EditorPart) {
    const { api } = this.#parts;
    if (part.type === 'text') return new api.LanguageModelTextPart(part.text);
    if (part.type === 'call') return new api.LanguageModelToolCallPart(part.id, part.tool, part.input);
    return new api.LanguageModelToolResultPart(part.id, [new api.LanguageModelTextPart(part.text)]);
  }

  #options({ tools = [], force }: ChatRequest): vscode.LanguageModelChatRequestOptions {
    const { LanguageModelChatToolMode: Mode } = this.#parts.api;
    // `Required` takes one tool only.
    const given = force === undefined ? tools : tools.filter(({ name }) => name === force);
    return {
      justification: 'Stratus asks it about an incident in a Kubernetes cluster',
      ...(given.length === 0
        ? {}
        : {
            tools: given.map(({ name, description, parameters }) => ({ name, description, inputSchema: parameters })),
            toolMode: force === undefined ? Mode.Auto : Mode.Required,
          }),
    };
  }

  async #usage(
    chat: vscode.LanguageModelChat,
    messages: EditorMessage[],
    answer: { text: string; calls: ToolCall[] },
    token: vscode.CancellationToken,
  ): Promise<ChatPart> {
    const count = async (text: string) => {
      if (text === '') return 0;
      const counted = withoutStall(chat.countTokens(text, token), COUNT_MS, this.name, new AbortController().signal);
      // A provider that cannot count leaves it to us.
      return counted.catch(() => estimatedTokens(text));
    };
    const said = [answer.text, ...answer.calls.map(({ tool, args }) => `${tool} ${args}`)].join('\n').trim();
    const [tokensIn, tokensOut] = await Promise.all([count(messages.map(textOf).join('\n')), count(said)]);
    return { type: 'usage', tokensIn, tokensOut, estimated: true };
  }
}

/** The value, unless nothing comes for so long, or the signal fires: providers may take their time to hear of that. */
async function withoutStall<T>(work: PromiseLike<T>, idleMs: number, name: string, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const given = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ChatError('stalled', `${name} said nothing for ${idleMs / 1_000} s: try again, or choose another model`),
        ),
      idleMs,
    );
    aborted = () => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
  });
  // Given up, its end interests nobody.
  Promise.resolve(work).catch(() => undefined);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
    if (aborted) signal.removeEventListener('abort', aborted);
  }
}
