import { ChatError } from '../domain/chat.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import { oneLine } from '../text/plain-text.ts';
import { boundedText } from './bounded-text.ts';
import { TooLarge } from './guarded-fetch.ts';
import { reachOf } from './reach.ts';

const LIMIT_MS = 8_000;
/** Longest answer that is read, and most names that are taken of it. */
const MOST_CHARACTERS = 4_000_000;
const MAX_NAMES = 500;

/**
 * Names of the models that a server says it has (`GET /models`), in its order.
 * @throws ChatError saying why none can be told; the key is never in it
 */
export async function listModels(
  { baseUrl, apiKey }: Pick<ModelEndpoint, 'baseUrl' | 'apiKey'>,
  signal: AbortSignal,
): Promise<string[]> {
  const reach = reachOf({ provider: 'openai', baseUrl, apiKey });
  const url = `${reach.shown}/models`;
  const response = await fetch(`${reach.baseUrl}/models`, {
    headers: { accept: 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
    // A key must not follow to another server.
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ChatError('unreachable', `${url} does not answer: is the server running?`, { cause: error });
  });
  if (response.status === 401 || response.status === 403)
    throw new ChatError('unauthorized', `${url} wants ${apiKey ? 'another' : 'a'} key (${response.status})`);
  if (!response.ok) throw new ChatError('server', `${url} answered ${response.status}: it may not list its models`);
  const body = await listing(response, url, signal);
  const names = namesIn(body);
  if (!names) throw new ChatError('not-understood', `${url} answered no list of models: does the address end in /v1?`);
  return names;
}

async function listing(response: Response, url: string, signal: AbortSignal): Promise<string> {
  try {
    return await boundedText(response, MOST_CHARACTERS);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TooLarge) throw new ChatError('not-understood', `${url} answered more than a list of models`);
    throw new ChatError('cut-off', `${url} stopped in the middle of its answer`, { cause: error });
  }
}

function namesIn(body: string): string[] | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // No JSON: whoever asked says so.
    return null;
  }
  const data = (value as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return null;
  const ids = data.map((one: { id?: unknown } | null) => (typeof one?.id === 'string' ? oneLine(one.id, 200) : ''));
  return [...new Set(ids.filter((id) => id !== ''))].slice(0, MAX_NAMES);
}
