import { createHash } from 'node:crypto';
import type { BrainContext } from '../../../domain/brain.ts';
import type { Usage } from '../../../domain/budget.ts';
import type { ChatEnd, ChatMessage, ChatModel, ChatRequest, ToolCall, ToolSpec } from '../../../domain/chat.ts';
import { estimatedTokens } from '../../../domain/chat.ts';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { ModelUse } from '../../../domain/model-settings.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { Allowance } from './allowance.ts';
import { priceOf } from './allowance.ts';
import { masked } from './masked.ts';

export interface ConversationParts {
  model: ChatModel;
  use: ModelUse;
  allowance: Allowance;
  context: Pick<BrainContext, 'emit' | 'signal' | 'clock'>;
  /** What the calls are for, in words. */
  purpose: string;
}

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

/** Longest answer that is read, in characters: what is longer is no answer any more. */
const LONGEST_ANSWER = 60_000;
/** Kept free for what is counted differently by the server. */
const MARGIN_TOKENS = 256;
/** A tool's answer that was read and acted upon is shortened to this when room is needed. */
const LEFT_OUT = 'left out to make room; ask again if it is needed';

/**
 * One role's talk with a model. Everything that is sent is redacted, every call is counted, priced and told; the oldest
 * answers of tools give way when the talk becomes too long for the model.
 */
export class Conversation {
  readonly #parts: ConversationParts;
  #messages: ChatMessage[];

  constructor(parts: ConversationParts, system: string, user: string) {
    this.#parts = parts;
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
    const { model, allowance, context, use } = this.#parts;
    context.signal.throwIfAborted();
    allowance.check();
    const request: ChatRequest = {
      messages: this.#fitting(maxTokens, tools ?? []).map((message) => maskedMessage(message, use)),
      maxTokens,
      ...(tools ? { tools } : {}),
      ...(force ? { force } : {}),
    };
    const turn = await this.#ask(model, request);
    this.#messages.push({ role: 'assistant', text: use.thoughtDropout ? '' : turn.text, calls: turn.calls });
    return turn;
  }

  async #ask(model: ChatModel, request: ChatRequest): Promise<Turn> {
    const { context } = this.#parts;
    const began = context.clock.monotonic();
    const turn: Turn = { text: '', calls: [], end: 'stop' };
    let usage: Pick<Usage, 'tokensIn' | 'tokensOut' | 'estimated'> | null = null;
    let problem: string | undefined;
    try {
      for await (const part of model.complete(request, context.signal)) {
        if (part.type === 'text') {
          turn.text += part.text;
          if (turn.text.length > LONGEST_ANSWER) throw new Error('the answer does not end');
          const seen = oneLine(masked(turn.text, this.#parts.use), 300);
          if (seen) context.emit({ type: 'thought', text: seen, partial: true });
        } else if (part.type === 'call') turn.calls.push(part.call);
        else if (part.type === 'usage') usage = part;
        else turn.end = part.reason;
      }
    } catch (error) {
      problem = oneLine(messageOf(error));
      throw error;
    } finally {
      this.#tell(model, request, turn, usage, Math.round(context.clock.monotonic() - began), problem);
    }
    return turn;
  }

  #tell(
    model: ChatModel,
    request: ChatRequest,
    turn: Turn,
    counted: Pick<Usage, 'tokensIn' | 'tokensOut' | 'estimated'> | null,
    milliseconds: number,
    problem: string | undefined,
  ): void {
    const { context, allowance, use, purpose } = this.#parts;
    const sent = JSON.stringify(request);
    const got = masked(JSON.stringify(turn), use);
    const { tokensIn, tokensOut, estimated } = counted ?? {
      tokensIn: estimatedTokens(sent),
      tokensOut: estimatedTokens(got),
      estimated: true as const,
    };
    const usage: Usage = {
      model: model.name,
      ...(model.scripted ? { scripted: true as const } : {}),
      tokensIn,
      tokensOut,
      usd: priceOf(use.prices, model.name, tokensIn, tokensOut),
      ...(estimated ? { estimated } : {}),
    };
    allowance.spend(usage);
    context.emit({
      type: 'usage',
      ...usage,
      call: {
        purpose,
        milliseconds,
        request: sha256(sent),
        answer: sha256(got),
        ...(use.keepBodies ? { requestText: sent, answerText: got } : {}),
        ...(problem ? { problem } : {}),
      },
    });
  }

  /** The messages, with the oldest answers of tools left out until there is room for the next answer. */
  #fitting(maxTokens: number, tools: readonly ToolSpec[]): ChatMessage[] {
    const { contextTokens } = this.#parts.model;
    const room = contextTokens - maxTokens - estimatedTokens(JSON.stringify(tools)) - MARGIN_TOKENS;
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

function maskedMessage(message: ChatMessage, use: ModelUse): ChatMessage {
  if (message.role !== 'assistant') return { ...message, text: masked(message.text, use) };
  const calls = message.calls.map((call) => ({ ...call, args: masked(call.args, use) }));
  return { ...message, text: masked(message.text, use), calls };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
