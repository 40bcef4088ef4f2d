import type { ChatEnd, ChatMessage, ToolCall, ToolSpec } from '../../../domain/chat.ts';
import { estimatedTokens } from '../../../domain/chat.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { masked } from './masked.ts';
import type { MeterParts } from './metered-model.ts';
import { MeteredModel } from './metered-model.ts';

export interface Turn {
  text: string;
  calls: ToolCall[];
  end: ChatEnd;
}

export interface TurnRequest {
  tools?: readonly ToolSpec[];
  force?: string;
  maxTokens: number;
}

/** Of what a model said, so much is shown to it again, in characters: what rambles on would fill the room for evidence. */
const KEPT_THOUGHT = 4_000;
/** Of an answer that streams, in characters: enough to mask and cut it to what is shown. */
const LOOKED_AT = 1_200;
/** Kept free for what is counted differently by the server. */
const MARGIN_TOKENS = 256;
/** In place of a tool's answer that was read long ago. */
const LEFT_OUT = 'left out to make room; ask again if it is needed';

/**
 * One role's talk with a model. The oldest answers of tools give way when the talk becomes too long for the model; thoughts
 * are shown as they come.
 */
export class Conversation {
  readonly #parts: MeterParts;
  readonly #model: MeteredModel;
  #messages: ChatMessage[];

  constructor(parts: MeterParts, system: string, user: string) {
    this.#parts = parts;
    this.#model = new MeteredModel(parts);
    this.#messages = [
      { role: 'system', text: system },
      { role: 'user', text: user },
    ];
  }

  say(text: string): void {
    this.#messages.push({ role: 'user', text });
  }

  answer(call: ToolCall, text: string): void {
    this.#messages.push({ role: 'tool', id: call.id, tool: call.tool, text });
  }

  /** Asks for the next answer and keeps it. @throws ChatError, StratusError `model` when the budget is spent */
  async turn({ tools, force, maxTokens }: TurnRequest): Promise<Turn> {
    const { context, use } = this.#parts;
    const request = {
      messages: this.#fitting(maxTokens, tools ?? []),
      maxTokens,
      ...(tools ? { tools } : {}),
      ...(force ? { force } : {}),
    };
    const turn: Turn = { text: '', calls: [], end: 'stop' };
    let seen = '';
    for await (const part of this.#model.complete(request, context.signal)) {
      if (part.type === 'text') {
        turn.text += part.text;
        // Its beginning is what is shown: of what rambles on, no more is looked at again with every word.
        const now = oneLine(masked(turn.text.slice(0, LOOKED_AT), use), 300);
        if (now !== seen) context.emit({ type: 'thought', text: (seen = now), partial: true });
      } else if (part.type === 'call') turn.calls.push(part.call);
      else if (part.type === 'end') turn.end = part.reason;
    }
    const thought = oneLine(masked(turn.text, use), 600);
    if (thought) context.emit({ type: 'thought', text: thought });
    const text = use.thoughtDropout ? '' : turn.text.slice(0, KEPT_THOUGHT);
    this.#messages.push({ role: 'assistant', text, calls: turn.calls });
    return turn;
  }

  /** The messages, with the oldest answers of tools left out until there is room for the next answer. */
  #fitting(maxTokens: number, tools: readonly ToolSpec[]): ChatMessage[] {
    const room = this.#model.contextTokens - maxTokens - estimatedTokens(JSON.stringify(tools)) - MARGIN_TOKENS;
    const size = () => this.#messages.reduce((sum, message) => sum + estimatedTokens(JSON.stringify(message)), 0);
    for (const [index, message] of this.#messages.entries()) {
      if (size() <= room) break;
      if (message.role === 'tool' && message.text.length > LEFT_OUT.length)
        this.#messages[index] = { ...message, text: LEFT_OUT };
      if (message.role === 'assistant' && message.text) this.#messages[index] = { ...message, text: '' };
    }
    return this.#messages;
  }
}
