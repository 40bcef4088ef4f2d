import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelBrain } from '../../agents/model/model-brain.ts';
import type { ModelBrainParts } from '../../agents/model/model-brain.ts';
import type { PromptName, PromptSet } from '../../agents/model/talk/prompt-set.ts';
import { PROMPTS } from '../../agents/model/talk/prompt-set.ts';
import type { Brain } from '../../domain/brain.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** The brain of one run. @throws StratusError `model` when a prompt cannot be read */
export async function modelBrain(parts: Omit<ModelBrainParts, 'prompts'> & { promptFolder: string }): Promise<Brain> {
  const { promptFolder, ...rest } = parts;
  return new ModelBrain({ ...rest, prompts: await readPrompts(promptFolder) });
}

export async function readPrompts(folder: string): Promise<PromptSet> {
  const entries = await Promise.all(
    PROMPTS.map(async (name): Promise<[PromptName, string]> => {
      try {
        return [name, await readFile(join(folder, `${name}.md`), 'utf8')];
      } catch (error) {
        throw new StratusError(
          'model',
          `the prompt '${name}' that comes with Stratus cannot be read: install it again`,
          {
            cause: error,
          },
        );
      }
    }),
  );
  return Object.fromEntries(entries) as PromptSet;
}
