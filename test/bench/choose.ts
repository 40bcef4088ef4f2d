import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Candidates } from '../../src/agents/candidates/candidate.ts';
import { enumerateCandidates } from '../../src/agents/candidates/enumerate.ts';
import { Allowance } from '../../src/agents/model/talk/allowance.ts';
import type { Case as ModelCase } from '../../src/agents/model/talk/case.ts';
import { caseFile } from '../../src/agents/model/evidence/case-file.ts';
import { EvidenceDesk } from '../../src/agents/model/evidence/evidence-desk.ts';
import type { PromptSet } from '../../src/agents/model/talk/prompt-set.ts';
import { rank } from '../../src/agents/model/roles/ranking.ts';
import { SystemClock } from '../../src/cluster/connect/system-clock.ts';
import type { BrainEmission } from '../../src/domain/brain.ts';
import { NO_LIMIT } from '../../src/domain/budget.ts';
import type { ChatModel } from '../../src/domain/chat.ts';
import { refLabel } from '../../src/domain/kube-object.ts';
import { DEFAULT_MODEL_USE } from '../../src/domain/model-settings.ts';
import { connectModel } from '../../src/model/connect-model.ts';
import { readPrompts } from '../../src/run/brains/model-brain-parts.ts';
import type { ChoiceRow } from '../catalogue/page/models-page.ts';
import { choicePart } from '../catalogue/page/models-page.ts';
import { createRandom } from '../judge/random.ts';
import { parseSeeds } from '../judge/seeds.ts';
import type { Case } from './models/case.ts';
import { CASES, readCases, readsOf } from './models/case.ts';
import type { Ranked } from './models/choice-row.ts';
import { choiceRow, shuffled } from './models/choice-row.ts';
import { keepMeasured, measured } from './models/results.ts';

export const usage = `[--base-url URL --model NAME] [--cases DIR] [--seeds 1,2,3] [--sample N] [--playbooks with|without|both]
                           [--context TOKENS] [--case-tokens TOKENS] [--minutes N] [--in-order]`;

const PROMPTS = join(import.meta.dirname, '..', '..', 'prompts');
const NO_DIAGNOSIS = { findings: [], hypotheses: [] };

/**
 * Whether the right cause and the right action of each recorded incident are among the candidates, and whether they come
 * first: in the order of the list, by the playbooks, by a model, and blindly. The model is asked the product's own question,
 * and its bare order counts, which the product weighs against that of the list. The candidates are shuffled before, with
 * ids that tell nothing, unless `--in-order`: one that names the first of a good list has chosen nothing. A slow model is
 * asked about `--sample` incidents, drawn at random, for `--minutes` at most; the report says how many it was asked about.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'base-url': { type: 'string' },
      model: { type: 'string', default: '' },
      cases: { type: 'string', default: CASES },
      seeds: { type: 'string' },
      sample: { type: 'string' },
      playbooks: { type: 'string', default: 'both' },
      context: { type: 'string', default: '4096' },
      'case-tokens': { type: 'string', default: '600' },
      minutes: { type: 'string', default: '30' },
      'in-order': { type: 'boolean', default: false },
    },
  });
  const url = values['base-url'];
  if (Boolean(url) !== (values.model !== '')) throw new Error('--base-url and --model belong together');
  const ways = { with: [true], without: [false], both: [true, false] }[values.playbooks];
  if (!ways) throw new Error('--playbooks is with, without or both');
  const seeds = values.seeds ? parseSeeds(values.seeds) : null;
  const cases = readCases(resolve(values.cases)).filter(({ seed }) => !seeds || seeds.includes(seed));
  const jobs = cases.flatMap((one) =>
    ways.map((playbooks) => ({ one, playbooks, candidates: candidatesOf(one, playbooks) })),
  );
  // Where there is one candidate nothing is asked.
  const open = jobs.filter(({ candidates: { causes, actions } }) => causes.length > 1 && actions.length > 1);
  const size = values.sample ? Number(values.sample) : open.length;
  const chosen = url ? createRandom(cases.length, 'sample of choices').shuffle(open).slice(0, size) : [];
  const model = url
    ? connectModel(
        {
          ...{ provider: 'openai', baseUrl: url, model: values.model, contextTokens: Number(values.context) },
          apiKey: process.env.STRATUS_MODEL_KEY ?? null,
        },
        new SystemClock(),
      )
    : null;
  const prompts = await readPrompts(PROMPTS);
  const end = performance.now() + Number(values.minutes) * 60_000;
  const manner = values['in-order'] ? '-in-order' : '';
  const name = `choose-${values.model.replaceAll(/[^\w.-]+/g, '_') || 'nobody'}${manner}`;
  const told = values.model && `${values.model}, ${values['in-order'] ? 'in the order of the list' : 'shuffled'}`;
  const rows: ChoiceRow[] = [];
  // What is asked comes first, so that a stop after the time is up costs only what was not asked.
  for (const job of [...chosen, ...jobs.filter((one) => !chosen.includes(one))]) {
    const { one, playbooks, candidates } = job;
    const ranked =
      model && chosen.includes(job) && performance.now() < end
        ? await ask(model, prompts, one, {
            candidates,
            playbooks,
            caseTokens: Number(values['case-tokens']),
            shuffles: !values['in-order'],
          })
        : null;
    const row = choiceRow(one, { model: told, playbooks, candidates }, ranked);
    rows.push(row);
    process.stderr.write(`${lineOf(row)}\n`);
    if (ranked) keepMeasured(name, rows);
  }
  keepMeasured(name, rows);
  process.stdout.write(`${choicePart([measured<ChoiceRow>(name)!])}\n`);
}

export function candidatesOf({ snapshot, severity, diagnosis }: Case, playbooks: boolean): Candidates {
  return enumerateCandidates({ snapshot, severity, diagnosis: playbooks ? diagnosis : NO_DIAGNOSIS });
}

interface Question {
  candidates: Candidates;
  playbooks: boolean;
  caseTokens: number;
  shuffles: boolean;
}

/** The product's own two questions, causes and then actions. An answer that is of no use is a result, not an error. */
async function ask(model: ChatModel, prompts: PromptSet, one: Case, question: Question): Promise<Ranked> {
  const { candidates, playbooks, caseTokens, shuffles } = question;
  const { snapshot, severity, target } = one;
  const { signal } = new AbortController();
  const asked: Ranked['asked'] = { tokensIn: 0, tokensOut: 0, seconds: 0, problem: '' };
  const evidence = new EvidenceDesk();
  const reads = readsOf(one);
  const playbook = playbooks ? one.diagnosis : null;
  const file = await caseFile({ snapshot, severity, reads, playbook, evidence, signal, budgetTokens: caseTokens });
  const emit = (emission: BrainEmission) => {
    if (emission.type !== 'usage') return;
    asked.tokensIn += emission.tokensIn;
    asked.tokensOut += emission.tokensOut;
  };
  const whole: ModelCase = {
    context: {
      ...{ run: '', target, snapshot, severity, evidence: reads, actions: one.actions },
      ...{ clock: new SystemClock(), budget: NO_LIMIT, signal, emit },
    },
    ...{ model, prompts, evidence, file, candidates, playbook, attempts: [] },
    use: DEFAULT_MODEL_USE,
    allowance: new Allowance(NO_LIMIT),
    mark: randomBytes(8).toString('hex'),
    shown: () => undefined,
  };
  const first = async (what: 'causes' | 'actions', listed: { id: string; text: string }[]) => {
    const began = performance.now();
    const offered = shuffles
      ? shuffled(listed, `${one.entry} ${what}`, one.seed)
      : listed.map((item) => ({ ...item, of: item.id }));
    try {
      const [best] = await rank(whole, what, offered, file);
      return offered.find(({ id }) => id === best)?.of ?? null;
    } catch (error) {
      asked.problem ||= `${what}: ${(error as Error).message}`;
      return null;
    } finally {
      asked.seconds += (performance.now() - began) / 1_000;
    }
  };
  const cause = await first(
    'causes',
    candidates.causes.map(({ id, object, text }) => ({ id, text: `${refLabel(object)}: ${text}` })),
  );
  const action = await first(
    'actions',
    candidates.actions.map(({ id, text }) => ({ id, text })),
  );
  return { cause, action, asked };
}

function lineOf(row: ChoiceRow): string {
  const { entry, seed, playbooks, causes, actions, cause, action, causePresent, actionPresent, asked } = row;
  const told = [
    `${causes} causes${causePresent ? '' : ' without the right one'}`,
    `${actions} actions${actionPresent ? '' : ' without the right one'}`,
    `list ${cause.first} ${action.first}, playbooks ${cause.playbook} ${action.playbook}`,
    asked ? `model ${cause.model} ${action.model} in ${asked.seconds.toFixed(0)} s ${asked.problem}` : 'not asked',
  ];
  return `${entry} ${seed} ${playbooks ? 'with' : 'without'} playbooks: ${told.join('; ')}`;
}
