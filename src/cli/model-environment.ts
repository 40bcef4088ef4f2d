import type { Budget } from '../domain/budget.ts';
import type { ModelEndpoint, ModelPrice, ModelUse } from '../domain/model-settings.ts';
import { DEFAULT_MODEL_USE } from '../domain/model-settings.ts';
import { isMap } from '../json/json-map.ts';
import type { AppConfig } from '../run/app-config.ts';
import { UsageError } from './usage.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The language model that the environment names (docs/models.md): `STRATUS_MODEL` and what goes with it, `STRATUS_SECOND_MODEL`
 * for the second opinion, `STRATUS_MODEL_USE` with how models are used as JSON, `STRATUS_MODEL_BUDGET` likewise.
 * @throws UsageError that names the variable
 */
export function modelConfig(
  environment: Environment,
): Pick<AppConfig, 'model' | 'secondModel' | 'modelUse' | 'budget'> {
  const model = endpoint(environment, 'STRATUS_MODEL');
  if (!model) return {};
  return {
    model,
    secondModel: endpoint(environment, 'STRATUS_SECOND_MODEL'),
    modelUse: useOf(environment),
    budget: budgetOf(environment),
  };
}

function endpoint(environment: Environment, name: string): ModelEndpoint | null {
  const model = environment[name]?.trim();
  if (!model) return null;
  const provider = environment[`${name}_PROVIDER`]?.trim() || 'openai';
  if (provider !== 'openai' && provider !== 'azure')
    throw new UsageError(`${name}_PROVIDER is openai or azure, not '${provider}'`);
  const baseUrl = environment[`${name}_URL`]?.trim() ?? '';
  if (baseUrl && !URL.canParse(baseUrl)) throw new UsageError(`${name}_URL is no URL`);
  const tokens = environment[`${name}_CONTEXT`]?.trim();
  const contextTokens = tokens ? Number(tokens) : undefined;
  if (contextTokens !== undefined && !(Number.isInteger(contextTokens) && contextTokens >= 2_048))
    throw new UsageError(`${name}_CONTEXT is a number of tokens, 2048 or more`);
  const temperature = environment[`${name}_TEMPERATURE`]?.trim();
  if (temperature && !(Number(temperature) >= 0 && Number(temperature) <= 2))
    throw new UsageError(`${name}_TEMPERATURE is 0 to 2`);
  const apiVersion = environment[`${name}_API_VERSION`]?.trim();
  return {
    provider,
    baseUrl,
    model,
    apiKey: environment[`${name}_KEY`]?.trim() || null,
    ...(apiVersion ? { apiVersion } : {}),
    ...(temperature ? { temperature: Number(temperature) } : {}),
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
}

function useOf(environment: Environment): Partial<ModelUse> {
  const given = json(environment, 'STRATUS_MODEL_USE');
  const use: Partial<ModelUse> = {};
  for (const [key, value] of Object.entries(given)) {
    const known = Object.hasOwn(DEFAULT_MODEL_USE, key) ? DEFAULT_MODEL_USE[key as keyof ModelUse] : undefined;
    if (known === undefined)
      throw new UsageError(
        `STRATUS_MODEL_USE: there is no '${key}'; one of: ${Object.keys(DEFAULT_MODEL_USE).join(', ')}`,
      );
    if (key === 'prices') use.prices = prices(value);
    else if (typeof value !== typeof known || (typeof value === 'number' && !(value >= 0)))
      throw new UsageError(`STRATUS_MODEL_USE: '${key}' is a ${typeof known}`);
    else Object.assign(use, { [key]: value });
  }
  if ((use.confidenceThreshold ?? 0) > 1) throw new UsageError(`STRATUS_MODEL_USE: 'confidenceThreshold' is 0 to 1`);
  return use;
}

function prices(value: unknown): Record<string, ModelPrice> {
  const wrong = () =>
    new UsageError(
      `STRATUS_MODEL_USE: 'prices' is {"model": {"input": 0.5, "output": 1.5, "asOf": "2026-11-01"}}, dollars for a million tokens`,
    );
  if (!isMap(value)) throw wrong();
  for (const price of Object.values(value)) {
    if (!isMap(price) || typeof price.input !== 'number' || typeof price.output !== 'number') throw wrong();
    if (typeof price.asOf !== 'string') throw wrong();
  }
  return value as Record<string, ModelPrice>;
}

function budgetOf(environment: Environment): Partial<Budget> {
  const given = json(environment, 'STRATUS_MODEL_BUDGET');
  for (const [key, value] of Object.entries(given)) {
    if (!['usd', 'tokens', 'calls', 'thinkMs'].includes(key))
      throw new UsageError(`STRATUS_MODEL_BUDGET: there is no '${key}'; one of: usd, tokens, calls, thinkMs`);
    if (typeof value !== 'number' || !(value > 0))
      throw new UsageError(`STRATUS_MODEL_BUDGET: '${key}' is a number above 0`);
    // Playbooks are given this time, too.
    if (key === 'thinkMs' && value < 10_000)
      throw new UsageError(`STRATUS_MODEL_BUDGET: 'thinkMs' is 10000 (10 s) or more`);
  }
  return given as Partial<Budget>;
}

function json(environment: Environment, name: string): Record<string, unknown> {
  const text = environment[name]?.trim();
  if (!text) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${name} is no JSON`);
  }
  if (!isMap(value)) throw new UsageError(`${name} is no JSON object`);
  return value;
}
