import type { Api } from '../api.ts';
import type { DumpChange } from '../dump/compare-dumps.ts';
import { compareDumps } from '../dump/compare-dumps.ts';
import type { Dump, Item } from '../dump/dump.ts';
import type { Settler } from '../dump/settle.ts';
import { heldLocks } from '../locks.ts';
import { tailOf } from '../product.ts';
import type { AnnouncedWrite } from './announced.ts';
import { classOf, isOperators, surprise } from './announced.ts';
import { makeFixtures } from './fixtures.ts';
import type { Kube } from './kube.ts';
import { merged } from './kube.ts';
import type { ProductSteps, StepResult } from './product-steps.ts';
import type { Row, Step, Verdict } from './row.ts';

export interface RowReport {
  id: string;
  trap: string;
  /** `unsaid` when it wrote without naming a class, `failed` when it failed and was undone. */
  verdict: Verdict | 'unsaid' | 'failed';
  expected: readonly string[];
  /** Empty when the row passes. */
  problems: string[];
  /** What the product named only after the write: honest, but late. */
  late: string[];
  /** What was lost or altered in the end, named or not. */
  lost: string[];
  reason: string;
  seconds: number;
}

export interface RowTrialInput {
  api: Api;
  kube: Kube;
  steps: ProductSteps;
  settler: Settler;
  row: Row;
  /** Takes what belongs to no row running at the same time. */
  inScope: (item: Item) => boolean;
  lockNamespace: string;
}

/** One row: fixture, actions through the product, undo; each state judged by a dump of everything. */
export class RowTrial {
  readonly #given: RowTrialInput;
  readonly #report: RowReport;
  /** Objects that somebody else edited: their field managers are not what they were. */
  readonly #edited = new Set<string>();

  constructor(given: RowTrialInput) {
    const { id, trap, expected } = given.row;
    this.#given = given;
    this.#report = { id, trap, verdict: 'unsaid', expected, problems: [], late: [], lost: [], reason: '', seconds: 0 };
  }

  async run(): Promise<RowReport> {
    const started = performance.now();
    try {
      await this.#judge();
      const { verdict, expected, problems } = this.#report;
      if (!expected.includes(verdict)) problems.unshift(`${verdict} instead of ${expected.join(' or ')}`);
    } catch (error) {
      this.#report.problems.push((error as Error).message);
    }
    this.#report.seconds = Math.round((performance.now() - started) / 100) / 10;
    return this.#report;
  }

  async #judge(): Promise<void> {
    const { settler, inScope, row } = this.#given;
    await this.#prepare();
    let expected = await settler.atRest(inScope);
    const writes: AnnouncedWrite[] = [];
    const standing: string[] = [];
    for (const step of row.steps) {
      if (step.by === 'other') {
        expected = await this.#somebodyElse(step, expected, standing.length === 0);
        continue;
      }
      const result = await this.#perform(step, standing.length === 0 ? expected : undefined);
      writes.push(...result.writes);
      this.#report.reason = result.reason;
      this.#report.problems.push(...result.problems);
      if (result.tx) standing.push(result.tx);
      if (result.outcome === 'done') continue;
      this.#report.verdict = result.outcome === 'refused' ? 'refused' : 'failed';
      // Whoever accepted unknown effects was told before the write; that they are losses is found, said and stopped after it.
      if (
        result.outcome === 'failed' &&
        classOf(writes) === 'unknown' &&
        /lost since the checkpoint/.test(result.reason)
      ) {
        this.#report.verdict = 'unknown';
      }
      break;
    }
    // What wrote nothing is as good as exact; the dump shows whether it did.
    if (this.#report.verdict === 'unsaid')
      this.#report.verdict = classOf(writes) ?? (writes.length === 0 && standing.length === 0 ? 'exact' : 'unsaid');
    const between = await settler.atRest(inScope, expected);
    let undone = '';
    for (const tx of standing.toReversed()) undone += await this.#undo(tx);
    const after = await settler.atRest(inScope, between);
    this.#compare(compareDumps(expected, after, inScope), writes, undone);
    const locks = (await heldLocks(this.#given.api)).filter((lock) => lock.startsWith(`${this.#given.lockNamespace}/`));
    this.#report.problems.push(...locks.map((lock) => `still locked: ${lock}`));
  }

  /** @returns what it says, when it could not restore everything */
  async #undo(tx: string): Promise<string> {
    const { steps } = this.#given;
    const { problems } = this.#report;
    const run = await steps.undo(tx);
    if (run.code === 0) return '';
    if (run.code !== 3 || !(this.#mayLose() || this.#isKept(run.stdout))) {
      problems.push(`undo: exit code ${run.code}: ${run.stdout.slice(0, 600) || tailOf(run)}`);
    }
    if (!run.stdout.includes('"diverged"')) return run.stdout;
    const kept = await steps.keep(tx);
    if (kept.code !== 0) problems.push(`recover --keep: exit code ${kept.code}: ${tailOf(kept)}`);
    return run.stdout;
  }

  async #prepare(): Promise<void> {
    const { kube, row } = this.#given;
    await makeFixtures(kube, row.fixtures);
  }

  /** Unasked first; with what it asks to accept, when it asks. A question or a refusal must have changed nothing. */
  async #perform(step: Step, untouched: Dump | undefined): Promise<StepResult> {
    const { steps } = this.#given;
    const first = await steps.perform(step);
    if (first.outcome !== 'done' && untouched) await this.#expectUntouched(untouched, first);
    if (first.asked.length === 0) return first;
    if (first.tx) await this.#undo(first.tx);
    const second = await steps.perform(step, first.asked);
    // What was said with the question counts as said before the write.
    return {
      ...second,
      writes: [...first.writes, ...second.writes],
      problems: [...first.problems, ...second.problems],
    };
  }

  async #expectUntouched(before: Dump, { outcome, asked }: StepResult): Promise<void> {
    const { settler, inScope } = this.#given;
    if (outcome === 'failed') return;
    const changes = compareDumps(before, await settler.atRest(inScope, before), inScope);
    const what = asked.length > 0 ? 'asked' : 'refused';
    this.#report.problems.push(...changes.map(({ text }) => `${what}, but ${text}`));
  }

  /**
   * What somebody else does in between is part of the state to come back to.
   * @param untouched the product has written nothing yet
   */
  async #somebodyElse(step: Step & { by: 'other' }, expected: Dump, untouched: boolean): Promise<Dump> {
    const { kube, settler, inScope, api } = this.#given;
    const before = await settler.atRest(inScope);
    const { method, type } = step.request;
    const [path, body] = [await kube.expand(step.request.path), await kube.expand(step.request.body)];
    const answer = await api.send(method, path, body || undefined, type);
    if (answer.status >= 300) throw new Error(`somebody else: ${method} ${path}: ${answer.status} ${answer.body}`);
    const after = await settler.atRest(inScope);
    if (untouched) return after;
    const items = new Map(expected.items);
    for (const { item, how } of compareDumps(before, after, inScope)) {
      const [known, now] = [items.get(item.key), after.items.get(item.key)];
      if (known && !now) items.delete(item.key);
      // What the product has changed in the same object is still to be undone.
      else if (known) {
        items.set(item.key, { ...known, object: merged(known.object, JSON.parse(body)) });
        this.#edited.add(item.key);
      } else if (now && how === 'appeared') items.set(item.key, now);
    }
    const byUid = new Map([...expected.byUid, ...after.byUid]);
    return { ...expected, items, byUid };
  }

  #compare(changes: DumpChange[], writes: AnnouncedWrite[], undone: string): void {
    const report = this.#report;
    const unasked = report.verdict === 'exact' || report.verdict === 'consequences' || report.verdict === 'unsaid';
    for (const change of changes) {
      if (change.how === 'ownership' && (report.verdict !== 'exact' || this.#edited.has(change.item.key))) continue;
      if (change.how === 'report' && !unasked) continue;
      if (report.verdict === 'refused' || report.verdict === 'failed') {
        report.problems.push(`${report.verdict}, but ${change.text}`);
        continue;
      }
      report.lost.push(change.text);
      if (this.#isKept(undone) && change.how === 'appeared') continue;
      const problem = surprise(change, writes);
      if (problem === '') continue;
      // A person was told that nobody knows what an operator does.
      if (report.verdict === 'unknown' && (isOperators(change) || this.#given.row.trap === 'operator')) continue;
      report.problems.push(problem);
      if (undone.includes(change.item.name)) report.late.push(change.text);
    }
  }

  /** What others have put into or below something new is a reason to leave it. */
  #isKept(undone: string): boolean {
    return this.#given.row.steps.some(({ by }) => by === 'other') && undone.includes('made by somebody else');
  }

  #mayLose(): boolean {
    return this.#report.verdict === 'losses' || this.#report.verdict === 'unknown';
  }
}
