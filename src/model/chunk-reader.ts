import * as z from 'zod';
import type { ChatEnd, ToolCall } from '../domain/chat.ts';
import { ChatError } from '../domain/chat.ts';
import { oneLine } from '../text/plain-text.ts';

const Text = z.string().nullish();
/** Some servers give the arguments as an object. */
const Arguments = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish();
const Chunk = z.object({
  model: Text,
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: Text,
            refusal: Text,
            /** Thoughts of reasoning models, under the names that are in use. */
            reasoning_content: Text,
            reasoning: Text,
            tool_calls: z
              .array(
                z.object({
                  index: z.number().nullish(),
                  id: Text,
                  function: z.object({ name: Text, arguments: Arguments }).nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
        finish_reason: Text,
      }),
    )
    .nullish(),
  usage: z.object({ prompt_tokens: z.number().nonnegative(), completion_tokens: z.number().nonnegative() }).nullish(),
});

const MOST_CALLS = 64;
/** Pieces in a row in which nothing is. */
const MOST_EMPTY = 2_000;

interface Half {
  index: number | null;
  id: string;
  tool: string;
  args: string;
}

/** Puts an answer together from the pieces of its stream. */
export class ChunkReader {
  readonly #mostCharacters: number;
  readonly #halves: Half[] = [];
  #characters = 0;
  #empty = 0;
  #finish: string | null = null;
  #full = false;
  model = '';
  text = '';
  usage: { tokensIn: number; tokensOut: number } | null = null;

  /** @param mostCharacters of text, thoughts and arguments together; a server that writes on is not heard to its end */
  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters;
  }

  /**
   * @returns the text of this piece, and whether there was anything in it at all
   * @throws ChatError `not-understood`
   */
  take(piece: unknown): { text: string; moved: boolean } {
    const read = Chunk.safeParse(piece);
    if (!read.success) throw strange();
    const { model, choices, usage } = read.data;
    if (model) this.model = oneLine(model, 200);
    if (usage) this.usage = { tokensIn: usage.prompt_tokens, tokensOut: usage.completion_tokens };
    const choice = choices?.[0];
    const delta = choice?.delta;
    const text = (delta?.content ?? '') + (delta?.refusal ?? '');
    const before = this.#characters;
    this.#characters += text.length + (delta?.reasoning_content ?? delta?.reasoning ?? '').length;
    for (const part of delta?.tool_calls ?? []) this.#call(part);
    if (choice?.finish_reason) this.#finish = choice.finish_reason;
    this.text += text;
    this.#full ||= this.#characters > this.#mostCharacters;
    const moved = this.#characters > before || !!choice?.finish_reason || !!usage;
    this.#empty = moved ? 0 : this.#empty + 1;
    if (this.#empty > MOST_EMPTY) throw strange();
    return { text, moved };
  }

  /** Nothing more is worth waiting for but the usage. */
  get finished(): boolean {
    return this.#finish !== null;
  }

  /** The answer is longer than it may be. */
  get full(): boolean {
    return this.#full;
  }

  get calls(): ToolCall[] {
    return this.#halves.map(({ id, tool, args }, at) => ({ id: id || `call-${at + 1}`, tool, args: args || '{}' }));
  }

  get end(): ChatEnd {
    if (this.#finish === 'content_filter') return 'filtered';
    if (this.#full || this.#finish === 'length') return 'length';
    return this.#halves.length > 0 ? 'calls' : 'stop';
  }

  #call(part: {
    index?: number | null;
    id?: string | null;
    function?: { name?: string | null; arguments?: unknown } | null;
  }) {
    const { index = null, id, function: named } = part;
    const name = named?.name ?? '';
    const last = index === null ? this.#halves.at(-1) : this.#halves.findLast((half) => half.index === index);
    // A new id is a new call, whatever its index says: some servers number each of them 0.
    let half = last && !(id && last.id && id !== last.id) && !(index === null && !id && name) ? last : undefined;
    if (!half) {
      if (this.#halves.length >= MOST_CALLS) throw strange();
      half = { index, id: id ?? '', tool: '', args: '' };
      this.#halves.push(half);
    }
    const args =
      typeof named?.arguments === 'object' && named.arguments !== null
        ? JSON.stringify(named.arguments)
        : (named?.arguments ?? '');
    half.id ||= id ?? '';
    if (half.tool !== name) half.tool += name;
    half.args += String(args);
    this.#characters += name.length + String(args).length + (id ? 1 : 0);
  }
}

function strange(): ChatError {
  return new ChatError(
    'not-understood',
    'the server sends a stream that is not the one of Chat Completions: check its address',
  );
}
