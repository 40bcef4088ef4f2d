import * as z from 'zod';
import { oneLine } from '../text/plain-text.ts';
import { boundedText } from './bounded-text.ts';
import { guardedFetch } from './guarded-fetch.ts';

/** A model that a server on this machine offers. */
export interface LocalModel {
  baseUrl: string;
  server: string;
  model: string;
}

/** Where the usual servers listen unless told otherwise. */
export const USUAL_SERVERS: readonly { server: string; port: number }[] = [
  { server: 'Ollama', port: 11_434 },
  { server: 'LM Studio', port: 1234 },
  { server: 'llama.cpp', port: 8080 },
  { server: 'vLLM', port: 8000 },
  { server: 'Jan', port: 1337 },
  { server: 'GPT4All', port: 4891 },
  { server: 'KoboldCpp', port: 5001 },
  { server: 'text-generation-webui', port: 5000 },
  { server: 'LocalAI', port: 8081 },
];

/** A server on this machine answers at once, or is none for us. */
const LIMIT_MS = 1_500;
const MOST_MODELS = 50;
const MOST_CHARACTERS = 1_000_000;
/** Models that cannot talk. */
const NO_CHAT = /embed|rerank|whisper|\btts\b|clip|bge-|minilm/i;

const Listing = z.object({ data: z.array(z.object({ id: z.string().min(1) })) });

/** Asks the usual local ports, all at once and none for long. What is no list of models is left out. */
export async function findLocalModels(
  signal: AbortSignal,
  servers: readonly { server: string; port: number }[] = USUAL_SERVERS,
): Promise<LocalModel[]> {
  const found = await Promise.all(servers.map(({ server, port }) => modelsAt(server, port, signal)));
  signal.throwIfAborted();
  return found.flat();
}

async function modelsAt(server: string, port: number, signal: AbortSignal): Promise<LocalModel[]> {
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const response = await guardedFetch(true)(`${baseUrl}/models`, { signal: limit });
    if (!response.ok) return [];
    const { data } = Listing.parse(JSON.parse(await boundedText(response, MOST_CHARACTERS)));
    const names = new Set(data.map(({ id }) => id).filter((id) => id === oneLine(id, 200) && !NO_CHAT.test(id)));
    return [...names].slice(0, MOST_MODELS).map((model) => ({ baseUrl, server, model }));
  } catch {
    // Nothing listens there, or it is something else: both are the usual case.
    return [];
  }
}
