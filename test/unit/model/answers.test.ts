import { describe, expect, test } from 'vitest';
import { AbilityMemory } from '../../../src/model/abilities.ts';
import { connectModel } from '../../../src/model/connect-model.ts';
import { ASK, OTHER, TOOL, callsOf, endOf, event, setUp, textOf } from '../../support/served-model.ts';

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
