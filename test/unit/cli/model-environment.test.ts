import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../../src/cli/model-environment.ts';

const MODEL = { STRATUS_MODEL: 'small', STRATUS_MODEL_URL: 'http://127.0.0.1:8080/v1' };

describe('the model that the environment names', () => {
  it('is none without its name', () => {
    expect(modelConfig({})).toEqual({});
    expect(modelConfig({ STRATUS_MODEL: ' ', STRATUS_MODEL_KEY: 'k' })).toEqual({});
  });

  it('is taken with what goes with it', () => {
    expect(
      modelConfig({
        ...MODEL,
        STRATUS_MODEL_KEY: 'k',
        STRATUS_MODEL_CONTEXT: '8192',
        STRATUS_SECOND_MODEL: 'other',
        STRATUS_SECOND_MODEL_PROVIDER: 'azure',
        STRATUS_MODEL_USE: '{"confidenceThreshold":0.7,"prices":{"small":{"input":1,"output":2,"asOf":"2026-11-01"}}}',
        STRATUS_MODEL_BUDGET: '{"usd":0.5,"calls":20}',
      }),
    ).toEqual({
      model: {
        provider: 'openai',
        baseUrl: 'http://127.0.0.1:8080/v1',
        model: 'small',
        apiKey: 'k',
        contextTokens: 8_192,
      },
      secondModel: { provider: 'azure', baseUrl: '', model: 'other', apiKey: null },
      modelUse: { confidenceThreshold: 0.7, prices: { small: { input: 1, output: 2, asOf: '2026-11-01' } } },
      budget: { usd: 0.5, calls: 20 },
    });
  });

  it.each([
    [{ STRATUS_MODEL_PROVIDER: 'other' }, /STRATUS_MODEL_PROVIDER is openai or azure/],
    [{ STRATUS_MODEL_URL: 'not a url' }, /STRATUS_MODEL_URL is no URL/],
    [{ STRATUS_MODEL_CONTEXT: '100' }, /STRATUS_MODEL_CONTEXT/],
    [{ STRATUS_MODEL_USE: '{' }, /STRATUS_MODEL_USE is no JSON/],
    [{ STRATUS_MODEL_USE: '[]' }, /STRATUS_MODEL_USE is no JSON object/],
    [{ STRATUS_MODEL_USE: '{"freeComands":true}' }, /there is no 'freeComands'; one of: prices/],
    [{ STRATUS_MODEL_USE: '{"toString":true}' }, /there is no 'toString'/],
    [{ STRATUS_MODEL_USE: '{"freeCommands":"yes"}' }, /'freeCommands' is a boolean/],
    [{ STRATUS_MODEL_USE: '{"confidenceThreshold":7}' }, /'confidenceThreshold' is 0 to 1/],
    [{ STRATUS_MODEL_USE: '{"prices":{"m":{"input":1}}}' }, /'prices' is/],
    [{ STRATUS_MODEL_BUDGET: '{"usd":-1}' }, /'usd' is a number above 0/],
    [{ STRATUS_MODEL_BUDGET: '{"thinkMs":1}' }, /'thinkMs' is 10000/],
    [{ STRATUS_MODEL_BUDGET: '{"euro":1}' }, /there is no 'euro'/],
  ])('is refused by the name of the variable: %j', (wrong, told) => {
    expect(() => modelConfig({ ...MODEL, ...wrong })).toThrow(told);
  });

  it('tells nobody the key', () => {
    const secret = 'sk-do-not-tell';
    for (const wrong of [{ STRATUS_MODEL_URL: 'x' }, { STRATUS_MODEL_USE: '{' }, { STRATUS_MODEL_CONTEXT: '1' }])
      try {
        modelConfig({ ...MODEL, STRATUS_MODEL_KEY: secret, ...wrong });
        expect.unreachable();
      } catch (error) {
        expect(String(error)).not.toContain(secret);
      }
  });
});
