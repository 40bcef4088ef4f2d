import { isStratusError, StratusError } from './stratus-error.ts';

/** A tool that the model wants called; `args` is the text that it wrote, which may be no JSON. */
export interface ToolCall {
  id: string;
  tool: string;
  args: string;
}

export type ChatMessage =
  | { role: 'system' | 'user'; text: string }
  | { role: 'assistant'; text: string; calls: readonly ToolCall[] }
  /** The answer to the call with this id. */
  | { role: 'tool'; id: string; tool: string; text: string };

/** What a model is told of a tool. `parameters` is a JSON schema of an object. */
export interface ToolSpec {
  name: string;
  description: string;
  parameters: Readonly<Record<string, unknown>>;
}

export interface ChatRequest {
  messages: readonly ChatMessage[];
  /** Default: none. */
  tools?: readonly ToolSpec[];
  /** Name of the one tool that has to be called: the form in which structured answers are asked for. */
  force?: string;
  /** Most tokens of the answer. */
  maxTokens: number;
}

/** Why an answer ended: by itself, to have tools called, at `maxTokens`, or because the provider held it back. */
export type ChatEnd = 'stop' | 'calls' | 'length' | 'filtered';

/**
 * A piece of an answer, in the order of arrival: texts, then calls, each whole, then at most one `usage`, then `end`.
 * Without a usage the server did not count; `estimated`: counted here, from the characters.
 */
export type ChatPart =
  | { type: 'text'; text: string }
  | { type: 'call'; call: ToolCall }
  | { type: 'usage'; tokensIn: number; tokensOut: number; estimated?: true }
  /** `model` as the server calls it. */
  | { type: 'end'; reason: ChatEnd; model: string };

/** A language model. It holds no right of any kind: what it says is text. */
export interface ChatModel {
  /** As people know it. */
  readonly name: string;
  /** Tokens that request and answer may have together. */
  readonly contextTokens: number;
  /** Who answers is a script: shown wherever the model is named. */
  readonly scripted?: true;
  /**
   * One answer. Ends with an `end` part, or throws. Stopping to read it ends the request.
   * @throws ChatError, or the signal's reason
   */
  complete(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
}

export type ChatFault =
  /** No key, a wrong one, or no right to use the model. */
  | 'unauthorized'
  | 'no-model'
  /** Quota or rate; what was asked may be asked again later. */
  | 'limited'
  | 'too-long'
  /** The provider or the editor's administrator does not allow it. */
  | 'blocked'
  /** The person has not agreed yet that the editor's model is used. */
  | 'consent'
  | 'unreachable'
  /** No word for longer than the idle limit. */
  | 'stalled'
  /** The stream ended before the answer did. */
  | 'cut-off'
  | 'server'
  /** An answer that is none of Chat Completions'. */
  | 'not-understood';

/** A model could not be asked, or did not answer. `message` is one line and says what to do. */
export class ChatError extends StratusError {
  readonly fault: ChatFault;

  constructor(fault: ChatFault, message: string, options?: ErrorOptions) {
    super('model', message, options);
    this.name = 'ChatError';
    this.fault = fault;
  }
}

/** The fault of a ChatError of any bundle; null for other errors. */
export function chatFaultOf(error: unknown): ChatFault | null {
  return isStratusError(error) && error.code === 'model' && 'fault' in error ? (error as ChatError).fault : null;
}

/** Tokens of a text, where nobody counts them: four characters each, which is a little too many for English. */
export function estimatedTokens(text: string): number {
  return Math.ceil(text.length / 4);
}
