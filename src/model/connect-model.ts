import { AzureOpenAI, OpenAI } from 'openai';
import type { ChatModel, ChatPart, ChatRequest, ToolCall } from '../domain/chat.ts';
import { ChatError, estimatedTokens } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import { oneLine } from '../text/plain-text.ts';
import { AbilityMemory, FORCED, OFFERED, type Abilities, type Form } from './abilities.ts';
import { ChunkReader } from './chunk-reader.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { IdleWatch } from './idle-watch.ts';
import { callInText } from './json-in-text.ts';
import { reachOf, type Reach } from './reach.ts';
import { adapt, chatErrorOf, isFiltered, pauseBefore, refusesForm, type Asked } from './refusals.ts';
import { bodyOf } from './request-body.ts';

export interface ModelOptions {
  /** Milliseconds without a word after which an answer is given up; default 60,000. */
  idleMs?: number;
  /** The same before the first word; default: `idleMs`, and 300,000 for a server on this machine, which may read slowly. */
  firstMs?: number;
  /** What is known of what servers take; default: what this process has seen. */
  memory?: AbilityMemory;
}

const IDLE_MS = 60_000;
const LOCAL_FIRST_MS = 300_000;
/** For what may come after the end of an answer: its tokens. */
const TAIL_MS = 5_000;
/** For the end of the stream, once everything is there. */
const END_MS = 1_000;
const RETRIES = 2;
/** Forced calls that led to none, before the form is given up for good. */
const MOST_IGNORED = 2;
const CONTEXT_TOKENS = 32_768;
const AZURE_API = '2025-04-01-preview';
/** The client's own limits: never reached before ours. */
const CLIENT_TIMEOUT_MS = 3_600_000;
/** A server that says so is a script, for tests and demonstrations. */
const SCRIPTED = 'x-stratus-scripted';
const PROCESS_MEMORY = new AbilityMemory();

/**
 * A model behind a server that speaks Chat Completions. Nothing is sent before it is asked.
 * `scripted` shows from the first answer with the header `x-stratus-scripted: 1` on.
 * @throws ChatError for an endpoint that cannot or must not be asked
 */
export function connectModel(endpoint: ModelEndpoint, clock: Clock, options: ModelOptions = {}): ChatModel {
  if (!endpoint.model.trim()) throw new ChatError('no-model', 'no model is named: say which one the server shall use');
  return new ServedModel(endpoint, reachOf(endpoint), clock, options);
}

/** How one request went. */
interface Outcome {
  reader: ChunkReader;
  /** The provider held the question back. */
  filtered: boolean;
}

class ServedModel implements ChatModel {
  readonly name: string;
  readonly contextTokens: number;
  scripted?: true;
  readonly #endpoint: ModelEndpoint;
  readonly #client: OpenAI;
  readonly #clock: Clock;
  readonly #asked: Asked;
  readonly #firstMs: number;
  readonly #idleMs: number;
  readonly #abilities: () => Abilities;

  constructor(endpoint: ModelEndpoint, reach: Reach, clock: Clock, options: ModelOptions) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.name = oneLine(endpoint.model, 200);
    this.contextTokens = endpoint.contextTokens ?? CONTEXT_TOKENS;
    this.#asked = { where: reach.shown, model: this.name, key: endpoint.apiKey };
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#firstMs = options.firstMs ?? (reach.loopback ? Math.max(LOCAL_FIRST_MS, this.#idleMs) : this.#idleMs);
    this.#client = clientOf(endpoint, reach);
    const memory = options.memory ?? PROCESS_MEMORY;
    const key = JSON.stringify([endpoint.provider, reach.baseUrl, endpoint.model]);
    const limit = endpoint.provider === 'azure' || !endpoint.baseUrl.trim() ? 'max_completion_tokens' : 'max_tokens';
    this.#abilities = () => memory.of(key, clock, limit);
  }

  async *complete(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart> {
    signal.throwIfAborted();
    const left = new AbortController();
    try {
      yield* this.#complete(request, AbortSignal.any([signal, left.signal]));
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      left.abort();
    }
  }

  async *#complete(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    const abilities = this.#abilities();
    const { tools = [], force } = request;
    const forms: readonly Form[] = tools.length === 0 ? ['plain'] : force === undefined ? OFFERED : FORCED;
    const ladder = force === undefined ? 'offered' : 'forced';
    const usage = new UsageCount();
    /** Forms before this one were refused. */
    let refused = tools.length === 0 ? 0 : abilities[ladder];
    for (let at = refused; ; at++) {
      const form = forms[at]!;
      const last = at === forms.length - 1;
      let outcome: Outcome;
      try {
        outcome = yield* this.#ask(request, form, abilities, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        if (last || !refusesForm(error, form)) throw chatErrorOf(error, this.#asked, false);
        if (refused === at) refused++;
        continue;
      }
      if (tools.length > 0) abilities[ladder] = Math.max(abilities[ladder], refused);
      const { reader, filtered } = outcome;
      usage.add(request, reader);
      const end = filtered ? 'filtered' : reader.end;
      const { text, calls } = heard(reader, form, request);
      if (force !== undefined && calls.length === 0 && (end === 'stop' || end === 'calls')) {
        // The server took the request, and nothing was called: it does not know how to force a tool.
        if (!last && at === abilities.forced && ++abilities.ignored >= MOST_IGNORED) {
          abilities.forced++;
          abilities.ignored = 0;
        }
        if (!last) continue;
      } else if (at === abilities.forced) abilities.ignored = 0;
      if (!isLive(form) && text) yield { type: 'text', text };
      for (const call of calls) yield { type: 'call', call };
      yield* usage.part();
      const reason = end === 'length' || end === 'filtered' ? end : calls.length > 0 ? 'calls' : 'stop';
      return yield { type: 'end', reason, model: reader.model || this.name };
    }
  }

  /** One request; its text is handed on at once where it is certain to be one. Throws what went wrong, as it came. */
  async *#ask(
    request: ChatRequest,
    form: Form,
    abilities: Abilities,
    signal: AbortSignal,
  ): AsyncGenerator<ChatPart, Outcome> {
    const reader = new ChunkReader(Math.min(2_000_000, 20_000 + request.maxTokens * 20));
    let opened;
    try {
      opened = await this.#open(request, form, abilities, signal);
    } catch (error) {
      if (isFiltered(error)) return { reader, filtered: true };
      throw error;
    }
    const { stream, watch } = opened;
    const pieces = stream[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await watch.wait(pieces.next());
        signal.throwIfAborted();
        if (next.done) break;
        const { text, moved } = reader.take(next.value);
        if (text && isLive(form)) yield { type: 'text', text };
        if (reader.full) break;
        if (reader.finished) watch.shorten(reader.usage ? END_MS : TAIL_MS);
        else if (moved) watch.progress();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isFiltered(error)) return { reader, filtered: true };
      // The answer was whole; what was missing is at most its tokens.
      if (!reader.finished) throw chatErrorOf(error, this.#asked, true);
    }
    if (!reader.finished && !reader.full)
      throw new ChatError(
        'cut-off',
        `the answer of ${this.#asked.where} ended in the middle: try again, and see the server's log`,
      );
    return { reader, filtered: false };
  }

  async #open(request: ChatRequest, form: Form, abilities: Abilities, signal: AbortSignal) {
    for (let tries = 0; ;) {
      const watch = new IdleWatch(this.#clock, this.#firstMs, this.#idleMs);
      try {
        const body = bodyOf(this.#endpoint, request, form, abilities);
        const { data, response } = await watch.wait(
          this.#client.chat.completions.create(body, { signal }).withResponse(),
        );
        if (response.headers.get(SCRIPTED) === '1') this.scripted = true;
        this.#mustStream(response);
        return { stream: data, watch };
      } catch (error) {
        signal.throwIfAborted();
        if (adapt(error, abilities)) continue;
        const pause = tries < RETRIES ? pauseBefore(error, tries) : null;
        if (pause === null) throw error;
        tries++;
        await this.#clock.sleep(pause, signal);
      }
    }
  }

  #mustStream(response: Response): void {
    const type = response.headers.get('content-type');
    if (type === null || /^text\/event-stream\b/i.test(type)) return;
    const kind = oneLine(type.split(';')[0], 60);
    throw new ChatError(
      'not-understood',
      `${this.#asked.where} answers with ${kind} instead of a stream of events: check the address (often it ends in /v1)`,
    );
  }
}

/** Text is handed on as it comes, for it cannot be the call that was asked for. */
function isLive(form: Form): boolean {
  return form === 'plain' || form === 'tools';
}

/** What was said and called, wherever the form lets calls stand. */
function heard(
  reader: ChunkReader,
  form: Form,
  { tools = [], force }: ChatRequest,
): { text: string; calls: ToolCall[] } {
  const { text, calls } = reader;
  if (isLive(form) || calls.length > 0) return { text, calls };
  const found = callInText(text, tools, force);
  return found ? { text: found.before, calls: [found.call] } : { text, calls };
}

/** Tokens of all requests that one answer took. */
class UsageCount {
  #in = 0;
  #out = 0;
  #estimated = false;

  add({ messages, tools = [] }: ChatRequest, reader: ChunkReader): void {
    const { usage } = reader;
    this.#in += usage?.tokensIn ?? estimatedTokens(JSON.stringify([messages, tools]));
    this.#out += usage?.tokensOut ?? estimatedTokens(reader.text + reader.calls.map(({ args }) => args).join(''));
    this.#estimated ||= usage === null;
  }

  *part(): Generator<ChatPart> {
    yield { type: 'usage', tokensIn: this.#in, tokensOut: this.#out, ...(this.#estimated ? { estimated: true } : {}) };
  }
}

/** Everything that the client would read from the environment is given, so that only the settings count. */
function clientOf({ provider, model, apiKey, apiVersion }: ModelEndpoint, { baseUrl }: Reach): OpenAI {
  const common = {
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off' as const,
    maxRetries: 0,
    timeout: CLIENT_TIMEOUT_MS,
    fetch: guardedFetch(apiKey === null),
  };
  if (provider === 'openai') return new OpenAI({ ...common, baseURL: baseUrl });
  const baseURL = `${baseUrl.replace(/\/openai(\/.*)?$/, '')}/openai`;
  return new AzureOpenAI({ ...common, baseURL, deployment: model, apiVersion: apiVersion ?? AZURE_API });
}
