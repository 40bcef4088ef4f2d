import { join } from 'node:path';
import type { DiagnosisMemory } from '../../src/agents/model/model-brain.ts';
import { ModelBrain } from '../../src/agents/model/model-brain.ts';
import { PlaybookBrain } from '../../src/agents/playbooks/playbook-brain.ts';
import type { BrainContext, BrainEmission } from '../../src/domain/brain.ts';
import { NO_LIMIT } from '../../src/domain/budget.ts';
import type { ChatRequest } from '../../src/domain/chat.ts';
import type { ModelUse } from '../../src/domain/model-settings.ts';
import { DEFAULT_MODEL_USE } from '../../src/domain/model-settings.ts';
import { readPrompts } from '../../src/run/brains/model-brain-parts.ts';
import { FakeClock } from './fake-clock.ts';
import { NO_READS, recordedSnapshot, severityOf, UNSTOPPED } from './recorded.ts';
import type { SpokenModel } from './spoken-model.ts';

const prompts = await readPrompts(join(import.meta.dirname, '../../prompts'));

/** A model's brain before a recorded cluster, and what it tells while it works. */
export function modelScene(
  model: SpokenModel,
  use: Partial<ModelUse> = {},
  recorded = 'shop-target-port',
  memory?: DiagnosisMemory,
) {
  const snapshot = recordedSnapshot(recorded);
  const told: BrainEmission[] = [];
  const context: BrainContext = {
    run: 'r',
    target: { context: 'c', server: 's', fingerprint: 'f', namespace: snapshot.namespaces[0]! },
    snapshot,
    severity: severityOf(snapshot),
    evidence: NO_READS,
    clock: new FakeClock(),
    budget: NO_LIMIT,
    signal: UNSTOPPED,
    emit: (one) => void told.push(one),
  };
  const brain = new ModelBrain({
    model,
    second: null,
    use: { ...DEFAULT_MODEL_USE, secondOpinion: false, ...use },
    prompts,
    playbook: new PlaybookBrain(),
    ...(memory ? { memory } : {}),
  });
  const thoughts = () => told.flatMap((one) => (one.type === 'thought' && !one.partial ? [one.text] : []));
  return { brain, context, thoughts, told };
}

export const askedText = ({ messages }: ChatRequest): string => messages.map(({ text }) => text).join('\n');

/** The id before the line of the list that holds all of these words. */
export function listedId(request: ChatRequest, letter: 'H' | 'A', ...words: string[]): string {
  const line = askedText(request)
    .split('\n')
    .find((one) => new RegExp(`^${letter}\\d+:`).test(one) && words.every((word) => one.includes(word)));
  if (!line) throw new Error(`nothing listed says ${words.join(', ')}`);
  return line.slice(0, line.indexOf(':'));
}
