import { APIConnectionError, APIError } from 'openai';
import type { ChatFault } from '../domain/chat.ts';
import { ChatError } from '../domain/chat.ts';
import { oneLine } from '../text/plain-text.ts';
import type { Abilities, Form } from './abilities.ts';
import { TooLarge } from './guarded-fetch.ts';
import { Stalled } from './idle-watch.ts';

/** Whom the messages are about. */
export interface Asked {
  /** Address and name as people may see them. */
  where: string;
  model: string;
  key: string | null;
}

/** A server asks to wait at most this long before the same is tried again. */
export const LONGEST_WAIT_MS = 10_000;
const MOST_WORDS = 160;

/** OpenAI, Azure, vLLM, llama.cpp, Ollama, LM Studio, Anthropic, TGI. */
const TOO_LONG =
  /context_length_exceeded|exceed_context_size|maximum context length|context (?:size|length|window)[^.]{0,40}exceed|exceeds?[^.]{0,60}context|(?:prompt|input|request)[^.]{0,40}too (?:long|large)|reduce the length|longer than (?:the )?context|at most \d+ completion tokens|n_ctx|input length and `?max_tokens/i;
const FILTERED = /content_filter|content management policy|ResponsibleAIPolicy|content_policy_violation/i;
const NO_QUOTA = /insufficient_quota|quota|billing|credit/i;
const NO_MODEL =
  /model_not_found|DeploymentNotFound|model[^.]{0,120}(?:not found|does not exist|not exist|is not loaded)|no such model|unknown model|try pulling/i;
const OF_TOOLS = /\btool|function.?call|jinja|chat.?template/i;
const OF_SCHEMA = /response_format|json_schema|json.?mode|grammar|structured|guided/i;
const OF_SYSTEM = /system (?:role|message|prompt)[^.]{0,30}not|role[^.]{0,20}system|conversation roles must alternate/i;

const AGAIN: ReadonlySet<number> = new Set([408, 409, 429]);
/** Statuses of a request that the server does not take as it is. */
const NOT_TAKEN: ReadonlySet<number> = new Set([400, 405, 415, 422, 501]);

/** What a server said in its refusal, as it said it; pages of proxies say nothing. */
function saidBy(error: APIError): string {
  const body: unknown = error.error;
  const inner =
    typeof body === 'object' && body !== null
      ? ((body as { message?: unknown; detail?: unknown }).message ?? (body as { detail?: unknown }).detail)
      : body;
  const words = typeof inner === 'string' ? inner : inner === undefined ? error.message : JSON.stringify(inner);
  return [words, error.code, error.type].filter((one) => typeof one === 'string').join(' ');
}

/** The same for people: one line, short, without the key. */
function quoted(error: APIError, { key }: Asked): string {
  const body: unknown = error.error;
  const message = typeof body === 'object' && body !== null ? (body as { message?: unknown }).message : body;
  const text = typeof message === 'string' && !/^\s*</.test(message) ? message : '';
  const safe = oneLine(key ? text.replaceAll(key, '[key]') : text, MOST_WORDS);
  // White space and signs that do not show may have stood inside of it.
  return !safe || (key && safe.includes(key)) ? '' : ` (it says: ${safe})`;
}

/** The provider held the question back. */
export function isFiltered(error: unknown): boolean {
  return (
    error instanceof APIError && (error.status === 400 || error.status === undefined) && FILTERED.test(saidBy(error))
  );
}

/** Milliseconds to wait before the same may be tried again; null: it would not help, or the server wants more time. */
export function pauseBefore(error: unknown, tries: number): number | null {
  if (!(error instanceof APIError)) return null;
  const { status } = error;
  if (!(error instanceof APIConnectionError) && !(status !== undefined && (AGAIN.has(status) || status >= 500)))
    return null;
  if (status === 501 || (status === 429 && NO_QUOTA.test(saidBy(error)))) return null;
  const asked = retryAfter(error.headers);
  if (asked !== undefined && asked > LONGEST_WAIT_MS) return null;
  return Math.max(asked ?? 0, 500 * 2 ** tries);
}

function retryAfter(headers: Headers | undefined): number | undefined {
  const milliseconds = headers?.get('retry-after-ms') ?? '';
  if (/^\d{1,9}$/.test(milliseconds)) return Number(milliseconds);
  const seconds = headers?.get('retry-after') ?? '';
  return /^\d{1,6}(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

/** Gives up what the server does not take, and remembers that. False: this is not why it refused, or was given up already. */
export function adapt(error: unknown, abilities: Abilities): boolean {
  if (!(error instanceof APIError) || !NOT_TAKEN.has(error.status ?? 0)) return false;
  const said = `${error.param ?? ''} ${saidBy(error)}`;
  if (TOO_LONG.test(said)) return false;
  if (abilities.temperature && /temperature/i.test(said)) abilities.temperature = false;
  else if (abilities.usage && /stream_options|include_usage/i.test(said)) abilities.usage = false;
  else if (abilities.limit === 'max_tokens' && /max_tokens|max_completion_tokens/i.test(said))
    abilities.limit = 'max_completion_tokens';
  else if (abilities.limit === 'max_completion_tokens' && /max_completion_tokens/i.test(said))
    abilities.limit = 'max_tokens';
  else if (abilities.system && OF_SYSTEM.test(said)) abilities.system = false;
  else return false;
  return true;
}

/** Whether tools might be asked for in a simpler form with more luck. */
export function refusesForm(error: unknown, form: Form): boolean {
  if (form === 'plain' || form === 'text' || form === 'listed' || !(error instanceof APIError)) return false;
  const said = saidBy(error);
  if (TOO_LONG.test(said) || isFiltered(error) || NO_MODEL.test(said)) return false;
  const status = error.status ?? 0;
  return NOT_TAKEN.has(status) || ((status === 404 || status === 500) && (OF_TOOLS.test(said) || OF_SCHEMA.test(said)));
}

/** What people are told of a failure. @param started an answer had begun */
export function chatErrorOf(error: unknown, asked: Asked, started: boolean): ChatError {
  const { where, model, key } = asked;
  const fault = (kind: ChatFault, text: string) => new ChatError(kind, text);
  if (error instanceof ChatError) return error;
  if (error instanceof Stalled)
    return fault(
      'stalled',
      `no word from ${where} for ${Math.round(error.waited / 1000)} s: see whether the server is busy or hangs`,
    );
  if (error instanceof APIConnectionError)
    return fault('unreachable', `no connection to ${where}${reason(error)}: start the server, or correct the address`);
  if (!(error instanceof APIError)) {
    if (cameOf(error, TooLarge))
      return fault('not-understood', `${where} sends more than any answer of a model has: check the address`);
    if (error instanceof SyntaxError)
      return fault(
        'not-understood',
        `${where} sends a stream that is not the one of Chat Completions: check the address`,
      );
    return fault('cut-off', `the answer of ${where} ended in the middle: try again, and see the server's log`);
  }
  const { status } = error;
  const said = saidBy(error);
  const words = quoted(error, asked);
  if (status === 401 || status === 403)
    return fault(
      'unauthorized',
      `${where} ${key ? 'refuses the key' : 'wants a key'}: check the model's key and its rights${words}`,
    );
  if (TOO_LONG.test(said) || status === 413)
    return fault(
      'too-long',
      `the request is too long for ${model}: give the model a larger context, or tell Stratus how large it is${words}`,
    );
  if (status === 404 || NO_MODEL.test(said))
    return fault(
      'no-model',
      `${where} has no model ${model}: check its name and the address (often it ends in /v1)${words}`,
    );
  if (status === 429 || status === 402 || (status === undefined && /rate.?limit/i.test(said))) {
    const wait = retryAfter(error.headers);
    const until = wait === undefined ? 'try again later' : `try again in ${Math.ceil(wait / 1000)} s`;
    return fault(
      'limited',
      `${where} takes no more requests now: ${NO_QUOTA.test(said) ? 'check the quota' : until}${words}`,
    );
  }
  if (status !== undefined && status >= 300 && status < 400)
    return fault('not-understood', `${where} sends requests on to another address: configure the final one`);
  if (status === undefined)
    return fault(
      'server',
      `${where} broke off ${started ? 'its answer' : 'before answering'}: see the server's log${words}`,
    );
  return fault('server', `${where} answers with HTTP ${status}: see the server's log${words}`);
}

/** A code such as ECONNREFUSED: words of the system, none of the server's. */
function reason(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,50}$/.test(code)) return ` (${code})`;
  }
  return '';
}

function cameOf(error: unknown, kind: typeof TooLarge): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof kind) return true;
  return false;
}
