import { join } from 'node:path';
import { carefulAnswer, carefulModel } from '../model-runs/careful-model.ts';
import { scriptedModel, type ScriptedModel } from '../support/scripted-model.ts';
import { approval, begin, type MitigateFlowOptions } from './mitigate-flow.ts';
import type { Workbench } from './workbench.ts';

const THOUGHT =
  'The Service sends to a port of its pods that none of their containers listens on, and its pods are ready: ' +
  'whoever calls it is refused although nothing is down. Nothing else in the namespace is unhealthy.';
/** Pieces of the thought that are seen before the rest of it comes. */
const SEEN = 14;

export interface HeldModel extends ScriptedModel {
  /** Lets it end its thought. */
  release(): void;
}

/** A model that answers by a script, and stops amid its diagnosis until it is let go. */
export async function heldModel(): Promise<HeldModel> {
  const held = Promise.withResolvers<void>();
  const model = await scriptedModel(
    carefulModel({
      diagnosis: (view, nth) =>
        nth === 1 ? { ...carefulAnswer(view), text: THOUGHT, then: { after: SEEN, does: held.promise } } : undefined,
    }),
  );
  return { ...model, release: held.resolve };
}

/** Settings under which agents ask it, and it alone. */
export function modelSettings({ baseUrl, endpoint }: ScriptedModel): Record<string, unknown> {
  return {
    'stratus.brain': 'model',
    'stratus.model.provider': 'openai',
    'stratus.model.baseUrl': baseUrl,
    'stratus.model.name': endpoint.model,
  };
}

/** Thoughts as they stream, tool calls with what they saw, plan and cost; then approved, and resolved. */
export async function modelFlow(
  workbench: Workbench,
  options: MitigateFlowOptions & { model: HeldModel },
): Promise<void> {
  const { model, pictures, say } = options;
  const { page, runView } = workbench;
  const picture = async (name: string) => {
    if (pictures) await page.screenshot({ path: join(pictures, name) });
  };
  await begin(workbench, options);
  const thinking = runView.locator('.agent').filter({ hasText: THOUGHT.slice(0, 40) });
  await thinking.locator('vscode-progress-ring').waitFor();
  await thinking.getByText(/^Looked at \d/).click();
  say('a thought streams');
  await picture('run-model-thinking.png');
  model.release();

  const approve = approval(workbench);
  await approve.waitFor();
  await runView.getByText(THOUGHT.slice(-40)).first().waitFor();
  await runView.locator('.spending').waitFor();
  say('waiting for approval of what a model proposes');
  await picture('run-model.png');
  await approve.click();
  await runView.getByRole('heading', { name: 'Resolved', exact: true }).waitFor();
  say('resolved');
}
