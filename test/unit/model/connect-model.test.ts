import { afterEach, describe, expect, test } from 'vitest';
import type { ChatPart, ChatRequest, ToolSpec } from '../../../src/domain/chat.ts';
import { AbilityMemory } from '../../../src/model/abilities.ts';
import { connectModel } from '../../../src/model/connect-model.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { scriptedModel, type Script, type ScriptedModel } from '../../support/scripted-model.ts';

const TOOL: ToolSpec = {
  name: 'submit',
  description: 'hands in the diagnosis',
  parameters: { type: 'object', properties: { cause: { type: 'string' } }, required: ['cause'] },
};
const OTHER: ToolSpec = { name: 'logs', description: 'reads logs', parameters: { type: 'object', properties: {} } };
const ASK: ChatRequest = { messages: [{ role: 'user', text: 'what is wrong?' }], maxTokens: 100 };

const servers: ScriptedModel[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function setUp(script: Script, key: string | null = null) {
  const server = await scriptedModel(script);
  servers.push(server);
  const clock = new FakeClock();
  const model = connectModel({ ...server.endpoint, apiKey: key }, clock, { memory: new AbilityMemory() });
  const ask = async (request: Partial<ChatRequest> = {}, signal = new AbortController().signal) => {
    const parts: ChatPart[] = [];
    for await (const part of model.complete({ ...ASK, ...request }, signal)) parts.push(part);
    return parts;
  };
  return { server, clock, model, ask };
}

const textOf = (parts: readonly ChatPart[]) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
const callsOf = (parts: readonly ChatPart[]) => parts.flatMap((part) => (part.type === 'call' ? [part.call] : []));
const endOf = (parts: readonly ChatPart[]) => parts.at(-1);
const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const says = (content: string, finish: string | null = null) =>
  event({ model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] });

describe('an answer', () => {
  test('streams its text in pieces, then tells tokens and end', async () => {
    const { server, model, ask } = await setUp([
      { text: 'The port of the Service is wrong.', usage: { tokensIn: 11, tokensOut: 7 } },
    ]);
    expect(model.scripted).toBeUndefined();
    const parts = await ask();
    expect(textOf(parts)).toBe('The port of the Service is wrong.');
    expect(parts.filter(({ type }) => type === 'text').length).toBeGreaterThan(2);
    expect(parts.slice(-2)).toEqual([
      { type: 'usage', tokensIn: 11, tokensOut: 7 },
      { type: 'end', reason: 'stop', model: 'scripted' },
    ]);
    expect(model.scripted).toBe(true);
    expect(server.requests[0]!.body).toMatchObject({
      model: 'scripted',
      temperature: 0,
      max_tokens: 100,
      stream: true,
    });
  });

  test('hands on its first words before the last ones are written', async () => {
    const rest = Promise.withResolvers<void>();
    const { model } = await setUp([
      { text: 'first words and then the rest of it', then: { after: 3, does: rest.promise } },
    ]);
    let text = '';
    for await (const part of model.complete(ASK, new AbortController().signal)) {
      if (part.type === 'text') text += part.text;
      rest.resolve();
    }
    expect(text).toBe('first words and then the rest of it');
  });

  test('holds calls, whole and after the text', async () => {
    const { server, ask } = await setUp([
      {
        text: 'I look.',
        calls: [
          { tool: 'logs', args: { pod: 'geo-1' }, id: 'a' },
          { tool: 'submit', args: '{"cause": ', id: 'b' },
        ],
      },
    ]);
    const parts = await ask({ tools: [OTHER, TOOL] });
    expect(callsOf(parts)).toEqual([
      { id: 'a', tool: 'logs', args: '{"pod":"geo-1"}' },
      { id: 'b', tool: 'submit', args: '{"cause": ' },
    ]);
    expect(parts.findLastIndex(({ type }) => type === 'text')).toBeLessThan(
      parts.findIndex(({ type }) => type === 'call'),
    );
    expect(endOf(parts)).toMatchObject({ reason: 'calls' });
    expect(server.requests[0]!.body.tool_choice).toBeUndefined();
  });

  test('is counted here where the server does not', async () => {
    const { ask } = await setUp([{ text: 'x'.repeat(40), usage: null }]);
    expect((await ask()).at(-2)).toMatchObject({ type: 'usage', tokensOut: 10, estimated: true });
  });

  test.each([
    ['length', 'length'],
    ['content_filter', 'filtered'],
    ['stop', 'stop'],
  ] as const)('that ends with %s says %s', async (finish, reason) => {
    const { ask } = await setUp([{ text: 'half', finish }]);
    expect(endOf(await ask())).toMatchObject({ type: 'end', reason });
  });

  test('may be empty', async () => {
    const { ask } = await setUp([{ text: '' }]);
    expect(textOf(await ask())).toBe('');
  });

  test('of calls that all bear the index 0, or arguments that are an object, is understood', async () => {
    const call = (id: string, name: string, args: unknown) =>
      event({ choices: [{ delta: { tool_calls: [{ index: 0, id, function: { name, arguments: args } }] } }] });
    const { ask } = await setUp([
      {
        raw: {
          pieces: [
            call('1', 'logs', { pod: 'a' }),
            call('2', 'submit', '{"cause":"b"}'),
            event({ choices: [{ delta: {}, finish_reason: 'tool_calls' }] }),
          ],
        },
      },
    ]);
    expect(callsOf(await ask({ tools: [OTHER, TOOL] }))).toEqual([
      { id: '1', tool: 'logs', args: '{"pod":"a"}' },
      { id: '2', tool: 'submit', args: '{"cause":"b"}' },
    ]);
  });

  test('repeats a conversation with calls, whatever their arguments are', async () => {
    const { server, ask } = await setUp([{ text: 'ok' }]);
    await ask({
      messages: [
        { role: 'system', text: 'be short' },
        { role: 'assistant', text: '', calls: [{ id: 'a', tool: 'logs', args: '{oops' }] },
        { role: 'tool', id: 'a', tool: 'logs', text: 'no JSON' },
      ],
      tools: [OTHER],
    });
    expect(server.requests[0]!.body.messages).toEqual([
      { role: 'system', content: 'be short' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'logs', arguments: '{"invalid":"{oops"}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'no JSON' },
    ]);
  });
});

describe('what leaves', () => {
  test('is the body, the key and nothing of the machine', async () => {
    process.env['OPENAI_CUSTOM_HEADERS'] = 'x-leak: 1';
    process.env['OPENAI_ORG_ID'] = 'org-leak';
    try {
      const { server, ask } = await setUp([{ text: 'ok' }], 'sk-secret');
      await ask();
      const { headers } = server.requests[0]!;
      expect(headers.authorization).toBe('Bearer sk-secret');
      const usual = ['host', 'connection', 'content-length', 'accept-language', 'sec-fetch-mode', 'accept-encoding'];
      expect(
        Object.keys(headers)
          .filter((name) => !usual.includes(name))
          .sort(),
      ).toEqual(['accept', 'authorization', 'content-type', 'user-agent']);
      expect(headers['user-agent']).toBe('stratus');
    } finally {
      delete process.env['OPENAI_CUSTOM_HEADERS'];
      delete process.env['OPENAI_ORG_ID'];
    }
  });

  test('is no key where there is none', async () => {
    process.env['OPENAI_API_KEY'] = 'sk-of-somebody';
    try {
      const { server, ask } = await setUp([{ text: 'ok' }]);
      await ask();
      expect(server.requests[0]!.headers.authorization).toBeUndefined();
    } finally {
      delete process.env['OPENAI_API_KEY'];
    }
  });

  test('goes to the deployment of Azure, with its key', async () => {
    const { server, clock } = await setUp([{ text: 'ok' }]);
    const model = connectModel(
      {
        provider: 'azure',
        baseUrl: server.baseUrl.replace('/v1', ''),
        model: 'gpt',
        apiKey: 'azure-key',
        apiVersion: '2024-10-21',
      },
      clock,
      { memory: new AbilityMemory() },
    );
    for await (const part of model.complete(ASK, new AbortController().signal)) void part;
    const { path, headers, body } = server.requests[0]!;
    expect(path).toBe('/openai/deployments/gpt/chat/completions?api-version=2024-10-21');
    expect(headers['api-key']).toBe('azure-key');
    expect(body['max_completion_tokens']).toBe(100);
  });
});

describe('a forced tool', () => {
  const forced = { tools: [OTHER, TOOL], force: 'submit' };

  test('is called by its name', async () => {
    const { server, ask } = await setUp([{ calls: [{ tool: 'submit', args: { cause: 'port' } }], finish: 'stop' }]);
    const parts = await ask(forced);
    expect(callsOf(parts)).toMatchObject([{ tool: 'submit', args: '{"cause":"port"}' }]);
    expect(endOf(parts)).toMatchObject({ reason: 'calls' });
    expect(server.requests[0]!.body.tool_choice).toEqual({ type: 'function', function: { name: 'submit' } });
  });

  test('becomes a must, a schema and a fenced block as the server refuses, and the way is remembered', async () => {
    const refusal = (message: string) => ({ error: { status: 400, message } });
    const script = [
      refusal("Invalid tool_choice type: 'object'. Supported string values: none, auto, required"),
      refusal('this model does not support tools'),
      refusal('response_format is not supported'),
      { text: 'Gern:\n```json\n{"cause": "falscher Port"}\n```\nDas war es.' },
      { text: '```json\n{"cause": "again"}\n```' },
    ];
    const { server, ask } = await setUp(script);
    const parts = await ask(forced);
    expect(callsOf(parts)).toMatchObject([{ tool: 'submit', args: '{"cause": "falscher Port"}' }]);
    expect(textOf(parts)).toBe('Gern:');
    expect(callsOf(await ask(forced))).toMatchObject([{ args: '{"cause": "again"}' }]);
    const bodies = server.requests.map(({ body }) => body);
    expect(bodies.map(({ tool_choice }) => tool_choice)).toEqual([
      expect.anything(),
      'required',
      undefined,
      undefined,
      undefined,
    ]);
    expect(bodies[1]!.tools).toHaveLength(1);
    expect(bodies[2]!.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'submit', schema: TOOL.parameters },
    });
    expect(bodies[3]!.tools).toBeUndefined();
    expect(bodies[3]!.messages.at(-1)!.content).toContain('"cause"');
    expect(bodies).toHaveLength(5);
  });

  test('is cut out of the text that a server writes instead, without another request', async () => {
    const { server, ask } = await setUp([{ text: 'Sure! {"name": "submit", "arguments": {"cause": "dns"}}' }]);
    expect(callsOf(await ask(forced))).toMatchObject([{ tool: 'submit', args: '{"cause":"dns"}' }]);
    expect(server.requests).toHaveLength(1);
  });

  test('is asked for in the next form when the server ignores it, and that is remembered the second time', async () => {
    const words = { text: 'I would rather talk.' };
    const call = { calls: [{ tool: 'submit', args: { cause: 'x' } }] };
    const { server, ask } = await setUp([words, call, words, call, call]);
    for (let time = 0; time < 3; time++) expect(callsOf(await ask(forced))).toHaveLength(1);
    expect(server.requests.map(({ body }) => body.tool_choice)).toEqual([
      expect.objectContaining({ type: 'function' }), 'required', expect.objectContaining({ type: 'function' }), 'required', 'required',
    ]); // prettier-ignore
  });

  test('that no form brings about ends with the text and without a call; all tokens count', async () => {
    const words = { text: 'No, sorry.', usage: { tokensIn: 10, tokensOut: 3 } };
    const { ask } = await setUp([words, words, words, words]);
    const parts = await ask(forced);
    expect(textOf(parts)).toBe('No, sorry.');
    expect(callsOf(parts)).toEqual([]);
    expect(parts.slice(-2)).toMatchObject([{ tokensIn: 40, tokensOut: 12 }, { reason: 'stop' }]);
  });

  test('is not asked for again when the answer was cut at its limit', async () => {
    const { server, ask } = await setUp([{ text: '{"cause": "far too lo', finish: 'length' }]);
    expect(endOf(await ask(forced))).toMatchObject({ reason: 'length' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('tools that a server does not take', () => {
  test('are offered in words, with the former calls', async () => {
    const { server, ask } = await setUp([
      { error: { status: 400, message: 'registry.ollama.ai/library/x does not support tools' } },
      { text: 'Let me see.\n```json\n{"tool": "logs", "args": {"pod": "geo"}}\n```' },
      { text: 'The cause is clear.' },
    ]);
    const first = await ask({ tools: [OTHER] });
    expect(textOf(first)).toBe('Let me see.');
    const [call] = callsOf(first);
    expect(call).toMatchObject({ tool: 'logs', args: '{"pod":"geo"}' });
    const second = await ask({
      tools: [OTHER],
      messages: [
        ...ASK.messages,
        { role: 'assistant', text: '', calls: [call!] },
        { role: 'tool', id: call!.id, tool: 'logs', text: 'OOMKilled' },
      ],
    });
    expect(endOf(second)).toMatchObject({ reason: 'stop' });
    const roles = server.requests.at(-1)!.body.messages;
    expect(roles.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(roles[2]!.content).toContain('OOMKilled');
    expect(server.requests).toHaveLength(3);
  });
});

describe('what a server does not take is left out, and that is remembered', () => {
  test.each([
    [
      'temperature',
      { message: 'Unsupported value', param: 'temperature', code: 'unsupported_value' },
      { temperature: undefined },
    ],
    [
      'max_tokens',
      { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", param: 'max_tokens' },
      { max_tokens: undefined, max_completion_tokens: 100 },
    ],
    ['stream_options', { message: 'extra fields not permitted: stream_options' }, { stream_options: undefined }],
  ])('%s', async (_, error, expected) => {
    const { server, ask } = await setUp([{ error: { status: 400, ...error } }, { text: 'ok' }, { text: 'ok' }]);
    await ask();
    await ask();
    for (const { body } of server.requests.slice(1)) expect({ ...body, ...expected }).toEqual(body);
    expect(server.requests).toHaveLength(3);
  });

  test('messages of the system', async () => {
    const { server, ask } = await setUp([
      { error: { status: 400, message: 'System role not supported' } },
      { text: 'ok' },
    ]);
    await ask({ messages: [{ role: 'system', text: 'be short' }, ...ASK.messages] });
    expect(server.requests[1]!.body.messages).toEqual([{ role: 'user', content: 'be short\n\nwhat is wrong?' }]);
  });
});

describe('a failure', () => {
  const outcome = async (script: Script, key: string | null = null, step = 1000) => {
    const { server, clock, ask } = await setUp(script, key);
    const error = await whileTimePasses(
      clock,
      ask().then(
        (parts) => parts as unknown,
        (reason: unknown) => reason,
      ),
      step,
    );
    return { error, requests: server.requests.length };
  };

  test.each([
    [401, { message: 'Incorrect API key provided' }, 'unauthorized', 1],
    [403, {}, 'unauthorized', 1],
    [404, { message: 'The model `x` does not exist', code: 'model_not_found' }, 'no-model', 1],
    [429, { message: 'Rate limit reached' }, 'limited', 3],
    [429, { message: 'You exceeded your current quota', code: 'insufficient_quota' }, 'limited', 1],
    [500, { message: 'boom' }, 'server', 3],
    [503, { message: 'Loading model' }, 'server', 3],
    [
      400,
      { message: "This model's maximum context length is 8192 tokens", code: 'context_length_exceeded' },
      'too-long',
      1,
    ],
    [
      400,
      {
        message: 'the request exceeds the available context size, try increasing it',
        type: 'exceed_context_size_error',
      },
      'too-long',
      1,
    ],
    [
      400,
      {
        message:
          "'max_tokens' or 'max_completion_tokens' is too large: 500. This model's maximum context length is 2048 tokens",
      },
      'too-long',
      1,
    ],
    [413, {}, 'too-long', 1],
    [400, { message: 'something else' }, 'server', 1],
    [307, {}, 'not-understood', 1],
  ] as const)('HTTP %i %j is %s after %i requests', async (status, error, fault, requests) => {
    const found = await outcome(() => ({ error: { status, ...error } }));
    expect(found.error).toMatchObject({ name: 'ChatError', fault });
    expect(found.requests).toBe(requests);
  });

  test('that passes is outlasted', async () => {
    const { error, requests } = await outcome([{ error: { status: 500 } }, { error: { status: 429 } }, { text: 'ok' }]);
    expect(error).toContainEqual({ type: 'end', reason: 'stop', model: 'scripted' });
    expect(requests).toBe(3);
  });

  test('waits as long as the server asks for', async () => {
    const { server, clock, ask } = await setUp([
      { error: { status: 429 }, headers: { 'retry-after': '7' } },
      { text: 'ok' },
    ]);
    const work = ask();
    await server.came(1);
    while (clock.sleeping !== 1) await clock.advance(0);
    const answered = clock.monotonic();
    await whileTimePasses(clock, work, 500);
    expect(clock.monotonic() - answered).toBeGreaterThanOrEqual(7_000);
  });

  test('but not for long', async () => {
    const { error, requests } = await outcome([{ error: { status: 429 }, headers: { 'retry-after': '90' } }]);
    expect(error).toMatchObject({ fault: 'limited', message: expect.stringContaining('90 s') });
    expect(requests).toBe(1);
  });

  test('of the provider to answer at all is an end', async () => {
    const { error } = await outcome([
      { error: { status: 400, code: 'content_filter', message: 'content management policy' } },
    ]);
    expect((error as ChatPart[]).at(-1)).toMatchObject({ type: 'end', reason: 'filtered' });
  });

  test.each([
    ['a reset before any word', [{ text: 'words', then: { after: 0, does: 'reset' } }], 'cut-off'],
    ['half a stream, then a reset', [{ text: 'words and more words', then: { after: 3, does: 'reset' } }], 'cut-off'],
    ['half a stream, then its end', [{ raw: { pieces: [says('half')] } }], 'cut-off'],
    ['a page', [{ raw: { type: 'text/html', pieces: ['<!doctype html><title>Proxy</title>'] } }], 'not-understood'],
    ['JSON instead of a stream', [{ raw: { type: 'application/json', pieces: ['{"choices":[]}'] } }], 'not-understood'],
    ['a stream of something else', [{ raw: { pieces: ['data: hello\n\n'] } }], 'not-understood'],
    ['a stream of other JSON', [{ raw: { pieces: [event({ choices: 'many' })] } }], 'not-understood'],
    [
      'an error in the stream',
      [{ raw: { pieces: [says('a'), event({ error: { message: 'out of memory' } })] } }],
      'server',
    ],
    [
      'too long a context in the stream',
      [{ raw: { pieces: [event({ error: { message: 'context size exceeded', code: 400 } })] } }],
      'too-long',
    ],
    [
      'a stream of nothing',
      [{ raw: { pieces: [event({ choices: [{ delta: {} }] }).repeat(2_001)] } }],
      'not-understood',
    ],
    ['an event without end', [{ raw: { pieces: ['data: ', 'x'.repeat(5_000_000)] } }], 'not-understood'],
  ] as [string, Script, string][])('%s', async (_, script, fault) => {
    const { error, requests } = await outcome(script);
    expect(error).toMatchObject({ name: 'ChatError', fault });
    expect(requests).toBe(1);
  });

  test('of the connection is told with what to do', async () => {
    const { server, clock, ask } = await setUp([]);
    await server.close();
    servers.length = 0;
    const error = await whileTimePasses(
      clock,
      ask().catch((reason: unknown) => reason),
      1000,
    );
    expect(error).toMatchObject({ fault: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
  });

  test('never quotes the key or lines of the server', async () => {
    const key = 'sk-very-secret';
    for (const message of [
      `wrong key ${key}\nInjected: line\u001b[31m`,
      `wrong sk-very\u200b-secret`,
      'x'.repeat(5000),
    ]) {
      const { error } = await outcome([{ error: { status: 401, message } }], key);
      const text = (error as Error).message;
      expect(text).not.toContain(key);
      expect(text).not.toMatch(/[\n\r\u001b]/);
      expect(text.length).toBeLessThan(400);
    }
  });
});

describe('a server that says nothing', () => {
  test.each([
    ['before its first byte', { text: 'x', before: new Promise(() => undefined) }],
    ['after its headers', { text: 'x', then: { after: 0, does: 'stall' } }],
    ['in the middle', { text: 'some words and more', then: { after: 3, does: 'stall' } }],
    [
      'but empty pieces',
      { raw: { pieces: [says('a'), event({ choices: [{ delta: {} }] })] }, then: { after: 2, does: 'stall' } },
    ],
  ] as [string, Script extends readonly (infer A)[] | unknown ? A : never][])('%s is left', async (_, answer) => {
    const { server, clock, ask } = await setUp([answer as never]);
    const work = ask().catch((reason: unknown) => reason);
    await server.came(1);
    expect(await whileTimePasses(clock, work, 10_000)).toMatchObject({ fault: 'stalled' });
    await server.requests[0]!.abandoned;
  });

  test('after the end of the answer, keeps the answer', async () => {
    const { clock, ask } = await setUp([
      { raw: { pieces: [says('whole', 'stop')] }, then: { after: 1, does: 'stall' } },
    ]);
    const parts = await whileTimePasses(clock, ask(), 1000);
    expect(textOf(parts)).toBe('whole');
    expect(endOf(parts)).toMatchObject({ reason: 'stop' });
  });
});

describe('an answer without end', () => {
  test('is not read further than an answer of its limit could be', async () => {
    const { server, ask } = await setUp([
      {
        raw: { pieces: Array.from({ length: 200 }, () => says('y'.repeat(1000))) },
        then: { after: 199, does: 'stall' },
      },
    ]);
    const parts = await ask();
    expect(textOf(parts).length).toBeLessThan(30_000);
    expect(endOf(parts)).toMatchObject({ reason: 'length' });
    await server.requests[0]!.abandoned;
  });
});

describe('stopping', () => {
  test('by the signal ends the request with its reason', async () => {
    const { server, ask } = await setUp([{ text: 'words', then: { after: 2, does: 'stall' } }]);
    const stop = new AbortController();
    const work = ask({}, stop.signal).catch((reason: unknown) => reason);
    await server.came(1);
    stop.abort(new Error('enough'));
    expect(await work).toMatchObject({ message: 'enough' });
    await server.requests[0]!.abandoned;
  });

  test('to read ends the request', async () => {
    const { server, model } = await setUp([
      { text: 'many words, far too many words', then: { after: 3, does: 'stall' } },
    ]);
    for await (const part of model.complete(ASK, new AbortController().signal)) if (part.type === 'text') break;
    await server.requests[0]!.abandoned;
  });

  test('while waiting to try again asks no more', async () => {
    const { server, clock, ask } = await setUp([{ error: { status: 500 } }]);
    const stop = new AbortController();
    const work = ask({}, stop.signal).catch((reason: unknown) => reason);
    await server.came(1);
    while (clock.sleeping !== 1) await clock.advance(0);
    stop.abort(new Error('enough'));
    expect(await work).toMatchObject({ message: 'enough' });
    expect(server.requests).toHaveLength(1);
  });
});
