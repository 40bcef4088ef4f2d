import type { Acceptance } from '../../../src/domain/transaction.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { Api } from '../../judge/api.ts';
import type { AnnouncedWrite } from '../../judge/consequences/announced.ts';
import { classOf, isOperators, surprise, wasUnknown } from '../../judge/consequences/announced.ts';
import type { Dump } from '../../judge/dump/dump.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import { compareDumps } from '../../judge/dump/compare-dumps.ts';
import { Rounds } from '../../judge/dump/rounds.ts';
import { Settler } from '../../judge/dump/settle.ts';
import { startOperator, type RunningOperator } from '../../judge/operator/start-operator.ts';
import { WriteDraw } from '../../judge/random-writes/draw-write.ts';
import { Population } from '../../judge/random-writes/population.ts';
import { createRandom } from '../../judge/random.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';

export interface RandomReport {
  transactions: number;
  /** Writes tried, done and refused by the gateway or the server. */
  tried: number;
  done: number;
  /** Writes that restored; those that only gave fields back to their owners are not among them. */
  undoWrites: number;
  ownershipWrites: number;
  /** What undoing write by write in reverse order would have sent. */
  lifoWrites: number;
  /** Transactions by the class that was named for them; `none` where nothing was let through. */
  classes: Record<string, number>;
  /** Objects that went or changed for good, and were named before. */
  named: number;
  /** What was not named: `seed 7 PATCH /api/…: exact, but ConfigMap/…`. Empty when all is well. */
  differences: string[];
}

export interface RandomOptions {
  /** The seeds to try; each is one transaction. */
  seeds: readonly number[];
  maxOperations: number;
}

/** What a person accepts: mostly nothing, as an agent. */
const ACCEPTED: Acceptance[][] = [[], [], [], ['unknown'], ['unknown', 'losses']];

/** Transactions of random writes to objects of all kinds, each undone and judged by a dump of everything. */
export class RandomLab {
  readonly #gateway: GatewayHarness;
  readonly #api: Api;
  readonly #operator: RunningOperator;
  readonly #dumper: Dumper;
  readonly #settler: Settler;

  private constructor(gateway: GatewayHarness, api: Api, operator: RunningOperator) {
    this.#gateway = gateway;
    this.#api = api;
    this.#operator = operator;
    this.#dumper = new Dumper(api);
    this.#settler = new Settler(this.#dumper, new Rounds(api, operator.pings));
  }

  /** On a cluster where no other one is open. */
  static async open(gateway: GatewayHarness): Promise<RandomLab> {
    const api = new Api(gateway.instance.kubeconfig);
    return new RandomLab(gateway, api, await startOperator(api, gateway.instance));
  }

  async close(): Promise<void> {
    await this.#operator.stop();
    this.#api.close();
  }

  /** Works in a population of its own, and in a new one after each loss: several can run side by side. */
  async run({ seeds, maxOperations }: RandomOptions): Promise<RandomReport> {
    const report: RandomReport = {
      transactions: 0,
      tried: 0,
      done: 0,
      undoWrites: 0,
      ownershipWrites: 0,
      lifoWrites: 0,
      classes: {},
      named: 0,
      differences: [],
    };
    let population: Population | undefined;
    let before: Dump | undefined;
    try {
      for (const seed of seeds) {
        population ??= await Population.make(this.#api);
        before ??= await this.#settler.atRest(population.inScope);
        const after = await this.#transaction(seed, maxOperations, population, before, report);
        before = after;
        if (after) continue;
        await population.remove(this.#dumper);
        population = undefined;
      }
    } finally {
      await population?.remove(this.#dumper);
    }
    return report;
  }

  /** @returns the state after the undo when it is the one before, else undefined */
  async #transaction(
    seed: number,
    maxOperations: number,
    population: Population,
    before: Dump,
    report: RandomReport,
  ): Promise<Dump | undefined> {
    const { inScope, kube } = population;
    const random = createRandom(seed, 'writes');
    const mine = [...before.items.values()].filter(inScope);
    const draw = new WriteDraw(random, mine, kube.suffix);
    const target = { ...this.#gateway.target, namespace: kube.namespace };
    const accept = random.pick(ACCEPTED);
    const transactions = this.#gateway.transactions({ target, convergeMs: 0 });
    const opening = { run: 'random', title: `seed ${seed}`, maxWrites: 20, accept };
    const transaction = await transactions.begin(opening);
    const session = new KubeApi(transaction.handler);
    const sent: string[] = [];
    // Many writes meet on one object, so that it is written again and again.
    const hot = draw.subject();
    for (let left = random.int(1, maxOperations); left > 0; left--) {
      const { method, path, type, body } = draw.write(random.chance(0.4) ? hot : draw.subject());
      const options = body ? { body: Buffer.from(body), contentType: type } : {};
      const { status } = await session.send(method, path, options);
      report.tried += 1;
      if (status >= 300) continue;
      report.done += 1;
      sent.push(`${method} ${path} ${body.slice(0, 160)}`);
    }
    const middle = await this.#settler.atRest(inScope, before);
    const writes = await this.#announced(transaction.id);
    report.lifoWrites += transaction.writes();
    const result = await transaction.undo(new AbortController().signal);
    await transaction.dispose();
    const after = await this.#settler.atRest(inScope, middle);
    const ownership = result.outcome === 'undone' ? (result.proof.ownershipWrites ?? 0) : 0;
    report.transactions += 1;
    report.undoWrites += result.writes - ownership;
    report.ownershipWrites += ownership;
    const grade = sent.length === 0 ? 'none' : (classOf(writes) ?? 'unsaid');
    report.classes[grade] = (report.classes[grade] ?? 0) + 1;
    const problems: string[] = [];
    if (result.outcome !== 'undone' && grade !== 'losses') problems.push(JSON.stringify(result).slice(0, 500));
    const changes = compareDumps(before, after, inScope);
    for (const change of changes) {
      if (change.how === 'ownership' && grade !== 'exact') continue;
      if (wasUnknown(writes) && (change.how === 'report' || isOperators(change))) continue;
      const problem = surprise(change, writes);
      if (problem) problems.push(problem);
      else report.named += 1;
    }
    if (problems.length > 0) {
      const story = [...sent, JSON.stringify(writes).slice(0, 600)].join(' ;; ');
      report.differences.push(...problems.map((text) => `seed ${seed}: ${text} (after ${story})`));
    }
    return changes.some(({ how }) => how !== 'ownership') || result.outcome !== 'undone' ? undefined : after;
  }

  async #announced(id: string): Promise<AnnouncedWrite[]> {
    const records = await this.#gateway.store.read(id);
    return records.flatMap((record) =>
      record.type === 'intent' ? [{ object: record.ref, undo: record.forecast }] : [],
    );
  }
}
