import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { Instance } from '../../testbed/instance-record.ts';
import { Api, ApiError } from '../api.ts';
import { runAsProgram, runningInstance } from '../command-line.ts';
import type { Item } from '../dump/dump.ts';
import { Dumper, isMarked } from '../dump/dump.ts';
import { Rounds } from '../dump/rounds.ts';
import { Settler } from '../dump/settle.ts';
import { startOperator } from '../operator/start-operator.ts';
import { DEFAULT_COMMAND, Product } from '../product.ts';
import { Kube } from './kube.ts';
import { removeTraces } from './remove-traces.ts';
import { ProductSteps } from './product-steps.ts';
import type { Row } from './row.ts';
import { readRows } from './row.ts';
import type { RowReport } from './row-trial.ts';
import { RowTrial } from './row-trial.ts';

const USAGE = `usage: node test/judge/consequences/consequence-judge.ts [--instance NAME] [--only WORD,…] [--lanes N]

Runs rows of test/fixtures/consequences.tsv through Stratus on a running cluster and judges each by a dump of all served
kinds. A row is chosen when its id or its trap begins with one of the words. Exit 0 when all passed.
`;

export interface ConsequenceTally {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  reports: RowReport[];
}

/** How many rows run side by side; each has names of its own, and they wait more than they work. */
const LANES = 3;

/** Runs rows on a cluster; those that touch what all share come last, one by one. */
export async function judgeConsequences(
  instance: Instance,
  rows: readonly Row[],
  say: (text: string) => void,
  lanes = LANES,
): Promise<ConsequenceTally> {
  const api = new Api(instance.kubeconfig);
  const operator = await startOperator(api, instance);
  const stop = () => void operator.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const bench = new Bench(api, instance, operator.pings, say);
    return await bench.run(rows, lanes);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await operator.stop();
    api.close();
  }
}

class Bench {
  readonly #api: Api;
  readonly #instance: Instance;
  readonly #say: (text: string) => void;
  readonly #dumper: Dumper;
  readonly #settler: Settler;
  /** Suffixes of all rows so far: what carries another one is not a row's business. */
  readonly #suffixes = new Set<string>();
  readonly #tally: ConsequenceTally = { passed: 0, failed: 0, skipped: 0, failures: [], reports: [] };

  constructor(api: Api, instance: Instance, pings: readonly string[], say: (text: string) => void) {
    this.#api = api;
    this.#instance = instance;
    this.#say = say;
    this.#dumper = new Dumper(api);
    this.#settler = new Settler(this.#dumper, new Rounds(api, pings));
  }

  async run(rows: readonly Row[], lanes: number): Promise<ConsequenceTally> {
    const possible = rows.filter(({ needs }) => !needs.includes('real') || this.#instance.nodes === 'real');
    this.#tally.skipped = rows.length - possible.length;
    const together = possible.filter(({ needs }) => !needs.includes('alone'));
    const waiting = [...together];
    const work = async (lane: number) => {
      for (let row = waiting.shift(); row; row = waiting.shift()) await this.#row(row, lane, false);
    };
    await Promise.all(Array.from({ length: Math.min(lanes, together.length) }, (_, lane) => work(lane)));
    for (const row of possible.filter(({ needs }) => needs.includes('alone'))) await this.#row(row, 0, true);
    return this.#tally;
  }

  async #row(row: Row, lane: number, alone: boolean): Promise<void> {
    const home = mkdtempSync(join(tmpdir(), 'judge-consequences-'));
    const lockNamespace = await this.#lockNamespace(lane);
    const product = new Product(DEFAULT_COMMAND, {
      ...process.env,
      KUBECONFIG: this.#instance.kubeconfig,
      STRATUS_HOME: join(home, 'state'),
      STRATUS_KUBECTL: this.#instance.kubectl,
      STRATUS_LOCK_NAMESPACE: lockNamespace,
      PATH: `${dirname(this.#instance.kubectl)}:${process.env.PATH ?? ''}`,
    });
    const folder = join(home, 'files');
    mkdirSync(folder);
    const kube = new Kube(this.#api, folder);
    this.#suffixes.add(kube.suffix);
    const others = new Set(this.#suffixes);
    others.delete(kube.suffix);
    const inScope = (item: Item): boolean =>
      isMarked(item, kube.suffix) || (alone && ![...others].some((suffix) => isMarked(item, suffix)));
    const steps = new ProductSteps(product, kube, folder);
    const trial = new RowTrial({ api: this.#api, kube, steps, settler: this.#settler, row, inScope, lockNamespace });
    const report = await trial.run();
    this.#note(report);
    await removeTraces(this.#api, kube, await this.#dumper.fresh());
    await this.#api.remove(`/apis/coordination.k8s.io/v1/namespaces/${lockNamespace}/leases/stratus-alock`);
    rmSync(home, { recursive: true, force: true });
  }

  #note(report: RowReport): void {
    const { id, verdict, expected, problems, late, lost, reason, seconds } = report;
    this.#tally.reports.push(report);
    this.#tally[problems.length === 0 ? 'passed' : 'failed'] += 1;
    this.#tally.failures.push(...problems.map((problem) => `${id}: ${problem}`));
    const mark = problems.length === 0 ? 'ok  ' : 'FAIL';
    const words = [
      ...problems.map((text) => `\n      ${text}`),
      ...late.map((text) => `\n      named only afterwards: ${text}`),
      ...(problems.length === 0 && lost.length > 0 ? [`\n      named before: ${lost.join('; ').slice(0, 300)}`] : []),
      ...(reason && (problems.length > 0 || verdict === 'refused') ? [`\n      it says: ${reason.slice(0, 300)}`] : []),
    ];
    this.#say(`${mark} ${id}: ${verdict} (expected ${expected.join(' or ')}) in ${seconds} s${words.join('')}`);
  }

  /** Rows side by side must not wait for each other's writer lock. */
  async #lockNamespace(lane: number): Promise<string> {
    const name = `judge-locks-${lane}`;
    await this.#api.create('/api/v1/namespaces', { metadata: { name } }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    });
    return name;
  }
}

/** Counts by verdict and kind of trap, and how many were wrong. */
export function summaryOf({ passed, failed, skipped, reports }: ConsequenceTally): string {
  const count = (values: string[]) => {
    const counts = new Map<string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].map(([value, number]) => `${number} ${value}`).join(', ');
  };
  const exactAndDifferent = reports.filter(({ verdict, lost }) => verdict === 'exact' && lost.length > 0).length;
  const unnamed = reports.filter(({ problems }) =>
    problems.some((text) => /^(unnamed|exact, but|.*, but)/.test(text)),
  ).length;
  return [
    `${reports.length} rows: ${passed} passed, ${failed} failed, ${skipped} skipped (they need a real node)`,
    `verdicts: ${count(reports.map(({ verdict }) => verdict))}`,
    `rows with a loss or change that was not named before: ${unnamed}; rows called exact with a difference: ${exactAndDifferent}`,
  ].join('\n');
}

/** Rows whose id or trap begins with one of the words, in the order of the words; all without words. */
export function chosen(rows: readonly Row[], words: readonly string[]): Row[] {
  if (words.length === 0) return [...rows];
  const found = words.flatMap((word) => rows.filter(({ id, trap }) => id.startsWith(word) || trap.startsWith(word)));
  return [...new Set(found)];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      instance: { type: 'string', default: 'default' },
      only: { type: 'string', default: '' },
      lanes: { type: 'string', default: String(LANES) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const instance = runningInstance(values.instance);
  const rows = chosen(
    readRows(),
    values.only.split(',').filter((word) => word !== ''),
  );
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const tally = await judgeConsequences(instance, rows, say, Number(values.lanes));
  say(summaryOf(tally));
  return tally.failed === 0 ? 0 : 1;
}

if (import.meta.main) runAsProgram('consequence judge', main);
