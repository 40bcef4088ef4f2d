import { describe, expect, test } from 'vitest';
import type { ChatPart } from '../../../src/domain/chat.ts';
import { whileTimePasses } from '../../support/fake-clock.ts';
import type { Script } from '../../support/scripted-model.ts';
import { event, says, setUp, textOf } from '../../support/served-model.ts';

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
    const { clock, ask } = await setUp([{ error: { status: 429 }, headers: { 'retry-after': '7' } }, { text: 'ok' }]);
    const work = ask();
    await clock.pausing(7_000);
    await clock.advance(7_000);
    expect(textOf(await work)).toBe('ok');
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
