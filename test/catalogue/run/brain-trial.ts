import type { ProductEvent, ProductRun } from '../../judge/product.ts';
import { resultOf } from '../../judge/product.ts';
import type { Entry } from '../catalogue.ts';
import type { TrialReport } from './report.ts';
import type { TrialOptions } from './trial.ts';
import { runTrial } from './trial.ts';

/** Who thinks in a trial, and with which settings. */
export interface BrainChoice {
  brain: 'playbook' | 'model' | 'both';
  /** Empty for playbooks alone. */
  model: string;
  /** What differs from the defaults, as `VARIABLE=value`, space-separated. */
  settings: string;
}

/** What was asked of a model in one run, from the events that the product prints. */
export interface Asked {
  /** As servers call them. */
  models: string[];
  calls: number;
  /** Calls that failed. */
  failed: number;
  /** Answers that the product could not use and sent back, or gave up at. */
  unusable: number;
  tokensIn: number;
  tokensOut: number;
  /** Calls whose tokens nobody counted. */
  estimated: number;
  /** Null where the price of one is not known. */
  usd: number | null;
  /** Of all calls together. */
  modelSeconds: number;
  /** Calls by what they were for. */
  purposes: Record<string, number>;
  /** Calls of tools by name, and how many of all the product refused. */
  tools: Record<string, number>;
  refusedTools: number;
  /** Plans that were sent, and how many of them a rehearsal refused. */
  plans: number;
  refusedPlans: number;
  /** How often a brain failed, so that another had to go on. */
  fallBacks: number;
}

/** Its `costUsd` is that of the product, 0 where it is not known: `usd` tells. */
export interface BrainTrial extends Omit<TrialReport, 'way'>, Asked {
  /** Key of the choice. */
  way: string;
  choice: BrainChoice;
  muBefore: number | null;
  muAfter: number | null;
  /** File of its events, in the folder of transcripts. */
  transcript: string;
}

export const wayOf = ({ brain, model, settings }: BrainChoice): string =>
  [brain, model, settings].filter(Boolean).join(' ');

/** One incident mitigated by a brain. @param keep stores the events @returns the file's name */
export async function runBrainTrial(
  options: Omit<TrialOptions, 'way' | 'given'>,
  { choice, environment, limitSeconds }: { choice: BrainChoice; environment: NodeJS.ProcessEnv; limitSeconds: number },
  { entry, seed, alone }: { entry: Entry; seed: number; alone: boolean },
  keep: (name: string, run: ProductRun) => string,
): Promise<BrainTrial> {
  let heard: ProductRun | undefined;
  let transcript = '';
  const given = {
    args: ['--brain', choice.brain],
    environment,
    limitSeconds,
    heard(run: ProductRun) {
      heard = run;
      transcript = keep(`${entry.name}-${seed}-${wayOf(choice)}`, run);
    },
  };
  const report = await runTrial({ ...options, way: 'stratus', given }, entry, seed, alone);
  const result = heard && resultOf(heard);
  const severity = (name: string) => (typeof result?.[name] === 'number' ? result[name] : null);
  return {
    ...report,
    ...askedOf(heard?.events ?? []),
    way: wayOf(choice),
    choice,
    muBefore: severity('muBefore'),
    muAfter: severity('muAfter'),
    transcript,
  };
}

interface UsageEvent {
  model?: string;
  tokensIn?: number;
  tokensOut?: number;
  usd?: number | null;
  estimated?: boolean;
  call?: { purpose?: string; milliseconds?: number; problem?: string };
}

/** How the product begins what it says of a call that it cannot answer. */
const REFUSED = /^(there is no tool|the arguments of \S+ are no JSON|wrong arguments|you made this very call)/;
/** What is told beside what happens. */
const NOTES = /^(phase|thought|progress|result)$/;

/** The same is asked again at once only where the answer before could not be used. */
function unusableIn(events: readonly ProductEvent[]): number {
  const acts = events.filter(({ type }) => !NOTES.test(type));
  return acts.filter((event, index) => {
    if (event.type !== 'usage' || (event as UsageEvent).call?.problem) return false;
    const next = acts[index + 1];
    if (next?.type === 'usage') return (next as UsageEvent).call?.purpose === (event as UsageEvent).call?.purpose;
    return next?.type === 'effectFailed' && /no usable answer/.test(String(next.reason));
  }).length;
}

export function askedOf(events: readonly ProductEvent[]): Asked {
  const of = (type: string) => events.filter((event) => event.type === type);
  const usages = of('usage') as (ProductEvent & UsageEvent)[];
  const sum = (read: (usage: UsageEvent) => number | null | undefined) =>
    usages.reduce((all, usage) => all + (read(usage) ?? 0), 0);
  const tools = of('toolCall') as (ProductEvent & { tool?: string; digest?: string })[];
  const plans = of('planned').filter(({ plan }) => plan);
  const rehearsals = of('rehearsed') as (ProductEvent & { steps?: { ok?: boolean }[] })[];
  return {
    models: [...new Set(usages.flatMap(({ model }) => model ?? []))],
    calls: usages.length,
    failed: usages.filter(({ call }) => call?.problem).length,
    unusable: unusableIn(events),
    tokensIn: sum(({ tokensIn }) => tokensIn),
    tokensOut: sum(({ tokensOut }) => tokensOut),
    estimated: usages.filter(({ estimated }) => estimated).length,
    usd: usages.some(({ usd }) => typeof usd !== 'number') ? null : sum(({ usd }) => usd),
    modelSeconds: sum(({ call }) => call?.milliseconds) / 1_000,
    purposes: tally(usages.map(({ call }) => call?.purpose ?? 'unnamed')),
    tools: tally(tools.map(({ tool }) => tool ?? 'unnamed')),
    refusedTools: tools.filter(({ digest }) => REFUSED.test(digest ?? '')).length,
    plans: plans.length,
    refusedPlans: rehearsals.filter(({ steps = [] }) => steps.some(({ ok }) => ok === false)).length,
    fallBacks: of('effectFailed').filter(({ effect }) => /^(diagnose|plan|reflect)$/.test(String(effect))).length,
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
