import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Api } from '../api.ts';
import { objectPath } from '../api.ts';
import type { App } from '../app-model.ts';
import { deployApp } from '../deploy-app.ts';
import { heldLocks } from '../locks.ts';
import type { Product, ProductRun } from '../product.ts';
import { tailOf } from '../product.ts';
import type { Random } from '../random.ts';
import { createRandom } from '../random.ts';
import type { Snapshot } from '../snapshot.ts';
import { takeSnapshot } from '../snapshot.ts';
import { differsFrom } from '../verdict.ts';
import { untilAsked } from '../wait.ts';
import type { DrawnCommand } from './draw-command.ts';
import { drawCommand } from './draw-command.ts';

const COMMANDS = 6;
const COMMAND_TIMEOUT_MS = 120_000;
const SETTLED_TIMEOUT_MS = 30_000;
/** Milliseconds between the start of a command and its kill. */
const KILL_DELAYS = [250, 500, 800, 1_100, 1_500, 2_000];

export interface CommandTrialInput {
  api: Api;
  instance: Instance;
  app: App;
  product: Product;
  program: string;
  /** Folder of the product's state; manifests go beside it. */
  home: string;
  failures: string[];
  say(text: string): void;
}

/** What a seed put to the test. */
export interface CommandTally {
  /** Commands that changed something, and were undone. */
  undone: number;
  refused: number;
  /** Edits of others that had to survive. */
  foreign: number;
  /** Commands whose process was killed. */
  killed: number;
}

/** A transaction that stands, and the state that its undo must bring back. */
interface Standing {
  argv: string[];
  tx: string;
  before: Snapshot;
}

/**
 * Random kubectl commands on a generated application, each a transaction of the product's, some with edits by others
 * in between and one killed amid its work; then all are undone, latest first. What the product refuses must leave no
 * trace, and every undo must lead back to the state before, with the edits of others.
 */
export class CommandTrial {
  readonly #given: CommandTrialInput;
  readonly #random: Random;
  readonly #standing: Standing[] = [];
  readonly #tally: CommandTally = { undone: 0, refused: 0, foreign: 0, killed: 0 };

  constructor(given: CommandTrialInput) {
    this.#given = given;
    this.#random = createRandom(given.app.seed, 'commands');
  }

  async run(): Promise<CommandTally> {
    const { api, instance, app, program, failures } = this.#given;
    await deployApp(api, instance, app, program);
    const killed = this.#random.int(0, COMMANDS - 1);
    for (let index = 0; index < COMMANDS; index++) {
      const before = await this.#atRest();
      const folder = join(this.#given.home, 'manifests');
      mkdirSync(folder, { recursive: true });
      const command = drawCommand({ app, random: this.#random, now: before, folder });
      if (index === killed) await this.#killedCommand(command, before);
      else await this.#command(command, before);
      if (this.#random.chance(0.4)) await this.#foreignEdit(command);
    }
    for (const one of this.#standing.toReversed()) await this.#undo(one);
    failures.push(...(await heldLocks(api)).map((lock) => `at the end still locked: ${lock}`));
    if (this.#tally.undone === 0) failures.push('no command changed anything: nothing was put to the test');
    return this.#tally;
  }

  async #command({ argv }: DrawnCommand, before: Snapshot): Promise<void> {
    const run = await this.#given.product.run(this.#runArguments(argv), COMMAND_TIMEOUT_MS);
    const tx = transactionOf(run);
    this.#given.say(`seed ${this.#given.app.seed}: ${argv.join(' ')}: ${run.code === 0 ? 'done' : tailOf(run)}`);
    if (run.code === 0) {
      if (tx) this.#standing.push({ argv, tx, before });
      else await this.#expectState(`${argv.join(' ')} said that it wrote nothing`, before);
      return;
    }
    this.#tally.refused += 1;
    await this.#expectState(`${argv.join(' ')} ended with ${run.code} (${tailOf(run)})`, before);
  }

  /** Killed somewhere, then recovered: nothing of it may be left, unless it had been committed. */
  async #killedCommand({ argv }: DrawnCommand, before: Snapshot): Promise<void> {
    const known = await this.#transactions();
    const running = this.#given.product.start(this.#runArguments(argv), COMMAND_TIMEOUT_MS);
    const delay = this.#random.pick(KILL_DELAYS);
    await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, delay))]);
    running.kill();
    await running.ended;
    this.#tally.killed += 1;
    const recovered = await this.#given.product.run(['recover', '--undo', '--yes'], COMMAND_TIMEOUT_MS);
    if (recovered.code !== 0)
      this.#fail(`recover after ${argv.join(' ')}: exit code ${recovered.code} (${tailOf(recovered)})`);
    const made = (await this.#transactions()).find(({ id }) => !known.some((one) => one.id === id));
    if (made?.status === 'committed') this.#standing.push({ argv, tx: made.id, before });
    else await this.#expectState(`${argv.join(' ')}, killed after ${delay} ms and recovered,`, before);
    this.#fail(...(await heldLocks(this.#given.api)).map((lock) => `after recover still locked: ${lock}`));
  }

  async #undo({ argv, tx, before }: Standing): Promise<void> {
    const run = await this.#given.product.run(['undo', '--tx', tx, '--yes'], COMMAND_TIMEOUT_MS);
    if (run.code !== 0) this.#fail(`undo of ${argv.join(' ')}: exit code ${run.code} (${tailOf(run)})`);
    await this.#expectState(`undo of ${argv.join(' ')}`, before);
    this.#tally.undone += 1;
  }

  /** Somebody else annotates what a command was about; every state to come back to has that annotation then. */
  async #foreignEdit({ subject }: DrawnCommand): Promise<void> {
    if (!subject || this.#standing.length === 0) return;
    const [kind = '', namespace = '', name = ''] = subject.split('/');
    const path = objectPath(kind, namespace, name);
    if (!(await this.#given.api.find(path))) return;
    const note = `colleague.example.org/${this.#random.token(4)}`;
    await this.#given.api.merge(path, { metadata: { annotations: { [note]: 'seen' } } });
    for (const { before } of this.#standing) {
      const object = before.get(subject);
      if (object) object.metadata.annotations = { ...object.metadata.annotations, [note]: 'seen' };
    }
    this.#tally.foreign += 1;
  }

  async #transactions(): Promise<{ id: string; status: string }[]> {
    const { stdout } = await this.#given.product.run(['journal', 'list', '--json'], COMMAND_TIMEOUT_MS);
    return JSON.parse(stdout) as { id: string; status: string }[];
  }

  /** Controllers may take a moment to write their share, so equality is asked for until it holds. */
  async #expectState(when: string, expected: Snapshot): Promise<void> {
    try {
      await untilAsked(SETTLED_TIMEOUT_MS, 'the state before', async () =>
        differsFrom(expected, await this.#snapshot()),
      );
    } catch (error) {
      this.#fail(`${when}: ${(error as Error).message}`);
    }
  }

  /** The state once two readings in a row are equal: what controllers still change is no command's doing. */
  async #atRest(): Promise<Snapshot> {
    let last = await this.#snapshot();
    await untilAsked(SETTLED_TIMEOUT_MS, 'the application comes to rest', async () => {
      const next = await this.#snapshot();
      const difference = differsFrom(last, next);
      last = next;
      return difference;
    });
    return last;
  }

  #runArguments(argv: readonly string[]): string[] {
    const { app, instance } = this.#given;
    return ['run', '--yes', '--json', '--namespace', app.namespace, '--context', instance.context, '--', ...argv];
  }

  #snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.#given.api, this.#given.app.namespace);
  }

  #fail(...failures: string[]): void {
    this.#given.failures.push(...failures);
  }
}

function transactionOf(run: ProductRun): string | null {
  const last = run.events.at(-1);
  return last?.type === 'run' && typeof last.tx === 'string' ? last.tx : null;
}
