import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Instance } from '../../testbed/instance-record.ts';
import { StreamReport } from '../../testbed/report.ts';
import { Api } from '../api.ts';
import { runAsProgram, runningInstance } from '../command-line.ts';
import { nodeProgram, removeNamespace, untilNamespacesGone } from '../deploy-app.ts';
import { generateApp } from '../generate.ts';
import type { JudgeTally } from '../judge.ts';
import { removeLocks } from '../locks.ts';
import { DEFAULT_COMMAND, Product } from '../product.ts';
import { productEnvironment } from '../seed-run.ts';
import { parseSeeds } from '../seeds.ts';
import { CommandTrial } from './command-trial.ts';

const USAGE = `usage: node test/judge/commands/command-judge.ts --seeds 1..10 [--instance NAME] [--keep]

Generates an application per seed, runs random kubectl commands on it as transactions of Stratus, with edits by others
and a SIGKILL, undoes all of them, and judges each state with code of its own. Exit 0 when all passed, 1 when one failed.
`;

/** Judges the seeds one after the other on a running cluster with a real node; progress goes to standard error. */
export async function runCommandJudge(instance: Instance, seeds: readonly number[], keep = false): Promise<JudgeTally> {
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  const program = await nodeProgram(new StreamReport());
  const api = new Api(instance.kubeconfig);
  const tally: JudgeTally = { passed: 0, failed: 0, skipped: 0, failures: [] };
  try {
    for (const seed of seeds) {
      const app = generateApp(seed);
      const home = mkdtempSync(join(tmpdir(), 'judge-stratus-'));
      const product = new Product(DEFAULT_COMMAND, productEnvironment(instance, home));
      const failures: string[] = [];
      const started = performance.now();
      try {
        const trial = new CommandTrial({ api, instance, app, product, program, home, failures, say });
        const { undone, refused, foreign, killed } = await trial.run();
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        say(
          `seed ${seed}: ${undone} undone, ${refused} refused, ${killed} killed, ${foreign} foreign edits in ${seconds} s`,
        );
      } catch (error) {
        failures.push((error as Error).message);
      }
      for (const failure of failures) say(`seed ${seed} FAILED: ${failure}`);
      tally[failures.length === 0 ? 'passed' : 'failed'] += 1;
      tally.failures.push(...failures.map((failure) => `command judge seed ${seed}: ${failure}`));
      if (failures.length > 0) await removeLocks(api);
      if (keep && failures.length > 0) continue;
      rmSync(home, { recursive: true, force: true });
      await removeNamespace(api, app.namespace);
      await untilNamespacesGone(api, [app.namespace]);
    }
  } finally {
    api.close();
  }
  return tally;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..10' },
      instance: { type: 'string', default: 'default' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const instance = runningInstance(values.instance);
  const { passed, failed } = await runCommandJudge(instance, parseSeeds(values.seeds), values.keep);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) runAsProgram('command judge', main);
