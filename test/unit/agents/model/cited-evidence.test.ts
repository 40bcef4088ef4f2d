import { expect, it } from 'vitest';
import type { ChatRequest } from '../../../../src/domain/chat.ts';
import { askedText, modelScene } from '../../../support/model-scene.ts';
import type { Spoken } from '../../../support/spoken-model.ts';
import { SpokenModel } from '../../../support/spoken-model.ts';

const detection: Spoken = { calls: [{ tool: 'submit_detection', args: { incident: true, symptoms: [] } }] };

const cites =
  (ids: (shown: string) => string[]) =>
  (request: ChatRequest): Spoken => {
    const line = askedText(request)
      .split('\n')
      .find((one) => one.includes('profile') && /\[E\d+\]/.test(one))!;
    const hypothesis = {
      kind: 'Service',
      name: 'profile',
      statement: 'its port is wrong',
      evidence: ids(/E\d+/.exec(line)![0]),
      confidence: 0.9,
    };
    return { calls: [{ tool: 'submit_diagnosis', args: { hypotheses: [hypothesis] } }] };
  };

it.each([
  ['twice, in another spelling, is shown evidence', (id: string) => [id, `[${id.toLowerCase()}]`, id], null],
  ['beside ids that were never shown is told', (id: string) => [id, 'E998', 'E999', 'E999'], /never shown \(2\)/],
])('evidence that is cited %s', async (_, ids, told) => {
  const { brain, context, thoughts } = modelScene(new SpokenModel([detection, cites(ids)]));
  const { hypotheses } = await brain.diagnose(context);
  expect(hypotheses[0]!.by).toBe('spoken');
  if (told) expect(thoughts().join('\n')).toMatch(told);
  else expect(thoughts().join('\n')).not.toContain('never shown');
});
