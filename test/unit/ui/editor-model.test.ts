import { describe, expect, it } from 'vitest';
import type { ChatPart, ChatRequest } from '../../../src/domain/chat.ts';
import { chatFaultOf } from '../../../src/domain/chat.ts';
import type { EditorChatApi } from '../../../src/ui/model/editor-model.ts';
import { EditorModel } from '../../../src/ui/model/editor-model.ts';

class TextPart {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}
class CallPart {
  readonly callId: string;
  readonly name: string;
  readonly input: object;
  constructor(callId: string, name: string, input: object) {
    this.callId = callId;
    this.name = name;
    this.input = input;
  }
}
class ResultPart {
  readonly callId: string;
  readonly content: unknown[];
  constructor(callId: string, content: unknown[]) {
    this.callId = callId;
    this.content = content;
  }
}
class CancelSource {
  readonly #listeners: (() => void)[] = [];
  readonly token = {
    isCancellationRequested: false,
    onCancellationRequested: (f: () => void) => this.#listeners.push(f),
  };
  cancel() {
    this.token.isCancellationRequested = true;
    for (const listener of this.#listeners) listener();
  }
  dispose() {}
}

interface Sent {
  messages: { role: string; content: unknown[] }[];
  options: { tools?: { name: string }[]; toolMode?: number };
  token: CancelSource['token'];
}

/** The editor's interface with one model, whose answer the test gives. */
function editor(
  answer: (sent: Sent) => AsyncIterable<unknown>,
  count: (text: string) => Promise<number> = async () => 7,
) {
  const sent: Sent[] = [];
  const chat = {
    vendor: 'test',
    id: 'small',
    countTokens: count,
    sendRequest: async (messages: Sent['messages'], options: Sent['options'], token: Sent['token']) => {
      sent.push({ messages, options, token });
      return { stream: answer(sent.at(-1)!) };
    },
  };
  const api = {
    lm: {
      selectChatModels: async ({ vendor, id }: { vendor?: string; id?: string }) =>
        (vendor ?? 'test') === 'test' && id === 'small' ? [chat] : [],
    },
    CancellationTokenSource: CancelSource,
    LanguageModelTextPart: TextPart,
    LanguageModelToolCallPart: CallPart,
    LanguageModelToolResultPart: ResultPart,
    LanguageModelChatToolMode: { Auto: 1, Required: 2 },
    LanguageModelChatMessage: {
      User: (content: unknown[]) => ({ role: 'user', content }),
      Assistant: (content: unknown[]) => ({ role: 'assistant', content }),
    },
  } as unknown as EditorChatApi;
  return { api, sent };
}

const ASK: ChatRequest = { messages: [{ role: 'user', text: 'what is wrong?' }], maxTokens: 100 };
const TOOLS = ['events', 'logs'].map((name) => ({ name, description: name, parameters: { type: 'object' } }));

async function all(model: EditorModel, request = ASK, signal = new AbortController().signal): Promise<ChatPart[]> {
  const parts: ChatPart[] = [];
  for await (const part of model.complete(request, signal)) parts.push(part);
  return parts;
}

async function faultIn(work: Promise<unknown>): Promise<{ fault: string | null; message: string }> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { fault: chatFaultOf(error), message: error instanceof Error ? error.message : '' };
}

const failing = (error: unknown) =>
  editor(() => {
    throw error;
  });
const model = (world: ReturnType<typeof editor>, name = 'test/small', idleMs = 60_000) =>
  new EditorModel(name, 8_000, { api: world.api, mayUse: () => true, idleMs });

describe('EditorModel', () => {
  it('gives texts, then calls, then what was counted, then the end', async () => {
    const world = editor(async function* () {
      yield new CallPart('c1', 'events', { name: 'geo' });
      yield new TextPart('I ');
      yield { kind: 'something that later editors say' };
      yield new TextPart('look');
    });
    expect(await all(model(world), { ...ASK, tools: TOOLS })).toEqual([
      { type: 'text', text: 'I ' },
      { type: 'text', text: 'look' },
      { type: 'call', call: { id: 'c1', tool: 'events', args: '{"name":"geo"}' } },
      { type: 'usage', tokensIn: 7, tokensOut: 7, estimated: true },
      { type: 'end', reason: 'calls', model: 'small' },
    ]);
    expect(world.sent[0]!.options).toMatchObject({ toolMode: 1, tools: [{ name: 'events' }, { name: 'logs' }] });
  });

  it('puts the system before the first words of the user, and answers of tools among the user’s', async () => {
    const world = editor(async function* () {
      yield new TextPart('done');
    });
    await all(model(world), {
      ...ASK,
      messages: [
        { role: 'system', text: 'You diagnose.' },
        { role: 'user', text: 'Begin.' },
        { role: 'assistant', text: '', calls: [{ id: 'c1', tool: 'logs', args: '{"pod":"geo"}' }] },
        { role: 'assistant', text: 'and', calls: [{ id: 'c2', tool: 'logs', args: 'no JSON' }] },
        { role: 'tool', id: 'c1', tool: 'logs', text: 'refused' },
        { role: 'tool', id: 'c2', tool: 'logs', text: 'that was no JSON' },
      ],
    });
    expect(world.sent[0]!.messages).toEqual([
      { role: 'user', content: [new TextPart('You diagnose.\n\n'), new TextPart('Begin.')] },
      {
        role: 'assistant',
        content: [new CallPart('c1', 'logs', { pod: 'geo' }), new TextPart('and'), new CallPart('c2', 'logs', {})],
      },
      {
        role: 'user',
        content: [
          new ResultPart('c1', [new TextPart('refused')]),
          new ResultPart('c2', [new TextPart('that was no JSON')]),
        ],
      },
    ]);
  });

  it('forces the one tool that has to be called', async () => {
    const world = editor(async function* () {
      yield new CallPart('c', 'logs', {});
    });
    await all(model(world), { ...ASK, tools: TOOLS, force: 'logs' });
    expect(world.sent[0]!.options).toMatchObject({ toolMode: 2, tools: [{ name: 'logs' }] });
    expect(world.sent[0]!.options.tools).toHaveLength(1);
  });

  it('stops an answer that grows beyond what was asked for, and counts by itself where the provider cannot', async () => {
    const world = editor(
      async function* () {
        for (;;) yield new TextPart('x'.repeat(100));
      },
      () => Promise.reject(new Error('no tokenizer')),
    );
    const parts = await all(model(world), { ...ASK, maxTokens: 50 });
    expect(parts.at(-1)).toEqual({ type: 'end', reason: 'length', model: 'small' });
    expect(parts.at(-2)).toEqual({ type: 'usage', tokensIn: 4, tokensOut: 75, estimated: true });
    expect(world.sent[0]!.token.isCancellationRequested).toBe(true);
  });

  it('never asks whoever has not agreed', async () => {
    const world = editor(async function* () {});
    for (const answer of [undefined, false]) {
      const unused = new EditorModel('test/small', 8_000, { api: world.api, mayUse: () => answer });
      const { fault, message } = await faultIn(all(unused));
      expect(fault).toBe('consent');
      expect(message).toContain('Stratus: Choose Model');
    }
    expect(world.sent).toEqual([]);
  });

  it.each([
    [Object.assign(new Error('no'), { code: 'NoPermissions' }), 'consent'],
    [Object.assign(new Error('not for you'), { code: 'Blocked' }), 'blocked'],
    [Object.assign(new Error('You have exceeded your quota'), { code: 'Blocked' }), 'limited'],
    [Object.assign(new Error('gone'), { code: 'NotFound' }), 'no-model'],
    [Object.assign(new Error('Unknown', { cause: new Error('prompt exceeds 8192 tokens') }), { code: '' }), 'too-long'],
    [
      Object.assign(new Error('Unknown', { cause: new Error('socket closed, token: abcdefgh12345') }), { code: '' }),
      'server',
    ],
    ['a text', 'server'],
  ] as const)('tells %s as %s, with what to do, in one line and without credentials', async (error, fault) => {
    const told = await faultIn(all(model(failing(error))));
    expect(told.fault).toBe(fault);
    expect(told.message).toMatch(/: (allow|choose|try|set)/);
    expect(told.message).not.toMatch(/\n|abcdefgh12345/);
  });

  it('names a model that the editor does not offer', async () => {
    const { fault, message } = await faultIn(
      all(
        model(
          editor(async function* () {}),
          'other/big',
        ),
      ),
    );
    expect([fault, message]).toEqual(['no-model', expect.stringContaining("'other/big'")]);
  });

  it('ends with the signal’s reason, also where the provider does not listen', async () => {
    const stop = new AbortController();
    const world = editor(async function* () {
      yield new TextPart('one');
      stop.abort(new Error('cancelled by a person'));
      await new Promise(() => undefined);
    });
    await expect(all(model(world), ASK, stop.signal)).rejects.toThrow('cancelled by a person');
    expect(world.sent[0]!.token.isCancellationRequested).toBe(true);
  });

  it('gives up a stream that says nothing', async () => {
    const world = editor(async function* () {
      await new Promise(() => undefined);
      yield null;
    });
    expect((await faultIn(all(model(world, 'test/small', 5)))).fault).toBe('stalled');
  });

  it('ends the request when nobody reads on', async () => {
    const world = editor(async function* () {
      for (;;) yield new TextPart('more');
    });
    for await (const part of model(world).complete({ ...ASK, maxTokens: 1e6 }, new AbortController().signal))
      if (part.type === 'text') break;
    expect(world.sent[0]!.token.isCancellationRequested).toBe(true);
  });
});
