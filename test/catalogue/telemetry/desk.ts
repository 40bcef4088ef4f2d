import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../../judge/api.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import { releaseLocks } from '../../judge/locks.ts';
import type { ProductRun } from '../../judge/product.ts';
import { Product, tailOf } from '../../judge/product.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import { deployShop } from '../../testbed/app/deploy.ts';
import { SHOP_NAMESPACE } from '../../testbed/app/topology.ts';
import { healFault } from '../../testbed/faults/catalog.ts';
import { faultRecords } from '../../testbed/faults/fault-record.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { silentReport } from '../../testbed/report.ts';
import { telemetryVariables } from '../../testbed/telemetry/variables.ts';
import { Shop } from './shop.ts';

/** Waits for alerts that clear late are part of it. */
export const MITIGATE_MS = 900_000;
const UNDO_MS = 180_000;
const DIAGNOSE_MS = 60_000;

/** What a trial on the observed shop works with: the cluster, its telemetry, and the product as an engineer has it there. */
export class Desk {
  readonly instance: Instance;
  readonly api: Api;
  readonly dumper: Dumper;
  readonly shop: Shop;
  /** Between two looks of a watch. */
  readonly intervalSeconds: number;
  readonly #command: readonly string[];

  /** @throws Error where not all servers of telemetry are */
  constructor(instance: Instance, command: readonly string[], intervalSeconds: number) {
    if (instance.telemetry?.kind !== 'all')
      throw new Error(`cluster ${instance.name} has not all servers of telemetry: npm run testbed -- up --telemetry`);
    this.instance = instance;
    this.api = new Api(instance.kubeconfig);
    this.dumper = new Dumper(this.api);
    this.shop = new Shop(instance);
    this.intervalSeconds = intervalSeconds;
    this.#command = command;
  }

  close(): void {
    this.api.close();
  }

  /** A journal of its own for one trial. */
  engineer(): Engineer {
    return new Engineer(this.instance, this.#command);
  }

  /** What is broken still, of this trial or one that was interrupted. */
  async heal(): Promise<void> {
    for (const { name } of faultRecords(this.instance)) await healFault(this.instance, name);
  }

  /** As it was deployed, whatever a trial left behind. */
  async restore(): Promise<void> {
    await this.heal();
    await deployShop(this.instance, silentReport);
  }
}

/** The product of one engineer, with all sources of telemetry and without traces. */
export class Engineer {
  readonly home: string;
  readonly product: Product;
  readonly #untraced: Product;
  readonly #context: string;

  constructor(instance: Instance, command: readonly string[]) {
    this.home = mkdtempSync(join(tmpdir(), 'telemetry-stratus-'));
    this.#context = instance.context;
    const all = { ...productEnvironment(instance, this.home), ...telemetryVariables(instance) };
    const untraced: NodeJS.ProcessEnv = { ...all };
    delete untraced.STRATUS_TRACES_URL;
    this.product = new Product(command, all);
    this.#untraced = new Product(command, untraced);
  }

  /** Arguments that say where. */
  place(namespace = SHOP_NAMESPACE): string[] {
    return ['--namespace', namespace, '--context', this.#context];
  }

  /** Findings of a look, first the one that is held for the cause. @throws Error when it does not look */
  async findings(withTraces: boolean): Promise<unknown> {
    const product = withTraces ? this.product : this.#untraced;
    const run = await product.run(['diagnose', '--json', ...this.place()], DIAGNOSE_MS);
    if (run.code !== 0) throw new Error(`diagnose ended with ${run.code}: ${tailOf(run)}`);
    const [line = ''] = run.stdout.split('\n');
    return (JSON.parse(line) as { findings: unknown }).findings;
  }

  mitigate(...more: readonly string[]): Promise<ProductRun> {
    return this.product.run(['mitigate', '--yes', '--json', ...this.place(), ...more], MITIGATE_MS);
  }

  /** Takes back the newest transactions. @returns what went wrong */
  async undo(transactions: number, api: Api): Promise<string[]> {
    const problems: string[] = [];
    for (let left = transactions; left > 0; left--) {
      const undone = await this.product.run(['undo', '--last', '--yes'], UNDO_MS);
      // One that was ended at its time limit would lock the cluster for the next trials.
      if (undone.code === null && undone.pid !== undefined) await releaseLocks(api, undone.pid);
      if (undone.code !== 0) problems.push(`undo: exit code ${undone.code} (${tailOf(undone)})`);
    }
    return problems;
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
