import { describe, expect, test } from 'vitest';
import { ASK, OTHER, TOOL, callsOf, endOf, setUp, textOf } from '../../support/served-model.ts';

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

  test('is tried in its best form again after ten minutes: servers are restarted', async () => {
    const call = { calls: [{ tool: 'submit', args: { cause: 'x' } }] };
    const { server, clock, ask } = await setUp([
      { error: { status: 400, message: 'no tools here' } },
      call,
      call,
      call,
    ]);
    await ask(forced);
    await ask(forced);
    await clock.advance(601_000);
    await ask(forced);
    expect(server.requests.map(({ body }) => typeof body.tool_choice)).toEqual([
      'object',
      'string',
      'string',
      'object',
    ]);
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
