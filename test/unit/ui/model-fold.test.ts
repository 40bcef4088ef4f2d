import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { ModelFold } from '../../../src/ui/run/model-fold.ts';
import { agentViews, modelsView } from '../../../src/ui/run/model-views.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import type { ScriptedBrain } from '../../host/scripted-brain.ts';
import { scriptedBrain } from '../../host/scripted-brain.ts';

const withModel = (brain: ScriptedBrain = {}) =>
  RecordedRun.open({ brains: (playbook) => [scriptedBrain(playbook, brain), playbook] });

function folded(...events: object[]): ModelFold {
  const fold = new ModelFold();
  events.forEach((event, at) => fold.apply({ at, ...event } as RunEvent));
  return fold;
}

const thought = (text: string, partial = true) => ({ type: 'thought', agent: 'diagnosis', text, partial });

describe('agents that ask a model', () => {
  it('stream a thought that is replaced in place and is whole in the end', () => {
    const events = [thought('The Ser'), thought('The Service of g')];
    expect(agentViews(folded(...events))).toMatchObject([{ thought: 'The Service of g', thinking: true }]);
    expect(agentViews(folded(...events, thought('The Service of geo.', false)))).toMatchObject([
      { thought: 'The Service of geo.', thinking: false },
    ]);
  });

  it('keep their own thought when others speak in their name', () => {
    const [view] = agentViews(folded(thought('It is'), thought('It is geo.', false), thought('a finding', false)));
    expect(view).toMatchObject({ thought: 'It is geo.', thinking: false });
  });

  it('do not seem to think on when their phase is over', () => {
    const [view] = agentViews(folded(thought('half a'), { type: 'phase', phase: 'planning', attempt: 0 }));
    expect(view).toMatchObject({ thought: 'half a', thinking: false });
  });

  it('are none where playbooks think alone', async () => {
    const { agents, models } = await (await RecordedRun.open()).untilAsked();
    expect([agents, models]).toEqual([[], null]);
  });

  it('show the latest calls of tools only, numbered among all', () => {
    const call = { type: 'toolCall', agent: 'diagnosis', tool: 'get', args: '{}', digest: 'd' };
    const [view] = agentViews(folded(...Array.from({ length: 130 }, () => call)));
    expect([view!.moreTools, view!.tools[0]!.id, view!.tools.at(-1)!.id]).toEqual([30, 31, 130]);
  });
});

describe('the view of a run with a model', () => {
  it('has thoughts in the log once they are whole, tools with evidence, and what all of it took', async () => {
    const run = await withModel();
    const view = await run.untilAsked();
    expect(view.log.filter(({ who }) => who === 'diagnosis').map(({ text }) => text)).toContain(
      'Nobody listens on 9999, the container of geo listens on 8083.',
    );
    expect(view.log.some(({ text }) => text === 'The frontend answers 503. ')).toBe(false);
    expect(view.agents.map(({ who, tools, spend }) => [who, tools.length, spend])).toEqual([
      ['diagnosis', 2, '2 calls, 8,566 tokens (8,322 read, 244 written), $0.0084'],
      ['mitigation', 0, '1 call, 2,265 tokens (2,204 read, 61 written), $0.0042'],
    ]);
    expect(view.models).toMatchObject({
      names: [{ name: 'qwen2.5-1.5b-instruct', scripted: true }],
      total: { calls: 3, tokens: '10,831', cost: '$0.0126' },
      limits: [],
      handOvers: [],
    });
    expect(run.session.objectOfTool(1, 0)).toMatchObject({ kind: 'Service', name: 'geo' });
    expect(run.session.objectOfTool(3, 0)).toBeNull();
  });

  it('says who takes what for the cause, and how sure that one is', async () => {
    const view = await (await withModel()).untilAsked();
    expect(view.findings[0]).toMatchObject({
      beliefs: [{ confidence: 0.83, own: 0.95, by: 'qwen2.5-1.5b-instruct' }],
      symptoms: [{ id: 'readiness/frontend' }],
    });
  });

  it('tells why a person has to look at the plan', async () => {
    const view = await (await withModel({ needsPerson: 'low confidence' })).untilAsked();
    expect(view.plan).toMatchObject({ awaiting: true, needsPerson: 'low confidence' });
  });

  it('notes that the model gave way', async () => {
    const view = await (await withModel({ fails: 'no word for 30 s' })).untilAsked();
    const text = 'The playbooks take over from the model: no word for 30 s';
    expect(view.models?.handOvers).toEqual([{ text, failed: true }]);
    expect(view.log).toContainEqual(expect.objectContaining({ who: 'stratus', kind: 'problem', text }));
    expect(view.plan?.awaiting).toBe(true);
  });

  it('says that a cost is unknown and a count is a guess', async () => {
    const view = await (await withModel({ usd: null, estimated: true })).untilAsked();
    expect(view.models?.total).toEqual({ calls: 3, tokens: 'about 10,831', cost: 'cost unknown' });
  });

  it('shows limits as a person raised them', () => {
    const usage = { type: 'usage', agent: 'diagnosis', model: 'm', tokensIn: 90, tokensOut: 10, usd: 0 };
    const budget = { usd: null, tokens: 200, calls: null, thinkMs: 1 };
    expect(modelsView(folded(usage, { type: 'budgetExtended', budget }))?.limits).toEqual([
      { what: 'tokens', used: 100, limit: 200, text: '100 of 200 tokens' },
    ]);
  });
});
