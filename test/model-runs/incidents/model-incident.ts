import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryUrl } from '../../catalogue/application.ts';
import type { Entry } from '../../catalogue/catalogue.ts';
import { drawIncident } from '../../catalogue/catalogue.ts';
import { lackOf } from '../../catalogue/health.ts';
import type { Ills } from '../../catalogue/wrong-plans/observer.ts';
import { worsened, worstOf } from '../../catalogue/wrong-plans/observer.ts';
import { Side } from '../../catalogue/wrong-plans/side.ts';
import type { Api } from '../../judge/api.ts';
import type { Dump, Dumper } from '../../judge/dump/dump.ts';
import { DEFAULT_COMMAND, Product } from '../../judge/product.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { carefulModel } from '../careful-model.ts';
import type { ModelRun } from '../model-run.ts';
import { MODEL_KEY, modelRun } from '../model-run.ts';

/** What an engineer needs to notice. */
const NOTICE_MS = 4_000;
/** Counts and endpoints follow the pods within this time. */
const FOLLOWS_MS = 30_000;
const ASK_MS = 1_000;
const COMMAND_MS = 60_000;

/** A fault of each family, and those of which the evidence stands in other places. */
export const MODEL_INCIDENTS: readonly string[] = [
  'admission:service-account-missing',
  'container:readiness-wrong-port',
  'container:image-unknown-tag',
  'container:memory-limit-lowered',
  'dns:dns-policy-default',
  'network:target-port-1',
  'network:selector-other-value',
  'references:address-wrong-port',
  'references:secret-key-wrong',
  'scale:scaled-to-none',
  'scheduling:node-that-is-not',
  'storage:claim-name-wrong',
];

export interface ModelIncidentReport {
  entry: string;
  seed: number;
  outcome: string;
  reason: string;
  attempts: number;
  requests: number;
  seconds: number;
  /** Whether users are served again, by the catalogue's own questions. */
  served: boolean;
  /** Why the promise was not kept; empty when it was. */
  problems: string[];
}

/**
 * One incident of the catalogue with a scripted model behind `--brain model`, judged from outside: whoever is worse off
 * than before, whatever is not as it was where nothing was mended, and whatever the journal still owes.
 */
export async function judgeModelIncident(
  { api, dumper, instance }: { api: Api; dumper: Dumper; instance: Instance },
  entry: Entry,
  seed: number,
): Promise<ModelIncidentReport> {
  const side = new Side(api, instance, drawIncident(entry, seed, '-model'));
  const home = mkdtempSync(join(tmpdir(), 'model-incident-'));
  const environment = { ...productEnvironment(instance, home), STRATUS_LOCK_NAMESPACE: side.namespace };
  const started = performance.now();
  try {
    await side.deploy();
    await side.breakIt();
    const before = await worstWithin(side, NOTICE_MS);
    const faulty = await dumper.fresh();
    const run = await modelRun({
      script: carefulModel(),
      brain: 'model',
      args: [
        ...['--namespace', side.namespace, '--context', instance.context, '--timeout', '180'],
        ...['--check', `entry=${entryUrl(side.incident.application)}`],
      ],
      environment,
    });
    const { served, problems } = await judged(side, { before, faulty, dumper, run });
    problems.push(...(await leftovers(new Product(DEFAULT_COMMAND, environment))));
    if ([run.run.stdout, run.model.journal()].some((text) => text.includes(MODEL_KEY)))
      problems.push('the key of the model is told');
    const { outcome, reason, model } = run;
    const attempts = Number(run.run.events.at(-1)?.attempts ?? 0);
    const seconds = Math.round((performance.now() - started) / 1000);
    return {
      entry: entry.name,
      seed,
      outcome,
      reason,
      attempts,
      requests: model.requests.length,
      seconds,
      served,
      problems,
    };
  } finally {
    await side.remove().catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  }
}

async function worstWithin(side: Side, ms: number): Promise<Ills> {
  const looks: Ills[] = [];
  for (const end = performance.now() + ms; performance.now() < end;) looks.push(await side.look());
  return worstOf(looks);
}

interface Judged {
  before: Ills;
  faulty: Dump;
  dumper: Dumper;
  run: ModelRun;
}

/** Asked until nobody is worse off, and everything is as it was or serves; what is left when the time is over is told. */
async function judged(
  side: Side,
  { before, faulty, dumper, run }: Judged,
): Promise<{ served: boolean; problems: string[] }> {
  const { cluster, incident } = side;
  const { outcome } = run;
  for (const end = performance.now() + FOLLOWS_MS; ; await new Promise((resolve) => setTimeout(resolve, ASK_MS))) {
    const problems = worsened(before, await side.look()).map((ill) => `worse than before: ${ill}`);
    const lack = await lackOf(cluster, incident.application, incident.plan).catch((error: Error) => error.message);
    if (outcome === 'resolved' && lack) problems.push(`says resolved, but ${lack}`);
    if (outcome === 'restored')
      problems.push(...side.changes(faulty, await dumper.fresh()).map((text) => `not restored: ${text}`));
    if (!['resolved', 'improved', 'restored'].includes(outcome)) problems.push(`it ended ${outcome}: ${run.reason}`);
    if (problems.length === 0 || performance.now() > end) return { served: lack === '', problems };
  }
}

/** What the product says about its own journal and lock afterwards. */
async function leftovers(product: Product): Promise<string[]> {
  const checks = [
    ['recover', '--undo', '--yes'],
    ['journal', 'verify'],
  ];
  const problems: string[] = [];
  for (const args of checks) {
    const { code, stdout, stderr } = await product.run(args, COMMAND_MS);
    if (code !== 0)
      problems.push(`stratus ${args.join(' ')} ended with ${code}: ${`${stdout}${stderr}`.slice(0, 300)}`);
    else if (args[0] === 'recover' && !/nothing to (?:do|recover)|no transaction/i.test(`${stdout}${stderr}`))
      problems.push(`something was still to be recovered: ${`${stdout}${stderr}`.slice(0, 300)}`);
  }
  return problems;
}
