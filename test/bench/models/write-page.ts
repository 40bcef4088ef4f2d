import { globSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ChoiceRow, PromptRow } from '../../catalogue/page/models-page.ts';
import { modelsPage } from '../../catalogue/page/models-page.ts';
import type { BrainTrial } from '../../catalogue/run/brain-trial.ts';
import type { Recorded } from '../../catalogue/run/records.ts';
import { measured, RESULTS } from './results.ts';

/** docs/benchmark-models.md from all that is recorded. */
export function writeModelsPage(trials: readonly Recorded<BrainTrial>[]): void {
  const names = globSync('choose-*.json', { cwd: RESULTS }).map((file) => basename(file, '.json'));
  const page = modelsPage({
    prompt: measured<PromptRow>('prompt'),
    choices: names.sort().flatMap((name) => measured<ChoiceRow>(name) ?? []),
    trials,
  });
  writeFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'benchmark-models.md'), page);
}
