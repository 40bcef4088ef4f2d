import { join } from 'node:path';
import type { Budget } from '../../domain/budget.ts';
import type { ChatModel } from '../../domain/chat.ts';
import { ChatError } from '../../domain/chat.ts';
import type { ModelPrice, ModelUse } from '../../domain/model-settings.ts';
import type { AppConfig } from '../../run/app-config.ts';
import type { SettingId, SettingTypes } from './contributions.ts';
import { Setting } from './contributions.ts';

type Read = <S extends SettingId>(id: S) => SettingTypes[S];

/** Makes a model that the editor offers; it is looked for when it is first asked. */
export type MakeEditorModel = (name: string, contextTokens: number) => ChatModel;

export const DEFAULT_CONTEXT_TOKENS = 32_768;

const LEAST_CONTEXT = 2_048;
const LIMITS = ['usd', 'tokens', 'calls'];

/**
 * What the settings say of models. Keys are not in it: they are read when a model is first used. A setting that cannot be
 * right becomes a model that says so when it is asked: playbooks go on without it.
 */
export function modelConfig(read: Read, folder: string | undefined, editorModel: MakeEditorModel): Partial<AppConfig> {
  return {
    ...endpoint(read, editorModel),
    modelUse: modelUse(read),
    budget: budget(read(Setting.modelBudget)),
    ...(folder === undefined ? {} : { promptFolder: join(folder, 'prompts') }),
  };
}

/** An address as keys are stored under it and servers are asked at it; null when it is none. */
export function normalBaseUrl(text: string): string | null {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) return null;
  return url.href.replace(/\/+$/, '');
}

/** Whether what is sent there stays on this machine. */
export function isLocal(baseUrl: string): boolean {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);
}

function endpoint(read: Read, editorModel: MakeEditorModel): Partial<AppConfig> {
  const provider = read(Setting.modelProvider);
  const model = textOf(read(Setting.modelName));
  const limits = limitProblem(read(Setting.modelBudget));
  if (limits) return { chat: new Misconfigured(model || provider, limits) };
  const tokens = read(Setting.modelContextTokens) || 0;
  const contextTokens = wholeNumber(tokens, LEAST_CONTEXT, 100_000_000);
  if (tokens !== 0 && contextTokens === null)
    return {
      chat: new Misconfigured(model || provider, `stratus.model.contextTokens is 0, or ${LEAST_CONTEXT} or more`),
    };
  if (provider !== 'openai' && provider !== 'azure' && provider !== 'editor') return {};
  if (model === '') return { chat: new Misconfigured(provider, 'stratus.model.name names no model') };
  if (provider === 'editor') return { chat: editorModel(model, contextTokens ?? DEFAULT_CONTEXT_TOKENS) };
  const written = textOf(read(Setting.modelBaseUrl));
  const baseUrl = written === '' ? '' : normalBaseUrl(written);
  if (baseUrl === null)
    return {
      chat: new Misconfigured(model, 'stratus.model.baseUrl is no http:// or https:// address without user and query'),
    };
  if (provider === 'azure' && baseUrl === '')
    return { chat: new Misconfigured(model, "stratus.model.baseUrl has to name Azure's resource") };
  const apiVersion = textOf(read(Setting.modelApiVersion));
  return {
    model: {
      provider,
      baseUrl,
      model,
      apiKey: null,
      ...(apiVersion === '' ? {} : { apiVersion }),
      ...(contextTokens === null ? {} : { contextTokens }),
    },
  };
}

/** Settings that name no model that can be asked. */
class Misconfigured implements ChatModel {
  readonly name: string;
  readonly contextTokens = DEFAULT_CONTEXT_TOKENS;
  readonly problem: string;

  constructor(name: string, problem: string) {
    this.name = name;
    this.problem = problem;
  }

  async *complete(): AsyncGenerator<never> {
    throw new ChatError('no-model', `${this.problem}: run 'Stratus: Choose Model'`);
  }
}

function modelUse(read: Read): Partial<ModelUse> {
  const threshold = read(Setting.modelConfidenceThreshold);
  const maxCommands = wholeNumber(read(Setting.modelMaxCommands), 1, 20);
  return {
    prices: prices(read(Setting.modelPrices)),
    ...(typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? { confidenceThreshold: threshold } : {}),
    ...(maxCommands === null ? {} : { maxCommands }),
    secondOpinion: read(Setting.modelSecondOpinion) !== false,
    freeCommands: read(Setting.modelFreeCommands) === true,
    thoughtDropout: read(Setting.modelThoughtDropout) === true,
    summarise: read(Setting.modelSummarise) === true,
    maskEmails: read(Setting.modelMaskEmails) === true,
    keepBodies: read(Setting.modelKeepBodies) === true,
  };
}

/** Those that are whole: the price of any other model is unknown. */
function prices(table: unknown): Record<string, ModelPrice> {
  if (typeof table !== 'object' || table === null) return {};
  return Object.fromEntries(
    Object.entries(table as Record<string, Partial<ModelPrice> | null>).filter(
      (entry): entry is [string, ModelPrice] =>
        isAmount(entry[1]?.input) && isAmount(entry[1]?.output) && typeof entry[1]?.asOf === 'string',
    ),
  );
}

/** A limit that cannot be read must not become none. */
function limitProblem(limits: unknown): string {
  if (limits === undefined || limits === null) return '';
  if (typeof limits !== 'object') return 'stratus.model.budget is no object with usd, tokens or calls';
  const wrong = Object.entries(limits).find(
    ([name, value]) => !LIMITS.includes(name) || !isAmount(value) || value === 0,
  );
  return wrong ? `stratus.model.budget.${wrong[0]} is no amount above 0 of ${LIMITS.join(', ')}` : '';
}

function budget(limits: unknown): Partial<Budget> {
  if (typeof limits !== 'object' || limits === null) return {};
  const { usd, tokens, calls } = limits as Record<string, unknown>;
  return {
    ...(isAmount(usd) ? { usd } : {}),
    ...(isAmount(tokens) ? { tokens } : {}),
    ...(isAmount(calls) ? { calls } : {}),
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function wholeNumber(value: unknown, least: number, most: number): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
