import type { AttemptRecord, BrainContext, BrainDiagnosis } from '../../../domain/brain.ts';
import type { ChatModel } from '../../../domain/chat.ts';
import type { ModelUse } from '../../../domain/model-settings.ts';
import type { Candidates } from '../../candidates/candidate.ts';
import type { Allowance } from './allowance.ts';
import { Conversation } from './conversation.ts';
import type { EvidenceDesk } from '../evidence/evidence-desk.ts';
import { fenced } from '../../../text/fence.ts';
import type { PromptName, PromptSet } from './prompt-set.ts';
import { render } from './prompt-set.ts';

/** What a role needs to talk with a model in one call of the brain. */
export interface Talk {
  context: BrainContext;
  model: ChatModel;
  use: ModelUse;
  prompts: PromptSet;
  allowance: Allowance;
  /** Around text of the cluster; drawn anew for each call, so that no text can close it. */
  mark: string;
  /** Hears every text of the cluster that is shown to a model. */
  shown(text: string): void;
}

/** The same with all that is known of the incident. */
export interface Case extends Talk {
  evidence: EvidenceDesk;
  /** What was read, compressed, with the ids of evidence. */
  file: string;
  candidates: Candidates;
  playbook: BrainDiagnosis | null;
  attempts: readonly AttemptRecord[];
}

/** Below this a model only chooses: a talk with tools would not fit. Tokens. */
const ROOM_FOR_TALK = 16_000;

/** Whether a model can be asked to work with tools; else it ranks what is listed. */
export function canTalk(model: ChatModel): boolean {
  return model.contextTokens >= ROOM_FOR_TALK;
}

/** Text of the cluster as it is put into a prompt. */
export function quoted(one: Talk, text: string): string {
  one.shown(text);
  return fenced('data', text, one.mark).text;
}

export function openTalk(
  one: Talk,
  purpose: string,
  prompt: PromptName,
  values: Readonly<Record<string, string>>,
  model = one.model,
): Conversation {
  const { context, use, allowance, prompts, mark } = one;
  const { system, user } = render(prompts, prompt, { mark, ...values });
  return new Conversation({ model, use, allowance, context, purpose }, system, user);
}
