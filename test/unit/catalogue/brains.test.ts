import { describe, expect, it } from 'vitest';
import { choicesOf, environmentOf } from '../../bench/model.ts';
import { pairs, resolveTable, useTable } from '../../catalogue/page/brains.ts';
import type { ChoiceRow, PromptRow } from '../../catalogue/page/models-page.ts';
import { choicePart, modelsPage, promptPart } from '../../catalogue/page/models-page.ts';
import type { BrainTrial } from '../../catalogue/run/brain-trial.ts';
import { askedOf, wayOf } from '../../catalogue/run/brain-trial.ts';
import type { Recorded } from '../../catalogue/run/records.ts';
import { reportOf } from './trial-report.ts';

const usage = (tokensIn: number, tokensOut: number, more: object = {}) => ({
  type: 'usage',
  model: 'tiny',
  ...{ tokensIn, tokensOut, usd: 0.5 },
  call: { purpose: 'ranking causes', milliseconds: 1_500 },
  ...more,
});

describe('what was asked of a model', () => {
  it('is counted from the events of a run', () => {
    const asked = askedOf([
      usage(100, 10),
      usage(50, 5, { estimated: true, call: { purpose: 'planning', milliseconds: 500, problem: 'stalled' } }),
      { type: 'toolCall', tool: 'events', args: '{}', digest: '3 lines' },
      { type: 'toolCall', tool: 'sudo', args: '{}', digest: "there is no tool 'sudo'" },
      { type: 'planned', plan: { title: 'one' } },
      { type: 'planned', plan: null, reason: 'nothing' },
      { type: 'rehearsed', steps: [{ ok: true }, { ok: false }] },
      { type: 'effectFailed', effect: 'plan', reason: 'no answer' },
      { type: 'effectFailed', effect: 'settle', reason: 'no answer' },
    ]);
    expect(asked).toMatchObject({ models: ['tiny'], calls: 2, failed: 1, tokensIn: 150, tokensOut: 15, estimated: 1 });
    expect(asked).toMatchObject({ usd: 1, modelSeconds: 2, purposes: { 'ranking causes': 1, planning: 1 } });
    expect(asked).toMatchObject({
      tools: { events: 1, sudo: 1 },
      refusedTools: 1,
      plans: 1,
      refusedPlans: 1,
      fallBacks: 1,
    });
  });

  it('knows an answer of no use by the question that follows it at once, or by the end of the call', () => {
    const ask = (purpose: string) => usage(1, 1, { call: { purpose, milliseconds: 1 } });
    const { unusable } = askedOf([
      ask('ranking'),
      { type: 'thought', text: 'hm' },
      ask('ranking'),
      { type: 'diagnosed', findings: [] },
      ask('ranking'),
      { type: 'toolCall', tool: 'events' },
      ask('ranking'),
      { type: 'effectFailed', effect: 'plan', reason: 'the model gave no usable answer (submit_plan): no JSON' },
      ask('ranking'),
      { type: 'effectFailed', effect: 'plan', reason: 'no word for 60 s' },
    ]);
    expect(unusable).toBe(2);
  });

  it('costs an unknown sum where one price is unknown, and nothing where nothing was asked', () => {
    expect(askedOf([usage(1, 1), usage(1, 1, { usd: null })]).usd).toBeNull();
    expect(askedOf([]).usd).toBe(0);
  });
});

describe('what is tried', () => {
  it('is playbooks as they are, and a model with each combination of its settings', () => {
    const fixed = ['contextTokens=4096'];
    const uses = ['maxCommands=3,20', 'thoughtDropout=true'];
    expect(choicesOf('playbook,both', 'tiny', fixed, uses).map(wayOf)).toEqual([
      'playbook',
      'both tiny contextTokens=4096 maxCommands=3 thoughtDropout=true',
      'both tiny contextTokens=4096 maxCommands=20 thoughtDropout=true',
    ]);
  });

  it('is told the product by its environment', () => {
    const [choice] = choicesOf(
      'model',
      'tiny',
      ['contextTokens=4096', 'thinkMs=5000'],
      ['maxCommands=3', 'temperature=0.7'],
    );
    expect(environmentOf(choice!, 'http://127.0.0.1:1/v1')).toEqual({
      STRATUS_MODEL_URL: 'http://127.0.0.1:1/v1',
      STRATUS_MODEL: 'tiny',
      STRATUS_MODEL_USE: '{"maxCommands":3}',
      STRATUS_MODEL_CONTEXT: '4096',
      STRATUS_MODEL_TEMPERATURE: '0.7',
      STRATUS_MODEL_BUDGET: '{"thinkMs":5000}',
    });
    expect(environmentOf({ brain: 'playbook', model: '', settings: '' }, '')).toEqual({});
  });

  it('is refused where it is not understood', () => {
    expect(() => choicesOf('oracle', '', [], [])).toThrow(/no brain oracle; there are: playbook, model, both/);
    expect(() => choicesOf('model', 'tiny', [], ['k'])).toThrow(/--use takes NAME=VALUE/);
  });
});

function trial(brain: BrainTrial['choice']['brain'], more: Partial<Recorded<BrainTrial>> = {}): Recorded<BrainTrial> {
  const choice = { brain, model: brain === 'playbook' ? '' : 'tiny', settings: '' };
  const report = reportOf({ verdict: 'resolved', cause: 1, attempts: 1 });
  return {
    ...{ ...report, ...askedOf([]), choice, way: wayOf(choice), muBefore: 2, muAfter: 0, transcript: 'a.jsonl.gz' },
    ...{ commit: 'abc', machine: 'a machine', at: '2026-11-30T10:00:00.000Z' },
    ...more,
  };
}

describe('tables of brains', () => {
  it('tell rates with intervals, what is worse, and a price that is not known', () => {
    const text = resolveTable([
      trial('playbook'),
      trial('model', { usd: null, calls: 4 }),
      trial('model', { verdict: 'wrong', usd: 1, seed: 2, calls: 2 }),
      trial('both', { verdict: 'named', muBefore: 1, muAfter: 2 }),
      trial('both', { verdict: 'invalid' }),
    ]);
    const row = (way: string) => text.split('\n').find((line) => line.startsWith(`| ${way} |`))!;
    expect(row('playbook')).toContain('| 1 | 1: 100.0 % (20.7–100.0) |');
    expect(row('model tiny')).toContain('| 2 | 1: 50.0 % (9.5–90.5) |');
    expect(row('model tiny')).toContain('unknown price in 1');
    expect(row('both tiny').split(' | ')[4]).toBe('1');
    expect(row('both tiny').split(' | ')[1]).toBe('1');
  });

  it('tell how many attempts were needed and which tools were called', () => {
    const text = useTable([
      trial('model', { attempts: 0, tools: { events: 3, logs: 1 }, refusedTools: 1 }),
      trial('model', { attempts: 5, tools: { logs: 4 } }),
    ]);
    expect(text).toContain('| model tiny | 1 | 0 | 0 | 1 |');
    expect(text).toContain('logs 5, events 3');
    expect(text).toContain('87.5 %');
  });

  it('compare what both tried', () => {
    const all = [trial('playbook'), trial('both'), trial('both', { seed: 9 }), trial('playbook', { entry: 'other' })];
    expect(pairs(all, 'playbook', 'both tiny')).toHaveLength(1);
  });
});

const META = { commit: 'abc', machine: 'a machine', at: '2026-11-30T10:00:00.000Z' };
const kept = { objects: true, words: true, deciding: true };
const lost = { ...kept, words: false };

describe('the page of models', () => {
  it('says what was not measured', () => {
    const page = modelsPage({ prompt: null, choices: [], trials: [] });
    expect(page.match(/Not measured\./g)).toHaveLength(3);
  });

  it('names incidents that are told at too great a length, or without what tells the cause', () => {
    const rows: PromptRow[] = [
      {
        entry: 'dns:one',
        seed: 1,
        raw: 1000,
        namespaced: 500,
        compressed: 100,
        kept,
        alone: { compressed: 90, kept },
        budget: 6000,
      },
      {
        entry: 'dns:two',
        seed: 2,
        raw: 1000,
        namespaced: 1000,
        compressed: 201,
        kept: { ...kept, deciding: false },
        alone: { compressed: 9, kept: lost },
        budget: 6000,
      },
    ];
    const text = promptPart({ ...META, rows });
    expect(text).toContain(
      '| all | 2 | 1000 | 100 | 10.0 % | 20.1 % | 20.0 % | 1 | 2 of 2 | 2 of 2 | 1 of 2 | 1 of 2 |',
    );
    expect(text).toContain('Larger than the goal: dns:two 2.');
    expect(text).toContain('Without something that tells the cause: dns:two 2.');
  });

  it('counts a useless answer of a model as not right, and only where it was asked', () => {
    const choosers = (model: number | null) => ({ model, playbook: 1, first: 0, blind: 0.25 });
    const row = (seed: number, model: number | null, problem = ''): ChoiceRow => ({
      ...{ entry: 'dns:one', seed, model: 'tiny', playbooks: true, causes: 4, actions: 4 },
      ...{ causePresent: true, actionPresent: seed === 1, nearPresent: true },
      ...{ cause: choosers(model), action: choosers(model), near: choosers(model) },
      asked: model === null ? null : { tokensIn: 10, tokensOut: 2, seconds: 3, problem },
    });
    const text = choicePart([{ ...META, rows: [row(1, 1), row(2, 0, 'no JSON'), row(3, null)] }]);
    expect(text).toContain('asked: 2; answers of no use, which count as not right:\n1.');
    expect(text).toContain('asked about | 2 | 4 | 4 | cause | 100.0 % (34.2–100.0) | 50.0 % (9.5–90.5) |');
    expect(text).toMatch(/playbooks \| 3 \| 4 \| 4 \| action that puts it back \| 33\.3 % [^|]+\| – \|/);
  });
});
