import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatPart, ChatRequest } from '../../../src/domain/chat.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { connectModel } from '../../../src/model/connect-model.ts';
import { ensureModel } from '../../testbed/model/fetch-model.ts';
import { downModel, upModel, type ModelInstance } from '../../testbed/model/model-instance.ts';
import { killProcesses } from '../../testbed/processes.ts';
import { silentReport } from '../../testbed/report.ts';
import { TestbedError } from '../../testbed/testbed-error.ts';

/** Why there is no model here: no network and nothing in the cache, or another kind of machine. */
const missing = await ensureModel(silentReport).then(
  () => null,
  (error: unknown) => {
    if (error instanceof TestbedError) return error.message;
    throw error;
  },
);
if (missing) console.warn(`the small model is not tested: ${missing}`);

const PICK = {
  name: 'pick',
  description: 'Names the cause.',
  parameters: {
    type: 'object',
    properties: { cause: { enum: ['wrong port', 'missing image', 'full disk'] }, confidence: { type: 'integer' } },
    required: ['cause', 'confidence'],
    additionalProperties: false,
  },
};
const ask = (text: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', text }],
  maxTokens: 24,
  ...more,
});

describe.skipIf(missing !== null)('the small model', () => {
  const name = `test-${process.pid}`;
  let server: ModelInstance;

  beforeAll(async () => {
    server = await upModel({ name, contextTokens: 2_048 }, silentReport);
  });
  afterAll(() => downModel(name));

  const model = () =>
    connectModel({ provider: 'openai', baseUrl: server.baseUrl, model: server.model, apiKey: null }, new SystemClock());
  const answer = async (request: ChatRequest) => {
    const parts: ChatPart[] = [];
    for await (const part of model().complete(request, new AbortController().signal)) parts.push(part);
    return parts;
  };

  test('streams its words and counts its tokens', async () => {
    const parts = await answer(ask('Say hello to the engineer.'));
    expect(parts.filter(({ type }) => type === 'text').length).toBeGreaterThan(2);
    const usage = parts.find((part) => part.type === 'usage')!;
    expect(usage).not.toHaveProperty('estimated');
    expect(usage.tokensOut).toBeGreaterThan(2);
    expect(parts.at(-1)).toMatchObject({ type: 'end', model: server.model });
  });

  test('calls the tool that is forced, with arguments of its schema', async () => {
    const parts = await answer(
      ask('The Service points at port 8081, the pods listen at 8080.', { tools: [PICK], force: 'pick', maxTokens: 80 }),
    );
    const call = parts.find((part) => part.type === 'call')!.call;
    expect(call.tool).toBe('pick');
    const args = JSON.parse(call.args) as { cause: string; confidence: number };
    expect(PICK.parameters.properties.cause.enum).toContain(args.cause);
    expect(Number.isInteger(args.confidence)).toBe(true);
    expect(parts.at(-1)).toMatchObject({ reason: 'calls' });
  });

  test('says that a request is too long for it', async () => {
    await expect(answer(ask('a pod is not ready. '.repeat(1_000)))).rejects.toMatchObject({ fault: 'too-long' });
  });

  test('is stopped in the middle at once, and answers the next one', async () => {
    const stop = new AbortController();
    let stopped = 0;
    const work = (async () => {
      for await (const part of model().complete(ask('Count to a thousand.', { maxTokens: 1_000 }), stop.signal)) {
        if (part.type !== 'text' || stopped) continue;
        stopped = performance.now();
        stop.abort(new Error('enough'));
      }
    })();
    await expect(work).rejects.toThrow('enough');
    expect(performance.now() - stopped).toBeLessThan(2_000);
    expect((await answer(ask('Say hello.', { maxTokens: 4 }))).at(-1)).toMatchObject({ type: 'end' });
  });

  test('that is killed in the middle is a cut answer', async () => {
    const work = (async () => {
      let killed: Promise<void> | undefined;
      for await (const part of model().complete(
        ask('Count to a thousand.', { maxTokens: 1_000 }),
        new AbortController().signal,
      ))
        if (part.type === 'text') killed ??= killProcesses([server.process]);
      await killed;
    })();
    await expect(work).rejects.toMatchObject({ fault: 'cut-off' });
  });
});
