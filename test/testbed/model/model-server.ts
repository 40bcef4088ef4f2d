import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promptOf, shapeOf, type ChatBody, type Shape } from './chat-prompt.ts';
import { ContextFull, LlamaEngine, type Generated } from './llama-engine.ts';

/**
 * The process behind `npm run testbed -- model up`: Chat Completions for one model in memory, on the loopback, one request
 * after the other. Arguments: folder of the engine, file of weights, its name, port (0: any), tokens of the context,
 * threads, file that gets the address once it answers.
 */
const [engineFolder = '', weights = '', name = '', port = '0', contextTokens = '4096', threads = '1', ready = ''] =
  process.argv.slice(2);

const MOST_BODY = 4 * 1024 * 1024;
const MOST_TOKENS = 1_024;

const started = performance.now();
const engine = await LlamaEngine.load(engineFolder, weights, Number(contextTokens), Number(threads));
const loadMs = Math.round(performance.now() - started);

/** The model answers one at a time. */
let turn: Promise<unknown> = Promise.resolve();

class Refused extends Error {
  readonly status: number;
  readonly about: Record<string, unknown>;

  constructor(status: number, message: string, about: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.about = about;
  }
}

const server = createServer((req, res) => {
  route(req, res).catch((error: Error) => {
    if (res.headersSent) return void res.destroy();
    const { status, about } = error instanceof Refused ? error : new Refused(500, error.message);
    json(res, status, { error: { code: status, message: error.message, ...about } });
  });
});
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
writeFileSync(`${ready}.new`, JSON.stringify({ baseUrl, loadMs }));
renameSync(`${ready}.new`, ready);
process.stdout.write(`${name} answers at ${baseUrl}, loaded in ${loadMs} ms\n`);

async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = (req.url ?? '').split('?')[0];
  if (req.method === 'GET' && path === '/v1/models')
    return json(res, 200, { object: 'list', data: [{ id: name, object: 'model', owned_by: 'testbed' }] });
  if (req.method === 'GET' && path === '/health') return json(res, 200, { status: 'ok' });
  if (req.method !== 'POST' || path !== '/v1/chat/completions')
    throw new Refused(404, `there is no ${req.method} ${path}`);
  const body = await bodyOf(req);
  const shape = shapeIn(body);
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  const mine = turn.then(() => (gone.signal.aborted ? undefined : answer(res, body, shape, gone.signal)));
  turn = mine.catch(() => undefined);
  await mine;
}

async function bodyOf(req: IncomingMessage): Promise<ChatBody> {
  let text = '';
  for await (const piece of req.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > MOST_BODY) throw new Refused(413, 'the request is too large');
  }
  try {
    const body = JSON.parse(text) as ChatBody;
    if (Array.isArray(body.messages) && body.messages.every(({ role }) => typeof role === 'string')) return body;
  } catch {
    // Refused below, like JSON of another shape.
  }
  throw new Refused(400, 'the body is no request of Chat Completions');
}

function shapeIn(body: ChatBody): Shape {
  try {
    return shapeOf(body);
  } catch (error) {
    throw new Refused(400, (error as Error).message);
  }
}

async function answer(res: ServerResponse, body: ChatBody, shape: Shape, signal: AbortSignal): Promise<void> {
  const id = `chatcmpl-${randomUUID()}`;
  const call =
    shape.kind === 'call' && shape.tool ? { id: `call_${randomUUID().slice(0, 8)}`, tool: shape.tool } : null;
  const chunk = (delta: object, finish: string | null = null) =>
    send(res, {
      id,
      object: 'chat.completion.chunk',
      created: 0,
      model: name,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  const pieces = engine.generate(
    {
      prompt: promptOf(body, shape),
      maxTokens: Math.max(1, Math.min(body.max_completion_tokens ?? body.max_tokens ?? MOST_TOKENS, MOST_TOKENS)),
      temperature: body.temperature ?? 0,
      ...(shape.kind === 'words' ? {} : { schema: shape.schema }),
    },
    signal,
  );
  let text = '';
  let begun = false;
  const begin = () => {
    if (begun || !body.stream) return;
    begun = true;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const opening = { index: 0, id: call?.id, type: 'function', function: { name: call?.tool, arguments: '' } };
    chunk({ role: 'assistant', ...(call ? { tool_calls: [opening] } : {}) });
  };
  let counted: Generated;
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done) {
        counted = next.value;
        break;
      }
      text += next.value;
      begin();
      if (body.stream && !(shape.kind === 'call' && !call))
        chunk(call ? { tool_calls: [{ index: 0, function: { arguments: next.value } }] } : { content: next.value });
    }
  } catch (error) {
    if (!(error instanceof ContextFull)) throw error;
    const message = `request (${error.promptTokens} tokens) exceeds the available context size (${engine.contextTokens} tokens), try increasing it`;
    throw new Refused(400, message, {
      type: 'exceed_context_size_error',
      n_prompt_tokens: error.promptTokens,
      n_ctx: engine.contextTokens,
    });
  } finally {
    await pieces.return({ promptTokens: 0, tokens: 0, end: 'stop' });
  }
  if (signal.aborted) return;
  begin();
  const calls = shape.kind === 'call' ? [call ? { ...call, args: text } : freeCall(text)] : [];
  const written = calls.map(({ id: callId, tool, args }) => ({
    id: callId,
    type: 'function',
    function: { name: tool, arguments: args },
  }));
  const finish = counted.end === 'length' ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop';
  const usage = {
    prompt_tokens: counted.promptTokens,
    completion_tokens: counted.tokens,
    total_tokens: counted.promptTokens + counted.tokens,
  };
  if (!body.stream) {
    const message = {
      role: 'assistant',
      content: calls.length > 0 ? null : text,
      ...(calls.length > 0 ? { tool_calls: written } : {}),
    };
    return json(res, 200, {
      id,
      object: 'chat.completion',
      created: 0,
      model: name,
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    });
  }
  if (shape.kind === 'call' && !call) chunk({ tool_calls: written.map((one, index) => ({ index, ...one })) });
  chunk({}, finish);
  if (body.stream_options?.include_usage)
    send(res, { id, object: 'chat.completion.chunk', created: 0, model: name, choices: [], usage });
  res.end('data: [DONE]\n\n');
}

/** A call of whichever tool; one that was cut keeps what there is. */
function freeCall(text: string): { id: string; tool: string; args: string } {
  const id = `call_${randomUUID().slice(0, 8)}`;
  try {
    const { tool, args } = JSON.parse(text) as { tool: string; args: unknown };
    return { id, tool, args: JSON.stringify(args) };
  } catch {
    // Cut at max_tokens.
    return { id, tool: /"tool"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? '', args: text };
  }
}

function send(res: ServerResponse, value: object): void {
  res.write(`data: ${JSON.stringify(value)}\n\n`);
}

function json(res: ServerResponse, status: number, value: object): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(value));
}
