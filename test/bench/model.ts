import { parseArgs } from 'node:util';
import { entryNamed, ENTRIES } from '../catalogue/catalogue.ts';
import { loadImages } from '../catalogue/images.ts';
import type { BrainChoice, BrainTrial } from '../catalogue/run/brain-trial.ts';
import { runBrainTrial, wayOf } from '../catalogue/run/brain-trial.ts';
import { inLanes } from '../catalogue/run/lanes.ts';
import type { Shelf } from '../catalogue/run/records.ts';
import { newestRecords, Records } from '../catalogue/run/records.ts';
import { brainSummary } from '../catalogue/page/brains.ts';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { keepTranscript } from './models/results.ts';
import { writeModelsPage } from './models/write-page.ts';

export const usage = `--cluster NAME --base-url URL --model NAME [--brain playbook,model,both] [--faults a,b] [--seeds 1,2,3]
                          [--context TOKENS] [--think SECONDS] [--use NAME=V1,V2 …] [--limit SECONDS] [--fresh] [--write-docs]`;

const BRAINS = ['playbook', 'model', 'both'] as const;

export const BRAIN_TRIALS: Shelf<BrainTrial> = {
  name: 'brains',
  held: ({ verdict }) => verdict !== 'invalid',
  lasts: ({ verdict }) => verdict !== 'invalid',
};

/**
 * Incidents of the catalogue, each mitigated by several brains on a real cluster and judged by its own oracle. `--use`
 * gives a setting of STRATUS_MODEL_USE (`maxCommands` is K), or the `temperature`; one with several values is tried with
 * each. A key is taken from STRATUS_MODEL_KEY. Reports and transcripts go to test-results; a run that was stopped goes on
 * where it was. What a model does not manage is a result, so the exit code tells only of trials that could not be held and
 * of harm.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cluster: { type: 'string' },
      'base-url': { type: 'string' },
      model: { type: 'string' },
      brain: { type: 'string', default: BRAINS.join(',') },
      faults: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      context: { type: 'string' },
      think: { type: 'string' },
      use: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string', default: '600' },
      fresh: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  if (values['write-docs']) return writeModelsPage(newestRecords(BRAIN_TRIALS));
  const { cluster, model, 'base-url': url } = values;
  if (!cluster) throw new Error('--cluster names a running cluster: npm run testbed -- up --no-app --name NAME');
  const fixed = [
    ...(values.context ? [`contextTokens=${numberOf('context', values.context)}`] : []),
    ...(values.think ? [`thinkMs=${numberOf('think', values.think) * 1_000}`] : []),
  ];
  const choices = choicesOf(values.brain, model ?? '', fixed, values.use);
  if (choices.some(({ brain }) => brain !== 'playbook') && !(url && model))
    throw new Error('--base-url and --model name the model, as in --base-url http://127.0.0.1:8080/v1 --model NAME');
  const limitSeconds = numberOf('limit', values.limit);
  const entries = values.faults
    ? values.faults.split(',').map(entryNamed)
    : ENTRIES.filter(({ kind }) => kind === 'single');
  const instance = runningInstance(cluster);
  const records = new Records(BRAIN_TRIALS, { fresh: values.fresh });
  const trials: BrainTrial[] = [];
  await loadImages(instance);
  const api = new Api(instance.kubeconfig);
  try {
    const options = { api, instance, command: DEFAULT_COMMAND, undo: false, check: true };
    await inLanes(entries, parseSeeds(values.seeds), 1, async ({ entry, seed }, alone) => {
      for (const choice of choices) {
        const known = records.of({ entry: entry.name, seed, way: wayOf(choice) });
        const environment = environmentOf(choice, url ?? '');
        const trial =
          known ??
          records.keep(
            await runBrainTrial(options, { choice, environment, limitSeconds }, { entry, seed, alone }, keepTranscript),
          );
        trials.push(trial);
        process.stderr.write(`  ${lineOf(trial)}\n`);
      }
    });
  } finally {
    api.close();
  }
  process.stdout.write(`${brainSummary(trials)}\n`);
  process.exitCode = trials.some(({ verdict }) => verdict === 'invalid' || verdict === 'wrong') ? 1 : 0;
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1))
    throw new Error(`--${option} takes a whole number from 1, not '${text}'`);
  return value;
}

/**
 * Playbooks as they are, and the model's brains with each combination of the settings.
 * @param fixed settings of all, as `name=value` @throws Error for a wrong word
 */
export function choicesOf(
  brains: string,
  model: string,
  fixed: readonly string[],
  uses: readonly string[],
): BrainChoice[] {
  const variants = uses.reduce(
    (all, use) => {
      const [, name, values] = /^([A-Za-z]+)=(.+)$/.exec(use) ?? [];
      if (!name || !values) throw new Error(`--use takes NAME=VALUE or NAME=V1,V2, not '${use}'`);
      return all.flatMap((settings) => values.split(',').map((value) => [...settings, `${name}=${value}`]));
    },
    [[...fixed]],
  );
  return brains.split(',').flatMap((word): BrainChoice[] => {
    const brain = BRAINS.find((one) => one === word);
    if (!brain) throw new Error(`no brain ${word}; there are: ${BRAINS.join(', ')}`);
    if (brain === 'playbook') return [{ brain, model: '', settings: '' }];
    return variants.map((settings) => ({ brain, model, settings: settings.join(' ') }));
  });
}

/** The choice as the product reads it. */
export function environmentOf({ brain, model, settings }: BrainChoice, url: string): NodeJS.ProcessEnv {
  if (brain === 'playbook') return {};
  const { contextTokens, thinkMs, temperature, ...use } = Object.fromEntries(
    settings
      .split(' ')
      .filter(Boolean)
      .map((one) => [one.slice(0, one.indexOf('=')), valueOf(one.slice(one.indexOf('=') + 1))]),
  ) as Record<string, unknown>;
  return {
    STRATUS_MODEL_URL: url,
    STRATUS_MODEL: model,
    STRATUS_MODEL_USE: JSON.stringify(use),
    ...(contextTokens === undefined ? {} : { STRATUS_MODEL_CONTEXT: String(contextTokens) }),
    ...(temperature === undefined ? {} : { STRATUS_MODEL_TEMPERATURE: String(temperature) }),
    ...(thinkMs === undefined ? {} : { STRATUS_MODEL_BUDGET: JSON.stringify({ thinkMs }) }),
  };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function lineOf(trial: BrainTrial): string {
  const { entry, seed, way, verdict, outcome, cause, calls, tokensIn, tokensOut, writes, seconds, problems, reason } =
    trial;
  const said = (problems[0] ?? reason).slice(0, 160);
  return `${verdict} ${entry} ${seed} by ${way}: ${outcome}, cause ${cause || '-'}, ${calls} calls, ${tokensIn}+${tokensOut} tokens, ${writes} writes, ${seconds.total ?? '-'} s; ${said}`;
}
