import type { Api } from './api.ts';
import type { App } from './app-model.ts';
import { deployApp } from './deploy-app.ts';
import { askEntry, entryUrl, untilEntryFails } from './entry.ts';
import type { ChosenFault } from './faults/catalogue.ts';
import { firstWrite } from './first-write.ts';
import { heldLocks } from './locks.ts';
import type { Product, ProductEvent, ProductRun } from './product.ts';
import { resultOf, tailOf } from './product.ts';
import { createRandom } from './random.ts';
import type { SeedReport } from './seed-report.ts';
import type { Snapshot } from './snapshot.ts';
import { describeChange, takeSnapshot } from './snapshot.ts';
import type { Instance } from '../testbed/instance-record.ts';
import { differsFrom, judgeChanges, judgeInventory, judgeResult } from './verdict.ts';
import { untilAsked } from './wait.ts';

const MITIGATE_TIMEOUT_MS = 180_000;
const UNDO_TIMEOUT_MS = 120_000;
const RESTORED_TIMEOUT_MS = 30_000;
const FAULT_SHOWS_TIMEOUT_MS = 45_000;
/** Milliseconds between the first write and the kill: at once, or somewhere in what follows. */
const KILL_DELAYS = [0, 0, 250, 800];

export interface TrialInput {
  api: Api;
  instance: Instance;
  app: App;
  fault: ChosenFault;
  product: Product;
  /** Path of the binary that plays the members. */
  program: string;
  /** Whether the product is killed and must recover before it mitigates. */
  kill: boolean;
  /** Gets failures, changes and durations as they are found. */
  report: SeedReport;
  say(text: string): void;
}

/** The steps of one seed, in order. What the product does wrong goes into the report; anything else is thrown. */
export class Trial {
  readonly #given: TrialInput;

  constructor(given: TrialInput) {
    this.#given = given;
  }

  async run(): Promise<void> {
    await this.#timed('deploy', () =>
      deployApp(this.#given.api, this.#given.instance, this.#given.app, this.#given.program),
    );
    const healthy = await this.#snapshot();
    const faulty = await this.#timed('inject', () => this.#breakIt());
    if (this.#given.kill) await this.#timed('kill and recover', () => this.#killAndRecover(faulty));
    const run = await this.#timed('mitigate', () =>
      this.#given.product.run(this.#mitigateArguments(), MITIGATE_TIMEOUT_MS),
    );
    await this.#judgeFix(run, healthy, faulty);
    await this.#timed('undo', () => this.#undo(run, faulty));
  }

  /** Injects the fault and returns the state to which an undo must lead back, read when it has come to rest. */
  async #breakIt(): Promise<Snapshot> {
    await this.#given.fault.inject(this.#given.api);
    await this.#given.fault.untilVisible(this.#given.api);
    await untilEntryFails(this.#given.api, this.#given.app, FAULT_SHOWS_TIMEOUT_MS);
    let last = await this.#snapshot();
    await untilAsked(FAULT_SHOWS_TIMEOUT_MS, 'the faulty state comes to rest', async () => {
      const next = await this.#snapshot();
      const difference = differsFrom(last, next);
      last = next;
      return difference;
    });
    return last;
  }

  async #judgeFix(run: ProductRun, healthy: Snapshot, faulty: Snapshot): Promise<void> {
    const { outcome, muBefore, muAfter, attempts, writes }: Partial<ProductEvent> = resultOf(run) ?? {};
    if (resultOf(run)) this.#given.report.result = { outcome, muBefore, muAfter, attempts, writes };
    this.#fail(...judgeResult(run));
    const unanswered = await askEntry(this.#given.api, this.#given.app);
    if (unanswered) this.#fail(`after mitigate the entry ${unanswered}`);
    const fixed = await this.#snapshot();
    const { changes, failures } = judgeChanges(this.#given.fault, faulty, fixed);
    this.#given.report.changes = changes.map(describeChange);
    this.#fail(...failures, ...judgeInventory(this.#given.app, this.#given.fault, healthy, fixed));
    this.#fail(...(await heldLocks(this.#given.api)).map((lock) => `after mitigate still locked: ${lock}`));
  }

  /** Takes back every transaction that the mitigation committed; the faulty state must be there again, and show. */
  async #undo(run: ProductRun, faulty: Snapshot): Promise<void> {
    const transactions = (resultOf(run)?.transactions as unknown[] | undefined) ?? [];
    for (let left = transactions.length; left > 0; left--) await this.#undoLast();
    await this.#expect('after undo', () => this.#untilRestored(faulty));
    await this.#given.fault.provoke(this.#given.api);
    await this.#expect('after undo', () => untilEntryFails(this.#given.api, this.#given.app, FAULT_SHOWS_TIMEOUT_MS));
    this.#fail(...(await heldLocks(this.#given.api)).map((lock) => `after undo still locked: ${lock}`));
  }

  /** Kills the product after its first write, has it recover, and expects the faulty state (or the committed one). */
  async #killAndRecover(faulty: Snapshot): Promise<void> {
    const stop = new AbortController();
    const watching = firstWrite(
      this.#given.api,
      this.#given.app.namespace,
      faulty,
      this.#given.fault.mayChange,
      stop.signal,
    );
    const running = this.#given.product.start(this.#mitigateArguments(), MITIGATE_TIMEOUT_MS);
    const written = await Promise.race([
      watching.catch((error: Error) => `(the watch for the first write failed: ${error.message})`),
      running.ended.then(() => undefined),
    ]);
    const delay = createRandom(this.#given.app.seed, 'kill').pick(KILL_DELAYS);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    running.kill();
    stop.abort();
    const killed = await running.ended;
    if (!written) {
      this.#fail(`mitigate ended before any write could be interrupted (exit code ${killed.code}; ${tailOf(killed)})`);
      return;
    }
    this.#given.say(`seed ${this.#given.app.seed}: killed ${delay} ms after the write to ${written}`);
    const recovered = await this.#given.product.run(['recover', '--undo', '--yes'], UNDO_TIMEOUT_MS);
    if (recovered.code !== 0) this.#fail(`recover: exit code ${recovered.code}, expected 0 (${tailOf(recovered)})`);
    const committed =
      (await askEntry(this.#given.api, this.#given.app)) === '' && resultOf(killed)?.outcome === 'resolved';
    // Killed after the commit there is nothing to recover: the fix stands, and is taken back to go on.
    if (committed) await this.#undoLast();
    await this.#expect('after kill and recover', () => this.#untilRestored(faulty));
    this.#fail(...(await heldLocks(this.#given.api)).map((lock) => `after recover still locked: ${lock}`));
  }

  async #undoLast(): Promise<void> {
    const undone = await this.#given.product.run(['undo', '--last', '--yes'], UNDO_TIMEOUT_MS);
    if (undone.code !== 0) this.#fail(`undo: exit code ${undone.code}, expected 0 (${tailOf(undone)})`);
  }

  /** Controllers may take a moment to write their share, so equality is asked for until it holds. */
  async #untilRestored(faulty: Snapshot): Promise<void> {
    await untilAsked(RESTORED_TIMEOUT_MS, 'state equal to the faulty one', async () =>
      differsFrom(faulty, await this.#snapshot()),
    );
  }

  #mitigateArguments(): string[] {
    return [
      ...[
        'mitigate',
        '--yes',
        '--json',
        '--namespace',
        this.#given.app.namespace,
        '--context',
        this.#given.instance.context,
      ],
      ...['--check', `entry=${entryUrl(this.#given.app)}`],
    ];
  }

  #snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.#given.api, this.#given.app.namespace);
  }

  #fail(...failures: string[]): void {
    this.#given.report.failures.push(...failures);
  }

  async #expect(when: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(`${when}: ${(error as Error).message}`);
    }
  }

  async #timed<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
      this.#given.report.seconds[phase] = seconds;
      this.#given.say(`seed ${this.#given.app.seed}: ${phase} ${seconds} s`);
    }
  }
}
