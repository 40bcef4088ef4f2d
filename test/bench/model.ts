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
                          [--set VARIABLE=V1,V2 …] [--limit SECONDS] [--fresh] [--write-docs]`;

const BRAINS = ['playbook', 'model', 'both'] as const;

export const BRAIN_TRIALS: Shelf<BrainTrial> = {
  name: 'brains',
  held: ({ verdict }) => verdict !== 'invalid',
  lasts: ({ verdict }) => verdict !== 'invalid',
};

/**
 * Incidents of the catalogue, each mitigated by several brains on a real cluster and judged by its own oracle. `--set` tries
 * each value of a variable of the product's environment, by itself: `STRATUS_MODEL_TEMPERATURE=0,0.7`. A key is taken from
 * STRATUS_MODEL_KEY. Reports and transcripts go to test-results; a run that was stopped goes on where it was. A model
 * decides differently every time; what one does not manage is a result, so the exit code tells only of trials that could
 * not be held and of harm.
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
      set: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string', default: '600' },
      fresh: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  if (values['write-docs']) return writeModelsPage(newestRecords(BRAIN_TRIALS));
  const { cluster, model, 'base-url': url } = values;
  if (!cluster) throw new Error('--cluster names a running cluster: npm run testbed -- up --no-app --name NAME');
  const choices = choicesOf(values.brain, model ?? '', values.set);
  if (choices.some(({ brain }) => brain !== 'playbook') && !(url && model))
    throw new Error('--base-url and --model name the model, as in --base-url http://127.0.0.1:8080/v1 --model NAME');
  const limitSeconds = Number(values.limit);
  if (!(limitSeconds >= 1)) throw new Error('--limit takes a number of seconds from 1');
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

/** Each brain as it is, and each model's once more for every value that is to be tried. @throws Error for a wrong word */
export function choicesOf(brains: string, model: string, settings: readonly string[]): BrainChoice[] {
  const variants = settings.flatMap((setting) => {
    const [, name, values] = /^([A-Z][A-Z0-9_]*)=(.+)$/.exec(setting) ?? [];
    if (!name || !values) throw new Error(`--set takes VARIABLE=VALUE or VARIABLE=V1,V2, not '${setting}'`);
    return values.split(',').map((value) => `${name}=${value}`);
  });
  return brains.split(',').flatMap((word): BrainChoice[] => {
    const brain = BRAINS.find((one) => one === word);
    if (!brain) throw new Error(`no brain ${word}; there are: ${BRAINS.join(', ')}`);
    if (brain === 'playbook') return [{ brain, model: '', settings: '' }];
    return ['', ...variants].map((one) => ({ brain, model, settings: one }));
  });
}

function environmentOf({ brain, model, settings }: BrainChoice, url: string): NodeJS.ProcessEnv {
  if (brain === 'playbook') return {};
  const set = settings
    .split(' ')
    .filter(Boolean)
    .map((one) => one.split('=', 2) as [string, string]);
  return { STRATUS_MODEL_URL: url, STRATUS_MODEL: model, ...Object.fromEntries(set) };
}

function lineOf(trial: BrainTrial): string {
  const { entry, seed, way, verdict, outcome, cause, calls, tokensIn, tokensOut, writes, seconds, problems, reason } =
    trial;
  const said = (problems[0] ?? reason).slice(0, 160);
  return `${verdict} ${entry} ${seed} by ${way}: ${outcome}, cause ${cause || '-'}, ${calls} calls, ${tokensIn}+${tokensOut} tokens, ${writes} writes, ${seconds.total ?? '-'} s; ${said}`;
}
