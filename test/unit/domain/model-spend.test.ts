import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { costText, dollars, limitUses, modelText, spendOf, spendText } from '../../../src/domain/model-spend.ts';

const usage = (more: object): RunEvent => ({
  at: 1,
  type: 'usage',
  agent: 'diagnosis',
  model: 'small',
  tokensIn: 1_000,
  tokensOut: 20,
  usd: 0.01,
  ...more,
});

describe('what models took', () => {
  it('is counted for each role and for the whole run', () => {
    const spend = spendOf([usage({}), usage({ agent: 'mitigation', usd: 0.5 }), usage({ tokensOut: 30 })]);
    expect(spend.total).toMatchObject({ calls: 3, tokensIn: 3_000, tokensOut: 70, usd: 0.52, unpriced: 0 });
    expect(spend.roles.map(({ agent, calls }) => [agent, calls])).toEqual([
      ['diagnosis', 2],
      ['mitigation', 1],
    ]);
    expect(spendText(spend.total)).toBe('3 calls, 3,070 tokens (3,000 read, 70 written), $0.5200');
  });

  it('counts calls of no role in the total alone', () => {
    const spend = spendOf([usage({ agent: undefined })]);
    expect([spend.total.calls, spend.roles]).toEqual([1, []]);
  });

  it('never takes an unknown price for nothing', () => {
    const unknown = spendOf([usage({ usd: null }), usage({ usd: null })]).total;
    expect(costText(unknown)).toBe('cost unknown');
    const some = spendOf([usage({ usd: null }), usage({})]).total;
    expect(costText(some)).toBe('$0.0100 and 1 of 2 calls of unknown cost');
    expect(spendText(some)).not.toMatch(/\$0\.00\b/);
  });

  it('says what was not counted, and who is a script', () => {
    const spend = spendOf([usage({ estimated: true, scripted: true }), usage({})]);
    expect(spendText(spend.total)).toContain('about 2,040 tokens');
    expect(spend.models.map(modelText)).toEqual(['small (scripted model)', 'small']);
  });

  it('writes small amounts exactly', () => {
    expect([0, 0.00012, 0.5, 1, 12.345].map(dollars)).toEqual(['$0.00', '$0.0001', '$0.5000', '$1.00', '$12.35']);
  });

  it('is set against the limits that there are', () => {
    const { total } = spendOf([usage({}), usage({ usd: null })]);
    expect(limitUses({ usd: null, tokens: null, calls: null }, total)).toEqual([]);
    expect(limitUses({ usd: 1, tokens: 5_000, calls: 3 }, total)).toEqual([
      { what: 'dollars', used: 0.01, limit: 1, text: '$0.0100 of $1.00, without 1 call of unknown cost' },
      { what: 'tokens', used: 2_040, limit: 5_000, text: '2,040 of 5,000 tokens' },
      { what: 'calls', used: 2, limit: 3, text: '2 of 3 calls' },
    ]);
  });
});
