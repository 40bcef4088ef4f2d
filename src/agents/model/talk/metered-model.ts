import type { BrainContext } from '../../../domain/brain.ts';
import type { Usage } from '../../../domain/budget.ts';
import type { ChatMessage, ChatModel, ChatPart, ChatRequest } from '../../../domain/chat.ts';
import { estimatedTokens } from '../../../domain/chat.ts';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { ModelUse } from '../../../domain/model-settings.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { sha256 } from '../../../text/sha256.ts';
import type { Allowance } from './allowance.ts';
import { priceOf } from './allowance.ts';
import { masked } from './masked.ts';

export interface MeterParts {
  model: ChatModel;
  use: ModelUse;
  allowance: Allowance;
  context: Pick<BrainContext, 'emit' | 'signal' | 'clock'>;
  /** What the calls are for, in words. */
  purpose: string;
}

/** Longest answer that is read, in characters: what is longer is no answer any more. */
const LONGEST_ANSWER = 60_000;

type Counted = Pick<Usage, 'tokensIn' | 'tokensOut' | 'estimated'>;

/**
 * The one way from a role to a model: what leaves is redacted, what comes is bounded, and every call is counted, priced and
 * told, also one that fails.
 * @throws of `complete`: as the model, and StratusError `model` when nothing may be spent any more
 */
export class MeteredModel implements ChatModel {
  readonly name: string;
  readonly contextTokens: number;
  readonly #parts: MeterParts;

  constructor(parts: MeterParts) {
    this.#parts = parts;
    this.name = parts.model.name;
    this.contextTokens = parts.model.contextTokens;
  }

  async *complete(given: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart> {
    const { model, allowance, context, use } = this.#parts;
    signal.throwIfAborted();
    const request: ChatRequest = { ...given, messages: given.messages.map((message) => maskedMessage(message, use)) };
    allowance.check(estimatedTokens(JSON.stringify(request)), priceOf(use.prices, model.name, 0, 0) !== null);
    const began = context.clock.monotonic();
    const got: ChatPart[] = [];
    let length = 0;
    let usage: Counted | null = null;
    let problem: string | undefined;
    try {
      for await (const part of model.complete(request, signal)) {
        if (part.type === 'usage') usage = part;
        else got.push(part);
        length += part.type === 'text' ? part.text.length : part.type === 'call' ? part.call.args.length : 0;
        if (length > LONGEST_ANSWER) throw new Error('the answer does not end');
        yield part;
      }
    } catch (error) {
      problem = oneLine(messageOf(error));
      throw error;
    } finally {
      this.#tell(request, got, usage, Math.round(context.clock.monotonic() - began), problem);
    }
  }

  #tell(
    request: ChatRequest,
    parts: readonly ChatPart[],
    counted: Counted | null,
    milliseconds: number,
    problem: string | undefined,
  ): void {
    const { model, context, allowance, use, purpose } = this.#parts;
    const sent = JSON.stringify(request);
    const got = masked(JSON.stringify(joined(parts)), use);
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
}

/** Pieces of text as one. */
function joined(parts: readonly ChatPart[]): unknown[] {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return [...(text ? [{ text }] : []), ...parts.filter(({ type }) => type !== 'text')];
}

function maskedMessage(message: ChatMessage, use: ModelUse): ChatMessage {
  if (message.role !== 'assistant') return { ...message, text: masked(message.text, use) };
  const calls = message.calls.map((call) => ({ ...call, args: masked(call.args, use) }));
  return { ...message, text: masked(message.text, use), calls };
}
