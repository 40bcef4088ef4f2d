import { randomBytes } from 'node:crypto';
import { TerminalView } from '../../src/cli/terminal.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';
import type { ProductRun, RunningProduct } from '../judge/product.ts';
import { DEFAULT_COMMAND, Product, resultOf } from '../judge/product.ts';
import type { Script, ScriptedModel } from '../support/scripted-model.ts';
import { scriptedModel } from '../support/scripted-model.ts';

/** The key that the product is given for the scripted model; it must never be seen anywhere but in a header. */
export const MODEL_KEY = 'sk-test-4f9a1c77d20b83e65a10c9e2';

const TIMEOUT_MS = 240_000;

export interface ModelRunInput {
  script: Script;
  brain: 'model' | 'both';
  /** Where: `--context`, `--namespace` and whatever else is wanted. */
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** STRATUS_MODEL_USE and STRATUS_MODEL_BUDGET. */
  use?: object;
  budget?: object;
}

/** One `stratus mitigate` of which a scripted model thinks. */
export interface ModelRun {
  run: ProductRun;
  model: ScriptedModel;
  /** Of the result; NaN where it is not known. */
  muBefore: number;
  muAfter: number;
  outcome: string;
  reason: string;
  /** All that the terminal shows of it, without colours. */
  shown: string;
}

export interface StartedModelRun {
  model: ScriptedModel;
  product: RunningProduct;
  ended: Promise<ModelRun>;
}

/** Starts the command line with a scripted model; the server of the model ends with the run. */
export async function startModelRun(input: ModelRunInput): Promise<StartedModelRun> {
  const { script, brain, args, environment, use, budget } = input;
  // A diagnosis is remembered with the name of its model: none of these runs may begin with another's.
  const name = `scripted-${randomBytes(4).toString('hex')}`;
  const model = await scriptedModel(script, { model: name });
  const product = new Product(DEFAULT_COMMAND, {
    ...environment,
    STRATUS_MODEL: name,
    STRATUS_MODEL_URL: model.baseUrl,
    STRATUS_MODEL_KEY: MODEL_KEY,
    ...(use ? { STRATUS_MODEL_USE: JSON.stringify(use) } : {}),
    ...(budget ? { STRATUS_MODEL_BUDGET: JSON.stringify(budget) } : {}),
  }).start(['mitigate', '--yes', '--json', '--brain', brain, ...args], TIMEOUT_MS);
  const ended = product.ended
    .then((run) => readModelRun(run, model))
    .finally(() => model.close().catch(() => undefined));
  return { model, product, ended };
}

export async function modelRun(input: ModelRunInput): Promise<ModelRun> {
  return (await startModelRun(input)).ended;
}

function readModelRun(run: ProductRun, model: ScriptedModel): ModelRun {
  const result = resultOf(run) as
    { muBefore?: number; muAfter?: number; outcome?: string; reason?: string } | undefined;
  return {
    run,
    model,
    muBefore: result?.muBefore ?? NaN,
    muAfter: result?.muAfter ?? NaN,
    outcome: result?.outcome ?? `exit ${run.code}`,
    reason: result?.reason ?? run.stderr,
    shown: shownText(run),
  };
}

/** The run as the terminal tells it. */
export function shownText({ events }: Pick<ProductRun, 'events'>): string {
  const lines: string[] = [];
  const view = new TerminalView(
    (line) => void lines.push(line),
    (_, text) => text,
  );
  for (const event of events) if (event.type !== 'result') view.show(event as unknown as RunEvent);
  return lines.join('');
}
