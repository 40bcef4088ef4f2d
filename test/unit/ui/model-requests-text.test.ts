import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { modelRequestsText } from '../../../src/ui/doors/model-requests-text.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import type { ScriptedBrain } from '../../host/scripted-brain.ts';
import { scriptedBrain } from '../../host/scripted-brain.ts';

async function eventsOf(brain: ScriptedBrain): Promise<readonly RunEvent[]> {
  const run = await RecordedRun.open({ brains: (playbook) => [scriptedBrain(playbook, brain)] });
  await run.untilAsked();
  return run.session.events();
}

describe('model requests of a run as text', () => {
  it('names role, purpose, model, tokens, time and digests of each call', async () => {
    const text = modelRequestsText('run-1', await eventsOf({}));
    expect(text).toContain('Model requests of run-1');
    expect(text).toContain('3 calls, 10,831 tokens (10,526 read, 305 written), $0.0126');
    expect(text).toMatch(
      /#2 cause: ranking causes\n +after +\d+\.\d s, took 1\.8 s\n +model +qwen2\.5-1\.5b-instruct \(scripted model\)\n/,
    );
    expect(text).toMatch(/request +sha256 [0-9a-f]{64}/);
    expect(text).toContain('was not kept');
    expect(text).not.toContain('Which of these');
  });

  it('shows bodies that were kept, without control characters and credentials', async () => {
    const events = await eventsOf({ keepsBodies: true });
    const call = events.find((event) => event.type === 'usage')!;
    if (call.type !== 'usage' || !call.call) throw new Error('a call was expected');
    const answerText = 'first\u001b[31m\npassword=hunter2hunter2\nAuthorization: Bearer abcdefghijklmnopqrstuvwxyz';
    const text = modelRequestsText('run-1', [{ ...call, call: { ...call.call, answerText } }]);
    expect(text).toContain('    | Which of these is the cause?');
    expect(text).toContain('    | first');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('abcdefghijklmnopqrstuvwxyz');
    expect(text).not.toContain('was not kept');
  });

  it('says what it does not know', async () => {
    const usage: RunEvent = { at: 5, type: 'usage', model: 'm', tokensIn: 1, tokensOut: 1, usd: null, estimated: true };
    const text = modelRequestsText('run-1', [usage]);
    expect(text).toContain('#1 no role: purpose not noted');
    expect(text).toContain('cost      cost unknown');
    expect(text).toContain('tokens    about 1 read');
    expect(modelRequestsText('run-1', [])).toContain('No model was asked in this run.');
  });
});
