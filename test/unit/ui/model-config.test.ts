import { describe, expect, it } from 'vitest';
import type { ChatModel } from '../../../src/domain/chat.ts';
import type { SettingId, SettingTypes } from '../../../src/ui/editor/contributions.ts';
import { Setting, SETTING_DEFAULTS } from '../../../src/ui/editor/contributions.ts';
import { isLocal, modelConfig, normalBaseUrl } from '../../../src/ui/editor/model-config.ts';
import { ModelKeys } from '../../../src/ui/model/model-keys.ts';

const editorModel = (name: string, contextTokens: number): ChatModel => ({
  name,
  contextTokens,
  complete: () => {
    throw new Error('nobody asks');
  },
});

function configOf(settings: Partial<Record<SettingId, unknown>>) {
  const read = <S extends SettingId>(id: S) =>
    (id in settings ? settings[id] : SETTING_DEFAULTS[id]) as SettingTypes[S];
  return modelConfig(read, '/ext', editorModel);
}

async function saidBy(chat: ChatModel | undefined): Promise<string> {
  const parts = chat!.complete({ messages: [], maxTokens: 1 }, new AbortController().signal);
  try {
    for await (const part of parts) expect(part).toBeUndefined();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('modelConfig', () => {
  it('names no model at first', () => {
    const { model, chat, promptFolder, budget, modelUse } = configOf({});
    expect({ model, chat, promptFolder, budget }).toEqual({
      model: undefined,
      chat: undefined,
      promptFolder: '/ext/prompts',
      budget: {},
    });
    expect(modelUse).toMatchObject({
      confidenceThreshold: 0.5,
      maxCommands: 20,
      secondOpinion: true,
      freeCommands: false,
    });
  });

  it('names a server with its model, and never a key', () => {
    const { model } = configOf({
      [Setting.modelProvider]: 'openai',
      [Setting.modelBaseUrl]: ' http://127.0.0.1:8080/v1/ ',
      [Setting.modelName]: 'qwen',
      [Setting.modelContextTokens]: 16_000,
    });
    expect(model).toEqual({
      provider: 'openai',
      baseUrl: 'http://127.0.0.1:8080/v1',
      model: 'qwen',
      apiKey: null,
      contextTokens: 16_000,
    });
  });

  it('names a model of the editor', () => {
    const { chat, model } = configOf({ [Setting.modelProvider]: 'editor', [Setting.modelName]: 'copilot/gpt-4.1' });
    expect([chat?.name, chat?.contextTokens, model]).toEqual(['copilot/gpt-4.1', 32_768, undefined]);
  });

  it.each([
    [{ [Setting.modelProvider]: 'openai' }, 'stratus.model.name'],
    [{ [Setting.modelProvider]: 'azure', [Setting.modelName]: 'mine' }, 'stratus.model.baseUrl'],
    ...['ftp://x', 'https://user:word@x/v1', 'https://x/v1?key=1', 'x'].map((url) => [
      { [Setting.modelProvider]: 'openai', [Setting.modelName]: 'm', [Setting.modelBaseUrl]: url },
      'stratus.model.baseUrl',
    ]),
    [
      { [Setting.modelProvider]: 'editor', [Setting.modelName]: 'm', [Setting.modelContextTokens]: 100 },
      'contextTokens',
    ],
    // A limit that cannot be read must not become none.
    ...[{ usd: '1' }, { usd: -1 }, { usd: 0 }, { dollars: 1 }, 'none'].map((budget) => [
      { [Setting.modelProvider]: 'openai', [Setting.modelName]: 'm', [Setting.modelBudget]: budget },
      'stratus.model.budget',
    ]),
  ] as [Partial<Record<SettingId, unknown>>, string][])(
    '%j becomes a model that says what is wrong',
    async (settings, named) => {
      const { chat, model } = configOf(settings);
      expect(model).toBeUndefined();
      expect(await saidBy(chat)).toContain(named);
    },
  );

  it('takes limits and whole prices, and what is no price stays unknown', () => {
    const price = { input: 2, output: 8, asOf: '2026-11-20' };
    const { budget, modelUse } = configOf({
      [Setting.modelBudget]: { usd: 0.5, calls: 40 },
      [Setting.modelPrices]: { good: price, half: { input: 2 }, none: null, text: { ...price, input: '2' } },
      [Setting.modelConfidenceThreshold]: 7,
    });
    expect(budget).toEqual({ usd: 0.5, calls: 40 });
    expect(modelUse?.prices).toEqual({ good: price });
    expect(modelUse).not.toHaveProperty('confidenceThreshold');
  });

  it('tells what stays on this machine', () => {
    expect(['http://localhost:1/v1', 'http://127.0.0.1:1', 'http://[::1]:80/v1'].map(isLocal)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['http://localhost.evil.example', 'https://127.0.0.1.example/v1', 'no address'].map(isLocal)).toEqual([
      false,
      false,
      false,
    ]);
    expect(normalBaseUrl('https://api.example/v1//')).toBe('https://api.example/v1');
  });
});

describe('ModelKeys', () => {
  it('gives a key to the address it was given for, and to no other', async () => {
    const stored = new Map<string, string>();
    const keys = new ModelKeys({
      get: async (name) => stored.get(name),
      store: async (name, value) => void stored.set(name, value),
      delete: async (name) => void stored.delete(name),
    });
    const mine = { provider: 'openai' as const, baseUrl: 'https://api.example/v1' };
    await keys.keep(mine, 'sk-1');
    expect(await keys.of(mine)).toBe('sk-1');
    expect(await keys.of({ ...mine, baseUrl: 'https://evil.example/v1' })).toBeNull();
    expect(await keys.of({ ...mine, provider: 'azure' })).toBeNull();
    await keys.forget(mine);
    expect(await keys.of(mine)).toBeNull();
  });
});
