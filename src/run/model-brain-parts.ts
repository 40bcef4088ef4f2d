import type { Brain } from '../domain/brain.ts';
import type { ChatModel } from '../domain/chat.ts';
import type { ModelUse } from '../domain/model-settings.ts';

export interface ModelBrainParts {
  model: ChatModel;
  second: ChatModel | null;
  use: ModelUse;
  promptFolder: string;
  playbook: Brain;
}

export async function modelBrain(parts: ModelBrainParts): Promise<Brain> {
  return parts.playbook;
}
