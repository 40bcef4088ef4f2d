import type { Instance } from '../testbed/instance.ts';
import type { SoakSuite, SoakTally } from './soak-suite.ts';
import { count, onCluster, shardOf, shards, tallyOf } from './soak-suite.ts';

const BAD_INPUT = shards('bad-input', 4);
const BAD_INPUT_BOTH = shards('bad-input-both', 4);
const HOSTILE = shards('hostile', 6);
/** Seeds of the application in which each fault is tried. */
const SEEDS = ['1', '2'];
const INTERRUPTIONS = count(5).map((nth) => `cancelled ${nth}`);

/** What a scripted model, its server, or a text of the cluster may do wrong, on real nodes through the command line. */
export const MODEL_RUN_SUITE: SoakSuite = {
  name: 'model-runs',
  summary:
    'runs of which a scripted model thinks: faults of the catalogue, bad answers, hostile texts in the cluster, cancelled streams',
  items: [...BAD_INPUT, ...BAD_INPUT_BOTH, ...HOSTILE, ...SEEDS.map((seed) => `incidents ${seed}`), ...INTERRUPTIONS],
  open: onCluster('real', async (instance, item) => {
    const [kind, which = ''] = item.split(' ');
    if (kind === 'bad-input') return badInputs(instance, which);
    if (kind === 'bad-input-both') return badInputs(instance, which, 'both');
    if (kind === 'hostile') return hostileTexts(instance, which);
    if (kind === 'incidents') return incidents(instance, Number(which));
    return cancelled(instance);
  }),
};

async function badInputs(instance: Instance, shard: string, brain?: 'both'): Promise<SoakTally> {
  const { BAD_INPUTS } = await import('../model-runs/bad-input/cases.ts');
  const { openBadInputScene } = await import('../model-runs/bad-input/bad-input-scene.ts');
  const { judgeBadInput } = await import('../model-runs/bad-input/judge-bad-input.ts');
  const scene = await openBadInputScene(instance);
  try {
    return await together(shardOf([...BAD_INPUTS], shard), async (one) => {
      const { problems } = await judgeBadInput(scene.product, scene.args, one, brain);
      return {
        problems: problems.map((problem) => `${one.name}${brain ? ` (${brain})` : ''}: ${problem}`),
        figures: {},
      };
    });
  } finally {
    await scene.close();
  }
}

async function hostileTexts(instance: Instance, shard: string): Promise<SoakTally> {
  const { INJECTIONS } = await import('../model-runs/injection/texts.ts');
  const { judgeInjection } = await import('../model-runs/injection/judge-injection.ts');
  return together(shardOf([null, ...INJECTIONS], shard), async (one) => {
    const { problems, shown } = await judgeInjection(instance, one);
    const name = one?.name ?? 'nothing hostile';
    return {
      problems: problems.map((problem) => `${name}: ${problem}`),
      figures: one ? { [shown ? 'hostile texts shown' : 'hostile texts not shown']: 1 } : {},
    };
  });
}

async function incidents(instance: Instance, seed: number): Promise<SoakTally> {
  const { Api } = await import('../judge/api.ts');
  const { Dumper } = await import('../judge/dump/dump.ts');
  const { entryNamed } = await import('../catalogue/catalogue.ts');
  const { loadImages } = await import('../catalogue/images.ts');
  const { judgeModelIncident, MODEL_INCIDENTS } = await import('../model-runs/incidents/model-incident.ts');
  await loadImages(instance);
  const api = new Api(instance.kubeconfig);
  const dumper = new Dumper(api);
  try {
    return await together(MODEL_INCIDENTS, async (name) => {
      const report = await judgeModelIncident({ api, dumper, instance }, entryNamed(name), seed);
      process.stderr.write(`  ${JSON.stringify(report)}\n`);
      return {
        problems: report.problems.map((problem) => `${name} ${seed}: ${problem}`),
        figures: { [`incidents ${report.outcome}`]: 1, 'incidents served again': report.served ? 1 : 0 },
      };
    });
  } finally {
    api.close();
  }
}

/** Milliseconds from the cancellation in the middle of a stream to the end of the run. */
async function cancelled(instance: Instance): Promise<SoakTally> {
  const { openGateway } = await import('../cluster/gateway/gateway-harness.ts');
  const { brokenForModels, cancelledRun } = await import('../model-runs/interrupted.ts');
  const gateway = await openGateway(instance, 'interrupt');
  try {
    await brokenForModels(gateway);
    const { result, seconds } = await cancelledRun(gateway);
    const problems = result.outcome === 'cancelled' ? [] : [`it ended ${result.outcome}: ${result.reason}`];
    if (seconds > 2) problems.push(`it took ${seconds.toFixed(2)} s to end`);
    return {
      ...tallyOf(problems),
      figures: { 'milliseconds until a cancelled run ended': Math.round(seconds * 1_000) },
    };
  } finally {
    await gateway.close();
  }
}

/** One after the other; one that throws has failed. */
async function together<T>(
  all: readonly T[],
  judge: (one: T) => Promise<{ problems: string[]; figures: Record<string, number> }>,
): Promise<SoakTally> {
  const total: Required<SoakTally> = { passed: 0, failed: 0, failures: [], figures: {} };
  for (const one of all) {
    const { problems, figures } = await judge(one).catch((error: unknown) => ({
      problems: [String(error)],
      figures: {},
    }));
    total[problems.length === 0 ? 'passed' : 'failed'] += 1;
    total.failures.push(...problems);
    for (const [name, value] of Object.entries(figures)) total.figures[name] = (total.figures[name] ?? 0) + value;
  }
  return total;
}
