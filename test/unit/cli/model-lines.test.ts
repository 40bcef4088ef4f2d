import { describe, expect, it } from 'vitest';
import { painter } from '../../../src/cli/paint.ts';
import { spendLines } from '../../../src/cli/model-lines.ts';
import { TerminalView } from '../../../src/cli/terminal.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import type { ScriptedBrain } from '../../host/scripted-brain.ts';
import { scriptedBrain } from '../../host/scripted-brain.ts';

async function printed(brain: ScriptedBrain): Promise<{ text: string; end: string[] }> {
  const run = await RecordedRun.open({ brains: (playbook) => [scriptedBrain(playbook, brain), playbook] });
  await run.untilAsked();
  let text = '';
  const view = new TerminalView((line) => (text += line), painter(false));
  for (const event of run.session.events()) view.show(event);
  return { text, end: spendLines(run.session.events()) };
}

describe('a run with a model on the terminal', () => {
  it('shows thoughts once, tools with their answers, and what each call took', async () => {
    const { text, end } = await printed({});
    expect(text.match(/The frontend answers 503/g)).toHaveLength(1);
    expect(text).toMatch(/diagnosis: describe \{"kind":"Service","name":"geo"\}\n.*Service geo: port 8083/);
    expect(text).toContain(
      'diagnosis asked qwen2.5-1.5b-instruct (scripted model) (ranking causes): 4,410 + 96 tokens, $0.0042, 1.8 s',
    );
    expect(text).toContain(
      'confidence 0.83 by the evidence, says qwen2.5-1.5b-instruct; the model itself says 0.95: Service geo sends',
    );
    expect(end).toEqual([
      'qwen2.5-1.5b-instruct (scripted model): 3 calls, 10,831 tokens (10,526 read, 305 written), $0.0126',
      '  diagnosis: 2 calls, 8,566 tokens (8,322 read, 244 written), $0.0084',
      '  mitigation: 1 call, 2,265 tokens (2,204 read, 61 written), $0.0042',
    ]);
  });

  it('says that a cost is unknown, and why a person is wanted', async () => {
    const { text, end } = await printed({ usd: null, needsPerson: 'low confidence' });
    expect(text).toContain('tokens, cost unknown');
    expect(text).toContain('a person has to look at this plan: low confidence');
    expect(end[0]).toMatch(/, cost unknown$/);
    expect(`${text}${end.join()}`).not.toContain('$0.00');
  });

  it('notes that the model gave way', async () => {
    const { text } = await printed({ fails: 'no word for 30 s' });
    expect(text).toContain('The playbooks take over from the model: no word for 30 s');
  });

  it('says nothing of models where none was asked', () => {
    expect(spendLines([])).toEqual([]);
  });
});
