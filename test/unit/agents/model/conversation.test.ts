import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Allowance, priceOf } from '../../../../src/agents/model/talk/allowance.ts';
import { Conversation } from '../../../../src/agents/model/talk/conversation.ts';
import { askFor } from '../../../../src/agents/model/talk/structured.ts';
import type { BrainEmission } from '../../../../src/domain/brain.ts';
import { NO_LIMIT } from '../../../../src/domain/budget.ts';
import type { Budget } from '../../../../src/domain/budget.ts';
import type { ModelUse } from '../../../../src/domain/model-settings.ts';
import { DEFAULT_MODEL_USE } from '../../../../src/domain/model-settings.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import type { Spoken } from '../../../support/spoken-model.ts';
import { SpokenModel } from '../../../support/spoken-model.ts';

function open(model: SpokenModel, use: Partial<ModelUse> = {}, budget: Partial<Budget> = {}) {
  const told: BrainEmission[] = [];
  const context = {
    emit: (one: BrainEmission) => void told.push(one),
    signal: new AbortController().signal,
    clock: new FakeClock(),
  };
  const talk = new Conversation(
    {
      model,
      use: { ...DEFAULT_MODEL_USE, ...use },
      allowance: new Allowance({ ...NO_LIMIT, ...budget }),
      context,
      purpose: 'a test',
    },
    'system',
    'user',
  );
  return { talk, told };
}

const FORM = { name: 'submit', description: 'd', schema: z.object({ port: z.number() }) };
const submit = (args: unknown): Spoken => ({ calls: [{ tool: 'submit', args }] });

describe('a structured answer', () => {
  it.each([
    ['invalid JSON', submit('{"port": 80'), /no JSON/],
    ['a wrong schema', submit({ port: 'eighty' }), /port: /],
    ['another tool', { calls: [{ tool: 'other', args: {} }] }, /submit was not called, but other/],
    ['no call', { text: 'I think it is 80' }, /was not called/],
    ['an empty answer', {}, /empty/],
    ['a refusal', { text: 'I cannot help with that' }, /was not called/],
    ['an answer held back', { end: 'filtered' }, /held back/],
    ['an answer that was cut off', { ...submit('{"po'), end: 'length' }, /cut off/],
    ['words that were cut off', { text: 'and so on and', end: 'length' }, /cut off before submit was called/],
  ] as [string, Spoken, RegExp][])('sends back %s, and takes the next one', async (_, wrong, told) => {
    const model = new SpokenModel([wrong, submit({ port: 80 })]);
    await expect(askFor(open(model).talk, FORM, 100)).resolves.toEqual({ port: 80 });
    const last = model.asked[1]!.messages.at(-1)!;
    expect(last.text).toMatch(told);
  });

  it('shows a model that rambles the beginning of its own words only', async () => {
    const model = new SpokenModel([{ text: 'and so on '.repeat(2_000) }, submit({ port: 80 })]);
    await askFor(open(model).talk, FORM, 100);
    const own = model.asked[1]!.messages.find(({ role }) => role === 'assistant')!;
    expect(own.text).toHaveLength(4_000);
  });

  it('tells what streams as long as its beginning grows, not with every further word', async () => {
    const model = new SpokenModel([{}]);
    model.complete = async function* () {
      for (let piece = 0; piece < 3_000; piece++) yield { type: 'text', text: `word ${piece} ` };
      yield { type: 'end', reason: 'stop', model: 'spoken' };
    };
    const { talk, told } = open(model);
    await talk.turn({ maxTokens: 100 });
    const partial = told.flatMap((one) => (one.type === 'thought' && one.partial ? [one.text] : []));
    expect(partial[0]).toBe('word 0');
    expect(new Set(partial).size).toBe(partial.length);
    expect(partial.length).toBeLessThan(100);
  });

  it('gives up after two repairs, and says what was wrong last', async () => {
    const model = new SpokenModel([submit('nonsense')]);
    await expect(askFor(open(model).talk, FORM, 100)).rejects.toThrow(/no usable answer \(submit\): .*no JSON/);
    expect(model.asked).toHaveLength(3);
  });

  it('shows the model the schema and forces the call', async () => {
    const model = new SpokenModel([submit({ port: 1 })]);
    await askFor(open(model).talk, FORM, 100);
    expect(model.asked[0]).toMatchObject({
      force: 'submit',
      tools: [{ name: 'submit', parameters: { type: 'object' } }],
    });
  });
});

describe('a conversation', () => {
  it('sends no secret, and shows none', async () => {
    const model = new SpokenModel([{ text: 'the password=hunter2hunter2 is wrong' }]);
    const { talk, told } = open(model, { keepBodies: true });
    talk.say('env DB_PASSWORD=hunter2hunter2 is set');
    await talk.turn({ maxTokens: 100 });
    expect(model.sent).not.toContain('hunter2');
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });

  it('tells tokens, price and digests of each call, and bodies only when asked to', async () => {
    const prices = { spoken: { input: 2, output: 10, asOf: '2026-11-01' } };
    const { talk, told } = open(new SpokenModel([{ text: 'x' }]), { prices });
    await talk.turn({ maxTokens: 100 });
    const usage = told.find(({ type }) => type === 'usage')!;
    expect(usage).toMatchObject({ model: 'spoken', tokensIn: 100, tokensOut: 10, usd: 0.0003 });
    expect(usage).toHaveProperty('call.request', expect.stringMatching(/^[0-9a-f]{64}$/));
    expect(usage).not.toHaveProperty('call.requestText');
  });

  it('names no price where none is known', async () => {
    expect(priceOf({}, 'constructor', 1, 1)).toBeNull();
    const { talk, told } = open(new SpokenModel([{ text: 'x' }]));
    await talk.turn({ maxTokens: 100 });
    expect(told.find(({ type }) => type === 'usage')).toMatchObject({ usd: null });
  });

  it('counts a call that failed, too', async () => {
    const { talk, told } = open(new SpokenModel([new Error('reset')]));
    await expect(talk.turn({ maxTokens: 100 })).rejects.toThrow('reset');
    expect(told).toMatchObject([{ type: 'usage', call: { problem: 'reset' }, estimated: true }]);
  });

  it('asks no more when nothing may be spent', async () => {
    const model = new SpokenModel([{ text: 'x' }]);
    const { talk } = open(model, {}, { calls: 1 });
    await talk.turn({ maxTokens: 100 });
    await expect(talk.turn({ maxTokens: 100 })).rejects.toThrow(/budget of models is spent: 1 of 1 calls/);
    expect(model.asked).toHaveLength(1);
  });

  it('sends no request that would take more tokens than are left', async () => {
    const model = new SpokenModel([{ text: 'x' }]);
    const { talk } = open(model, {}, { tokens: 300 });
    talk.say('y'.repeat(4_000));
    await expect(talk.turn({ maxTokens: 100 })).rejects.toThrow(/about \d+ tokens, 300 are left/);
    expect(model.asked).toHaveLength(0);
  });

  it('takes no budget in dollars for one that it cannot keep', async () => {
    const model = new SpokenModel([{ text: 'x' }]);
    await expect(open(model, {}, { usd: 1 }).talk.turn({ maxTokens: 100 })).rejects.toThrow(
      /price of the model is not known/,
    );
    expect(model.asked).toHaveLength(0);
    const prices = { spoken: { input: 1, output: 1, asOf: '2026-11-01' } };
    await open(model, { prices }, { usd: 1 }).talk.turn({ maxTokens: 100 });
    expect(model.asked).toHaveLength(1);
  });

  it('leaves out the oldest answers of tools when it gets too long for the model', async () => {
    const model = new SpokenModel([{ text: 'x' }], 4_000);
    const { talk } = open(model);
    for (let index = 0; index < 6; index++)
      talk.answer({ id: `c${index}`, tool: 'logs', args: '{}' }, `${index} `.repeat(2_000));
    await talk.turn({ maxTokens: 200 });
    const texts = model.asked[0]!.messages.map(({ text }) => text);
    expect(texts.slice(0, 2)).toEqual(['system', 'user']);
    expect(texts[2]).toMatch(/left out/);
    expect(texts.join('').length / 4).toBeLessThan(4_000);
  });

  it('drops former thoughts when told to', async () => {
    const model = new SpokenModel([{ text: 'a long thought' }]);
    const { talk } = open(model, { thoughtDropout: true });
    await talk.turn({ maxTokens: 100 });
    await talk.turn({ maxTokens: 100 });
    expect(model.asked[1]!.messages.some(({ text }) => text.includes('a long thought'))).toBe(false);
  });

  it('reads no answer without an end', async () => {
    const { talk } = open(new SpokenModel([{ text: 'x'.repeat(70_000) }]));
    await expect(talk.turn({ maxTokens: 100 })).rejects.toThrow(/does not end/);
  });
});
