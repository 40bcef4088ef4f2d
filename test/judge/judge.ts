import { parseArgs } from 'node:util';
import type { Instance } from '../testbed/instance-record.ts';
import { StreamReport } from '../testbed/report.ts';
import { Api } from './api.ts';
import { runAsProgram, runningInstance } from './command-line.ts';
import { nodeProgram, untilNamespacesGone } from './deploy-app.ts';
import { chooseFault, FAULT_CLASSES, UnfitError } from './faults/catalogue.ts';
import { generateApp } from './generate.ts';
import { DEFAULT_COMMAND } from './product.ts';
import type { SeedReport } from './seed-report.ts';
import { runSeed } from './seed-run.ts';
import { parseSeeds } from './seeds.ts';

const USAGE = `usage: node test/judge/judge.ts --seeds 1..10 [--fault CLASS[/VARIANT]] [--kill] [--instance NAME]
                                [--stratus "COMMAND"] [--keep]

Generates an application per seed, breaks it, lets Stratus mitigate and undo, and judges the outcome with code of its
own. One JSON line per seed on standard output; exit 0 when all passed, 1 when one failed.

  --fault    ${FAULT_CLASSES.map(({ name }) => name).join(', ')} (default: by seed, all in turn)
  --kill     SIGKILL after the first write, then recover, then mitigate again
  --instance running testbed cluster with a real node (default: default)
  --stratus  command line of the product, split at spaces (default: this checkout)
  --keep     leave namespace and journal of failed seeds for inspection
`;

export interface JudgeOptions {
  instance: Instance;
  seeds: readonly number[];
  /** Seeds during which the product is killed. */
  kill?: readonly number[];
  fault?: string;
  /** The product's command line, by default this checkout's. */
  command?: readonly string[];
  keep?: boolean;
  /** Called with each seed's report as soon as it is there. */
  onReport?: (report: SeedReport) => void;
}

export interface JudgeTally {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
}

/** Judges the seeds one after the other on a running cluster with a real node; progress goes to standard error. */
export async function runJudge(options: JudgeOptions): Promise<JudgeTally> {
  const { instance, seeds, kill = [], fault, command = DEFAULT_COMMAND, keep = false } = options;
  if (instance.nodes !== 'real')
    throw new Error('the judge asks real applications: it needs a cluster with a real node');
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  const program = await nodeProgram(new StreamReport());
  const api = new Api(instance.kubeconfig);
  const reports: SeedReport[] = [];
  const [fitting, unfit] = [seeds.filter((seed) => fits(seed, fault)), seeds.filter((seed) => !fits(seed, fault))];
  if (unfit.length > 0) say(`skipped, no member can have ${fault}: seeds ${unfit.join(', ')}`);
  try {
    for (const seed of fitting) {
      const report = await runSeed(api, instance, {
        seed,
        fault,
        kill: kill.includes(seed),
        keep,
        command,
        program,
        say,
      });
      reports.push(report);
      options.onReport?.(report);
    }
    const kept = new Set(reports.filter(({ stratusHome }) => stratusHome).map(({ seed }) => seed));
    const removed = fitting.filter((seed) => !kept.has(seed)).map((seed) => generateApp(seed).namespace);
    await untilNamespacesGone(api, removed);
  } finally {
    api.close();
  }
  process.stderr.write(`${table(reports)}\n`);
  const failed = reports.filter(({ passed }) => !passed);
  return {
    passed: reports.length - failed.length,
    failed: failed.length,
    skipped: unfit.length,
    failures: failed.map(({ seed, fault: name, failures }) => `judge seed ${seed} (${name}): ${failures.join('; ')}`),
  };
}

/** Whether a seed's application has a member for the wanted fault; every application has one for each class. */
function fits(seed: number, fault: string | undefined): boolean {
  try {
    return chooseFault(generateApp(seed), fault) !== undefined;
  } catch (error) {
    if (error instanceof UnfitError) return false;
    throw error;
  }
}

function table(reports: SeedReport[]): string {
  const rows = reports.map((report) => [
    String(report.seed),
    report.passed ? 'passed' : 'FAILED',
    `${report.fault}/${report.variant}`,
    report.killed ? 'killed' : '',
    String(report.result?.outcome ?? '-'),
    ...['deploy', 'inject', 'kill and recover', 'mitigate', 'undo'].map((phase) => String(report.seconds[phase] ?? '')),
    report.failures[0]?.slice(0, 100) ?? '',
  ]);
  const head = ['seed', 'verdict', 'fault', 'kill', 'outcome', 'deploy', 'inject', 'recover', 'mitigate', 'undo', ''];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..10' },
      fault: { type: 'string' },
      kill: { type: 'boolean', default: false },
      instance: { type: 'string', default: 'default' },
      stratus: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seeds = parseSeeds(values.seeds);
  const instance = runningInstance(values.instance);
  const { failed } = await runJudge({
    instance,
    seeds,
    kill: values.kill ? seeds : [],
    fault: values.fault,
    command: values.stratus?.trim().split(/\s+/),
    keep: values.keep,
    onReport: (report) => void process.stdout.write(`${JSON.stringify(report)}\n`),
  });
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) runAsProgram('judge', main);
