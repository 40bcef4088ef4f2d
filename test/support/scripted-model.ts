import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LLMock, type FixtureResponse } from '@copilotkit/aimock';
import type { ModelEndpoint } from '../../src/domain/model-settings.ts';

/** What a script answers to one request. Without anything: an empty text. */
export interface ScriptedAnswer {
  text?: string;
  /** `args` that are no string are written as JSON. */
  calls?: readonly { tool: string; args: unknown; id?: string }[];
  /** Default: counted by the mock; null: the server does not tell. */
  usage?: { tokensIn: number; tokensOut: number } | null;
  /** As Chat Completions has it: `stop`, `length`, `content_filter` … Default: what fits. */
  finish?: string;
  /** A refusal instead of an answer. */
  error?: { status: number; message?: string; code?: string; type?: string; param?: string };
  /** Exactly these bytes, in as many pieces, instead of an answer. */
  raw?: { status?: number; type?: string | null; pieces: readonly string[] };
  headers?: Readonly<Record<string, string>>;
  /** Nothing at all is sent before this resolves. */
  before?: Promise<unknown>;
  /** After so many pieces of the stream (0: its head only) something else happens. */
  then?: { after: number; does: 'reset' | 'stall' } | { after: number; does: Promise<unknown> };
}

/** The parts of a request body that scripts look at; the rest is there, too. */
export interface ScriptedBody {
  model: string;
  messages: { role: string; content: string | null; tool_call_id?: string; tool_calls?: unknown[] }[];
  tools?: { function: { name: string; description: string; parameters: unknown } }[];
  tool_choice?: string | { function: { name: string } };
  response_format?: { type: string };
  [key: string]: unknown;
}

export interface ScriptedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: ScriptedBody;
  /** Resolves when the client went away before the answer's end. */
  abandoned: Promise<void>;
}

/** One answer for each request, in their order, or what to answer to each (`index` counts from 0). */
export type Script =
  readonly ScriptedAnswer[] | ((request: ScriptedRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>);

export interface ScriptedModel {
  /** With `/v1`. */
  baseUrl: string;
  endpoint: ModelEndpoint;
  /** All that came, in the order of arrival. */
  requests: ScriptedRequest[];
  /** The bodies as they came, in one text: to search for what must never leave. */
  journal(): string;
  /** Resolves once so many requests have come. */
  came(count: number): Promise<void>;
  /** Ends the server, and every connection. */
  close(): Promise<void>;
}

/** A script that is used up says so with a status that nobody tries again. */
const USED_UP = 418;
const FIRST_STATUS = 200;

/**
 * A server of Chat Completions that answers by a script, over real HTTP on the loopback. Streams and errors are those of
 * aimock (strict); in front of it stands what aimock cannot do: resets and stalls in the middle, pieces held until a test
 * lets them go, arbitrary bytes. Every answer has the header `x-stratus-scripted: 1`.
 */
export async function scriptedModel(
  script: Script,
  options: { model?: string; chunk?: number } = {},
): Promise<ScriptedModel> {
  const { model = 'scripted', chunk = 8 } = options;
  const pending = new Map<string, FixtureResponse>();
  const mock = new LLMock({ strict: true, chunkSize: chunk, journalMaxEntries: 1 });
  mock.on({ predicate: (body) => typeof body['script'] === 'string' }, (body) => pending.get(String(body['script']))!);
  await mock.start();
  const requests: ScriptedRequest[] = [];
  const texts: string[] = [];
  const waiting: { count: number; tell: () => void }[] = [];

  const server = createServer((req, res) => {
    serve(req, res).catch((error: Error) => {
      if (!res.headersSent) res.writeHead(USED_UP, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ error: { message: error.message } }));
    });
  });

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.setHeader('x-stratus-scripted', '1');
    const text = await bodyText(req);
    if (req.method === 'GET') {
      res.setHeader('content-type', 'application/json');
      return void res.end(
        JSON.stringify({ object: 'list', data: [{ id: model, object: 'model', owned_by: 'script' }] }),
      );
    }
    const gone = Promise.withResolvers<void>();
    res.on('close', () => (res.writableFinished ? undefined : gone.resolve()));
    const request = {
      path: req.url ?? '',
      headers: req.headers,
      body: JSON.parse(text) as ScriptedBody,
      abandoned: gone.promise,
    };
    const index = requests.push(request) - 1;
    texts.push(text);
    for (const one of waiting.splice(0))
      if (requests.length >= one.count) one.tell();
      else waiting.push(one);
    const answer = typeof script === 'function' ? await script(request, index) : script[index];
    if (!answer) throw new Error(`the script has no answer number ${index + 1}`);
    await answer.before;
    for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
    if (answer.raw) return raw(res, answer);
    if (answer.error) return refuse(res, answer.error);
    const key = String(index);
    pending.set(key, fixtureOf(answer));
    await relay(res, `${mock.url}/v1/chat/completions`, JSON.stringify({ ...request.body, script: key }), answer);
    pending.delete(key);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    baseUrl,
    endpoint: { provider: 'openai', baseUrl, model, apiKey: null },
    requests,
    journal: () => texts.join('\n'),
    came: (count) => new Promise((tell) => (requests.length >= count ? tell() : void waiting.push({ count, tell }))),
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await mock.stop();
    },
  };
}

async function bodyText(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of req.setEncoding('utf8')) text += String(piece);
  return text;
}

function refuse(res: ServerResponse, { status, ...error }: NonNullable<ScriptedAnswer['error']>): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ error: { message: `refused with ${status}`, ...error } }));
}

async function raw(res: ServerResponse, answer: ScriptedAnswer): Promise<void> {
  const { status = FIRST_STATUS, type = 'text/event-stream', pieces } = answer.raw!;
  res.writeHead(status, type === null ? {} : { 'content-type': type });
  res.flushHeaders();
  for (const [at, piece] of pieces.entries()) if (!(await step(res, answer, at, piece))) return;
  if (await step(res, answer, pieces.length, '')) res.end();
}

/** Hands on what the mock streams, event by event. */
async function relay(res: ServerResponse, url: string, body: string, answer: ScriptedAnswer): Promise<void> {
  const got = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  res.writeHead(got.status, { 'content-type': got.headers.get('content-type') ?? 'text/plain' });
  res.flushHeaders();
  const events = (await got.text())
    .split(/(?<=\n\n)/)
    .filter((event) => answer.usage !== null || !event.includes('"usage":{'));
  for (const [at, event] of events.entries()) if (!(await step(res, answer, at, event))) return;
  if (await step(res, answer, events.length, '')) res.end();
}

/** False: the answer ends here. */
async function step(res: ServerResponse, { then }: ScriptedAnswer, at: number, piece: string): Promise<boolean> {
  if (then?.after === at) {
    if (then.does === 'stall') return false;
    if (then.does === 'reset') {
      res.socket?.resetAndDestroy();
      return false;
    }
    await then.does;
  }
  if (res.destroyed) return false;
  if (piece) await new Promise<void>((done) => res.write(piece, () => done()));
  // Each piece leaves by itself, as those of a model do.
  await new Promise((done) => setImmediate(done));
  return true;
}

function fixtureOf({ text = '', calls, usage, finish }: ScriptedAnswer): FixtureResponse {
  const more = {
    ...(finish === undefined ? {} : { finishReason: finish }),
    ...(usage ? { usage: { prompt_tokens: usage.tokensIn, completion_tokens: usage.tokensOut } } : {}),
  };
  if (!calls) return { content: text, ...more };
  const toolCalls = calls.map(({ tool, args, id }) => ({
    name: tool,
    arguments: typeof args === 'string' ? args : JSON.stringify(args),
    ...(id === undefined ? {} : { id }),
  }));
  return text ? { content: text, toolCalls, ...more } : { toolCalls, ...more };
}
