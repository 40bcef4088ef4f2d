import { parseArgs } from 'node:util';
import { CONFIG_FAULTS } from '../catalogue/public/config-faults.ts';
import { namespacedObjects } from '../catalogue/public/manifests.ts';
import type { PublicReport } from '../catalogue/public/public-trial.ts';
import { runPublicTrial } from '../catalogue/public/public-trial.ts';
import { Api } from '../judge/api.ts';
import { runningInstance } from '../judge/command-line.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { parseSeeds } from '../judge/seeds.ts';
import { downCluster, upCluster } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export const usage = `--manifests DIR [--namespace N] [--faults a,b] [--seeds 1,2] [--cluster NAME]`;

/**
 * Twelve configuration faults in somebody's manifests on simulated nodes: each is put into a fresh deployment at a place
 * that is drawn from the manifests, mitigated by the command line, and judged by what the API server then holds.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      manifests: { type: 'string' },
      namespace: { type: 'string', default: 'public' },
      faults: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      cluster: { type: 'string' },
    },
  });
  if (!values.manifests) throw Object.assign(new Error('which manifests?'), { code: 'ERR_PARSE_ARGS' });
  const objects = namespacedObjects(values.manifests);
  const wanted = values.faults?.split(',');
  const faults = CONFIG_FAULTS.filter(({ name }) => wanted?.includes(name) ?? true);
  const report = new StreamReport();
  const own = values.cluster ? undefined : `bench-${process.pid}`;
  const instance = own ? await upCluster({ name: own, nodes: 'simulated' }, report) : runningInstance(values.cluster!);
  const api = new Api(instance.kubeconfig);
  const { namespace } = values;
  const reports: PublicReport[] = [];
  try {
    for (const seed of parseSeeds(values.seeds)) {
      for (const fault of faults) {
        const found = await runPublicTrial(
          { api, instance, command: DEFAULT_COMMAND, objects, namespace, seed },
          fault,
        );
        reports.push(found);
        process.stdout.write(`${lineOf(found)}\n`);
      }
    }
  } finally {
    api.close();
    if (own) await downCluster(own, report);
  }
  const count = (verdict: string) => reports.filter((one) => one.verdict === verdict).length;
  const verdicts = [...new Set(reports.map(({ verdict }) => verdict))];
  process.stdout.write(`${verdicts.map((verdict) => `${verdict} ${count(verdict)}`).join(', ')}\n`);
  process.exitCode = count('missed') + count('wrong') + count('invalid') > 0 ? 1 : 0;
}

function lineOf({
  fault,
  what,
  verdict,
  outcome,
  severity,
  seconds,
  writes,
  undoDifferences,
  problems,
  said,
}: PublicReport): string {
  const figures = `${outcome}, severity ${severity}, ${seconds} s, ${writes} writes, ${undoDifferences.length} differences after undo`;
  return [`${verdict.padEnd(9)} ${fault.padEnd(22)} ${figures}`, what, ...problems, ...undoDifferences, said]
    .map((text, index) => (index === 0 ? text : `    ${text.slice(0, 300)}`))
    .join('\n');
}
