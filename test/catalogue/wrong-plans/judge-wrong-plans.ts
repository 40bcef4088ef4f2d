import { parseArgs } from 'node:util';
import { Api } from '../../judge/api.ts';
import { runAsProgram, runningInstance } from '../../judge/command-line.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import { DEFAULT_COMMAND } from '../../judge/product.ts';
import { createRandom } from '../../judge/random.ts';
import { parseSeeds } from '../../judge/seeds.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Entry } from '../catalogue.ts';
import { drawIncident, ENTRIES } from '../catalogue.ts';
import { loadImages } from '../images.ts';
import type { WrongPlanReport } from './trial.ts';
import { WrongPlanTrial } from './trial.ts';

const USAGE = `usage: node test/catalogue/wrong-plans/judge-wrong-plans.ts --seeds 1..10 [--instance NAME] [--lanes N]

Breaks two applications that are alike, has the product try wrong plans on one before its own, and judges each state
between transactions against the start and the other one. One JSON line per seed; exit 1 when a promise was broken.
`;

/** On nodes that are simulated no program runs: what only a program shows is no fault there. */
function entriesFor(nodes: Instance['nodes']): Entry[] {
  return ENTRIES.filter((entry) => {
    const { kind, family, needs, scope, faults } = entry;
    if (kind === 'calm' || scope !== 'namespace' || (nodes !== 'real' && needs !== 'any')) return false;
    // The product waits for the clock before it calls a schedule missed.
    if (family === 'batch') return false;
    // Where nobody enforces policies nothing is measured, so that no plan is tried; three nodes have room for two revisions.
    if (faults.some((fault) => fault.name === 'deny-all-policy')) return false;
    if (nodes !== 'real' && faults.some((fault) => fault.name === 'anti-affinity-rollout')) return false;
    // It is over by itself before as many plans were tried.
    if (faults.some((fault) => fault.name === 'slow-to-stop')) return false;
    const { outside = [] } = drawIncident(entry, 1).plan;
    // Twins on one cluster cannot both have what is outside their namespaces, or a port of the node.
    return outside.length === 0 && !faults.some(({ name }) => name.startsWith('host-port'));
  });
}

const ORDER: Partial<Record<Instance['nodes'], Entry[]>> = {};

/** Seeds in a row meet every incident before one comes again. */
export function entryOfSeed(nodes: Instance['nodes'], seed: number): Entry {
  const entries = (ORDER[nodes] ??= createRandom(0, `wrong plans on ${nodes}`).shuffle(entriesFor(nodes)));
  return entries[(seed - 1) % entries.length]!;
}

export interface WrongPlanTally {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  figures: Record<string, number>;
}

/** @param lanes applications that are judged side by side */
export async function judgeWrongPlans(
  instance: Instance,
  seeds: readonly number[],
  lanes: number,
  tell: (report: WrongPlanReport) => void = () => undefined,
): Promise<WrongPlanTally> {
  if (instance.nodes === 'real') await loadImages(instance);
  const api = new Api(instance.kubeconfig);
  const dumper = new Dumper(api);
  const tally: WrongPlanTally = { passed: 0, failed: 0, skipped: 0, failures: [], figures: {} };
  const add = (name: string, by = 1) => (tally.figures[name] = (tally.figures[name] ?? 0) + by);
  const waiting = [...seeds];
  const work = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const entry = entryOfSeed(instance.nodes, seed);
      const trial = new WrongPlanTrial({ api, instance, dumper, command: DEFAULT_COMMAND, entry, seed });
      const report = await trial.run();
      tell(report);
      process.stderr.write(`  ${lineOf(report)}\n`);
      const wrong = report.invalid ? [`could not be judged: ${report.invalid}`] : report.violations;
      tally[wrong.length === 0 ? 'passed' : 'failed'] += 1;
      tally.failures.push(...wrong.map((text) => `wrong plans, seed ${seed} (${entry.name}): ${text}`));
      add(`outcome ${report.outcome || 'none'}`);
      add('looks between transactions', report.looks);
      add('worse for seconds', report.passing.length);
      for (const { fate } of report.plans) add(`plans ${fate}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, work));
  } finally {
    api.close();
  }
  return tally;
}

function lineOf({
  seed,
  entry,
  outcome,
  plans,
  looks,
  violations,
  invalid,
  passing,
  seconds,
}: WrongPlanReport): string {
  const word = invalid ? 'INVALID' : violations.length > 0 ? 'FAILED' : 'passed';
  const fates = plans.map(({ fate }) => fate).join(', ');
  const said = invalid || violations[0] || passing[0] || '';
  return `${word} ${seed} ${entry}: ${outcome}; plans ${fates}; ${looks} looks, ${seconds} s ${said.slice(0, 300)}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..10' },
      instance: { type: 'string', default: 'default' },
      lanes: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const instance = runningInstance(values.instance);
  const { passed, failed, figures } = await judgeWrongPlans(
    instance,
    parseSeeds(values.seeds),
    Number(values.lanes),
    (report) => void process.stdout.write(`${JSON.stringify(report)}\n`),
  );
  process.stderr.write(`${JSON.stringify(figures)}\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) runAsProgram('wrong plans', main);
