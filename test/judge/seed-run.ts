import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Instance } from '../testbed/instance-record.ts';
import type { Api } from './api.ts';
import type { App } from './app-model.ts';
import { deployApp, removeNamespace } from './deploy-app.ts';
import { askEntry, entryUrl, untilEntryFails } from './entry.ts';
import type { ChosenFault } from './faults/catalogue.ts';
import { chooseFault } from './faults/catalogue.ts';
import { firstWrite } from './first-write.ts';
import { generateApp } from './generate.ts';
import { heldLocks } from './locks.ts';
import type { ProductEvent, ProductRun } from './product.ts';
import { Product, resultOf, tailOf } from './product.ts';
import { createRandom } from './random.ts';
import type { Snapshot } from './snapshot.ts';
import { describeChange, takeSnapshot } from './snapshot.ts';
import { differsFrom, judgeChanges, judgeInventory, judgeResult } from './verdict.ts';
import { untilAsked } from './wait.ts';

const MITIGATE_TIMEOUT_MS = 180_000;
const UNDO_TIMEOUT_MS = 120_000;
const RESTORED_TIMEOUT_MS = 30_000;
const FAULT_SHOWS_TIMEOUT_MS = 45_000;
/** Milliseconds between the first write and the kill: at once, or somewhere in what follows. */
const KILL_DELAYS = [0, 0, 250, 800];

/** What the judge found for one seed; one JSON line of its report. */
export interface SeedReport {
  seed: number;
  passed: boolean;
  fault: string;
  variant: string;
  description: string;
  members: number;
  killed: boolean;
  /** Each thing that is not as promised, one sentence. */
  failures: string[];
  /** Objects that the mitigation changed. */
  changes: string[];
  result: { outcome: unknown; muBefore: unknown; muAfter: unknown; attempts: unknown; writes: unknown } | null;
  /** Seconds by phase. */
  seconds: Record<string, number>;
  /** Where the product's journal was kept for inspection. */
  stratusHome?: string;
}

export interface SeedOptions {
  seed: number;
  fault?: string;
  kill: boolean;
  /** Leaves namespace and journal of a failed seed for inspection. */
  keep: boolean;
  command: readonly string[];
  /** Path of the binary that plays the members. */
  program: string;
  say(text: string): void;
}

/** Deploys, breaks, has the product mitigate and undo, and judges all of it. Never throws for the product's faults. */
export async function runSeed(api: Api, instance: Instance, options: SeedOptions): Promise<SeedReport> {
  const app = generateApp(options.seed);
  const fault = chooseFault(app, options.fault);
  const home = mkdtempSync(join(tmpdir(), 'judge-stratus-'));
  const report: SeedReport = {
    seed: options.seed,
    passed: false,
    fault: fault.fault,
    variant: fault.variant,
    description: `${app.namespace}: ${fault.description}`,
    members: app.members.length,
    killed: options.kill,
    failures: [],
    changes: [],
    result: null,
    seconds: {},
  };
  const trial = new Trial(
    api,
    instance,
    app,
    fault,
    new Product(options.command, environment(instance, home)),
    report,
    options,
  );
  try {
    await trial.run();
  } catch (error) {
    report.failures.push((error as Error).message);
  }
  report.passed = report.failures.length === 0;
  if (options.keep && !report.passed) report.stratusHome = home;
  else {
    rmSync(home, { recursive: true, force: true });
    await removeNamespace(api, app.namespace);
    await fault.cleanUp(api);
  }
  return report;
}

function environment(instance: Instance, home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    KUBECONFIG: instance.kubeconfig,
    STRATUS_HOME: home,
    STRATUS_KUBECTL: instance.kubectl,
    PATH: `${dirname(instance.kubectl)}:${process.env.PATH ?? ''}`,
  };
}

/** The steps of one seed, in order. */
class Trial {
  private readonly api: Api;
  private readonly instance: Instance;
  private readonly app: App;
  private readonly fault: ChosenFault;
  private readonly product: Product;
  private readonly report: SeedReport;
  private readonly options: SeedOptions;

  constructor(
    api: Api,
    instance: Instance,
    app: App,
    fault: ChosenFault,
    product: Product,
    report: SeedReport,
    options: SeedOptions,
  ) {
    this.api = api;
    this.instance = instance;
    this.app = app;
    this.fault = fault;
    this.product = product;
    this.report = report;
    this.options = options;
  }

  async run(): Promise<void> {
    await this.timed('deploy', () => deployApp(this.api, this.instance, this.app, this.options.program));
    const healthy = await this.snapshot();
    const faulty = await this.timed('inject', () => this.breakIt());
    if (this.options.kill) await this.timed('kill and recover', () => this.killAndRecover(faulty));
    const run = await this.timed('mitigate', () => this.product.run(this.mitigateArguments(), MITIGATE_TIMEOUT_MS));
    await this.judgeFix(run, healthy, faulty);
    await this.timed('undo', () => this.undo(run, faulty));
  }

  /** Injects the fault and returns the state to which an undo must lead back, read when it has come to rest. */
  private async breakIt(): Promise<Snapshot> {
    await this.fault.inject(this.api);
    await this.fault.untilVisible(this.api);
    await untilEntryFails(this.api, this.app, FAULT_SHOWS_TIMEOUT_MS);
    let last = await this.snapshot();
    await untilAsked(FAULT_SHOWS_TIMEOUT_MS, 'the faulty state comes to rest', async () => {
      const next = await this.snapshot();
      const difference = differsFrom(last, next);
      last = next;
      return difference;
    });
    return last;
  }

  private async judgeFix(run: ProductRun, healthy: Snapshot, faulty: Snapshot): Promise<void> {
    const { outcome, muBefore, muAfter, attempts, writes }: Partial<ProductEvent> = resultOf(run) ?? {};
    if (resultOf(run)) this.report.result = { outcome, muBefore, muAfter, attempts, writes };
    this.fail(...judgeResult(run));
    const unanswered = await askEntry(this.api, this.app);
    if (unanswered) this.fail(`after mitigate the entry ${unanswered}`);
    const fixed = await this.snapshot();
    const { changes, failures } = judgeChanges(this.fault, faulty, fixed);
    this.report.changes = changes.map(describeChange);
    this.fail(...failures, ...judgeInventory(this.app, this.fault, healthy, fixed));
    this.fail(...(await heldLocks(this.api)).map((lock) => `after mitigate still locked: ${lock}`));
  }

  /** Takes back every transaction that the mitigation committed; the faulty state must be there again, and show. */
  private async undo(run: ProductRun, faulty: Snapshot): Promise<void> {
    const transactions = (resultOf(run)?.transactions as unknown[] | undefined) ?? [];
    for (let left = transactions.length; left > 0; left--) await this.undoLast();
    await this.expect('after undo', () => this.untilRestored(faulty));
    await this.expect('after undo', () => untilEntryFails(this.api, this.app, FAULT_SHOWS_TIMEOUT_MS));
    this.fail(...(await heldLocks(this.api)).map((lock) => `after undo still locked: ${lock}`));
  }

  /** Kills the product after its first write, has it recover, and expects the faulty state (or the committed one). */
  private async killAndRecover(faulty: Snapshot): Promise<void> {
    const stop = new AbortController();
    const watching = firstWrite(this.api, this.app.namespace, faulty, this.fault.mayChange, stop.signal);
    const running = this.product.start(this.mitigateArguments(), MITIGATE_TIMEOUT_MS);
    const written = await Promise.race([
      watching.catch((error: Error) => `(the watch for the first write failed: ${error.message})`),
      running.ended.then(() => undefined),
    ]);
    const delay = createRandom(this.app.seed, 'kill').pick(KILL_DELAYS);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    running.kill();
    stop.abort();
    const killed = await running.ended;
    if (!written) {
      this.fail(`mitigate ended before any write could be interrupted (exit code ${killed.code}; ${tailOf(killed)})`);
      return;
    }
    this.options.say(`seed ${this.app.seed}: killed ${delay} ms after the write to ${written}`);
    const recovered = await this.product.run(['recover', '--undo', '--yes'], UNDO_TIMEOUT_MS);
    if (recovered.code !== 0) this.fail(`recover: exit code ${recovered.code}, expected 0 (${tailOf(recovered)})`);
    const committed = (await askEntry(this.api, this.app)) === '' && resultOf(killed)?.outcome === 'resolved';
    // Killed after the commit there is nothing to recover: the fix stands, and is taken back to go on.
    if (committed) await this.undoLast();
    await this.expect('after kill and recover', () => this.untilRestored(faulty));
    this.fail(...(await heldLocks(this.api)).map((lock) => `after recover still locked: ${lock}`));
  }

  private async undoLast(): Promise<void> {
    const undone = await this.product.run(['undo', '--last', '--yes'], UNDO_TIMEOUT_MS);
    if (undone.code !== 0) this.fail(`undo: exit code ${undone.code}, expected 0 (${tailOf(undone)})`);
  }

  /** Controllers may take a moment to write their share, so equality is asked for until it holds. */
  private async untilRestored(faulty: Snapshot): Promise<void> {
    await untilAsked(RESTORED_TIMEOUT_MS, 'state equal to the faulty one', async () =>
      differsFrom(faulty, await this.snapshot()),
    );
  }

  private mitigateArguments(): string[] {
    return [
      ...['mitigate', '--yes', '--json', '--namespace', this.app.namespace, '--context', this.instance.context],
      ...['--check', `entry=${entryUrl(this.app)}`],
    ];
  }

  private snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.api, this.app.namespace);
  }

  private fail(...failures: string[]): void {
    this.report.failures.push(...failures);
  }

  private async expect(when: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.fail(`${when}: ${(error as Error).message}`);
    }
  }

  private async timed<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
      this.report.seconds[phase] = seconds;
      this.options.say(`seed ${this.app.seed}: ${phase} ${seconds} s`);
    }
  }
}
