import type { ChatModel, ChatPart, ChatRequest } from '../../src/domain/chat.ts';

/** An answer of a model in a unit test: text, calls of tools (arguments as data or as raw text), or a failure. */
export type Spoken = { text?: string; calls?: { tool: string; args: unknown }[]; end?: 'length' | 'filtered' } | Error;

/** A model inside the process that says what a test has it say, and keeps what it was asked. */
export class SpokenModel implements ChatModel {
  readonly name = 'spoken';
  readonly contextTokens: number;
  readonly asked: ChatRequest[] = [];
  readonly #answers: ((request: ChatRequest) => Spoken)[];

  constructor(answers: readonly (Spoken | ((request: ChatRequest) => Spoken))[], contextTokens = 32_768) {
    this.contextTokens = contextTokens;
    this.#answers = answers.map((answer) => (typeof answer === 'function' ? answer : () => answer));
  }

  /** All that was sent, as one text. */
  get sent(): string {
    return JSON.stringify(this.asked);
  }

  async *complete(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart> {
    signal.throwIfAborted();
    // A copy: the conversation goes on with the same list.
    this.asked.push(structuredClone(request));
    const next = this.#answers.length > 1 ? this.#answers.shift()! : this.#answers[0];
    const answer = next ? next(request) : new Error('the script is over');
    if (answer instanceof Error) throw answer;
    if (answer.text) yield { type: 'text', text: answer.text };
    for (const [index, { tool, args }] of (answer.calls ?? []).entries()) {
      const text = typeof args === 'string' ? args : JSON.stringify(args);
      yield { type: 'call', call: { id: `call-${this.asked.length}-${index}`, tool, args: text } };
    }
    yield { type: 'usage', tokensIn: 100, tokensOut: 10 };
    yield { type: 'end', reason: answer.end ?? (answer.calls ? 'calls' : 'stop'), model: 'spoken' };
  }
}
