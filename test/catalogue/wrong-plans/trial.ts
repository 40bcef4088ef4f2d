import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../judge/api.ts';
import type { Dump, Dumper } from '../../judge/dump/dump.ts';
import type { ProductRun } from '../../judge/product.ts';
import { Product, resultOf, tailOf } from '../../judge/product.ts';
import { createRandom } from '../../judge/random.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { entryUrl } from '../application.ts';
import type { Entry } from '../catalogue.ts';
import { drawIncident } from '../catalogue.ts';
import { lackOf } from '../health.ts';
import { stopBetween } from './between.ts';
import { drawWrongPlans } from './draw-plan.ts';
import type { TriedPlan } from './fates.ts';
import { noteFates } from './fates.ts';
import type { Ills } from './observer.ts';
import { worsened, worstOf } from './observer.ts';
import { Side } from './side.ts';

const MITIGATE_MS = 420_000;
const UNDO_MS = 180_000;
/** What an engineer needs to notice. */
const NOTICE_MS = 4_000;
/** How often both sides are looked at while the product works. */
const EVERY_MS = 3_000;
/** Endpoints and counts follow the pods within this time; a state that is worse for longer was left so. */
const FOLLOWS_MS = 6_000;
const SETTLED_MS = 30_000;
const ASK_MS = 700;
/** What of a namespace plans are drawn from. */
const SUBJECTS =
  /^(Deployment|StatefulSet|DaemonSet|Service|ConfigMap|Secret|Ingress|NetworkPolicy|HorizontalPodAutoscaler|ServiceAccount|Pod)$/;

export interface WrongPlanReport {
  seed: number;
  entry: string;
  what: string;
  plans: (TriedPlan & { lines: string[] })[];
  outcome: string;
  /** Looks between two transactions. */
  looks: number;
  /** Worse between transactions, but as before within seconds. */
  passing: string[];
  /** Why the promise was not kept; empty when it was. */
  violations: string[];
  /** Why nothing could be judged. */
  invalid: string;
  seconds: number;
  reason: string;
}

export interface WrongPlanTrialInput {
  api: Api;
  instance: Instance;
  dumper: Dumper;
  command: readonly string[];
  entry: Entry;
  seed: number;
}

/** One incident with a twin, wrong plans before the product's own, and what an observer saw between transactions. */
export class WrongPlanTrial {
  readonly #given: WrongPlanTrialInput;
  readonly #treated: Side;
  readonly #twin: Side;
  readonly #home = mkdtempSync(join(tmpdir(), 'wrong-plans-'));
  readonly #product: Product;
  readonly #report: WrongPlanReport;
  #faulty!: Dump;
  /** As the last transaction that is kept left it. */
  #kept!: Dump;
  #start: Ills = new Map();

  constructor(given: WrongPlanTrialInput) {
    const { api, instance, entry, seed, command } = given;
    this.#given = given;
    const incident = drawIncident(entry, seed, '-mine');
    this.#treated = new Side(api, instance, incident);
    this.#twin = new Side(api, instance, drawIncident(entry, seed, '-twin'));
    // Applications side by side have a lock each: nobody waits for another's turn.
    const environment = {
      ...productEnvironment(instance, this.#home),
      STRATUS_LOCK_NAMESPACE: this.#treated.namespace,
    };
    this.#product = new Product(command, environment);
    this.#report = {
      ...{ seed, entry: entry.name, what: incident.plan.what, plans: [], outcome: '', looks: 0, passing: [] },
      ...{ violations: [], invalid: '', seconds: 0, reason: '' },
    };
  }

  /** Never throws for what the product does. */
  async run(): Promise<WrongPlanReport> {
    const started = performance.now();
    const both = [this.#treated, this.#twin];
    try {
      await Promise.all(both.map((side) => side.deploy()));
      await Promise.all(both.map((side) => side.breakIt()));
      await this.#notice();
      await this.#mitigate();
    } catch (error) {
      this.#report.invalid = (error as Error).message;
    } finally {
      await Promise.all(both.map((side) => side.remove().catch(() => undefined)));
      rmSync(this.#home, { recursive: true, force: true });
    }
    this.#report.seconds = Math.round((performance.now() - started) / 100) / 10;
    return this.#report;
  }

  /** The start: everything that is ill before the product begins, at its worst. */
  async #notice(): Promise<void> {
    const end = performance.now() + NOTICE_MS;
    while (performance.now() < end) await this.#lookAtBoth();
    this.#kept = this.#faulty = await this.#given.dumper.fresh();
    this.#start = worstOf(this.#treated.looks.map(({ ills }) => ills));
    if (this.#start.size === 0) throw new Error('the fault went away by itself');
  }

  async #mitigate(): Promise<void> {
    const watch = new AbortController();
    const watching = this.#watch(watch.signal);
    try {
      const running = this.#product.start(this.#arguments(), MITIGATE_MS);
      await stopBetween(running, (event) => this.#between(event));
      const run = await running.ended;
      this.#readRun(run);
      if (this.#report.plans.every(({ fate }) => fate === 'not tried'))
        throw new Error(`no plan was tried: ${this.#report.outcome}, ${this.#report.reason}`);
      await this.#judgeEnd(run);
    } finally {
      watch.abort();
      await watching;
    }
  }

  #arguments(): string[] {
    const { instance, entry, seed } = this.#given;
    const { application, plan } = this.#treated.incident;
    const mine = [...this.#faulty.items.values()].filter(
      ({ namespace, kind, object }) =>
        namespace === application.namespace && SUBJECTS.test(kind.kind) && !object.metadata.deletionTimestamp,
    );
    const suspects = plan.mayChange.map((key) => key.slice(key.indexOf('/') + 1));
    const random = createRandom(seed, `wrong plans ${entry.name}`);
    const plans = drawWrongPlans(
      random,
      mine.map(({ object }) => object),
      suspects,
    );
    const files = plans.map(({ lines, manifests }, index) => {
      const folder = join(this.#home, `plan-${index + 1}`);
      mkdirSync(folder);
      for (const [name, text] of Object.entries(manifests)) writeFileSync(join(folder, name), text);
      writeFileSync(join(folder, 'plan.txt'), `${lines.join('\n')}\n`);
      this.#report.plans.push({ lines, fate: 'not tried', reason: '' });
      return join(folder, 'plan.txt');
    });
    return [
      ...['mitigate', '--yes', '--json', '--namespace', application.namespace, '--context', instance.context],
      ...['--timeout', '360', ...files.flatMap((file) => ['--plan', file])],
      ...(instance.nodes === 'real' ? ['--check', `entry=${entryUrl(application)}`] : []),
    ];
  }

  async #lookAtBoth(): Promise<Ills> {
    const [ills] = await Promise.all([this.#treated.look(), this.#twin.look()]);
    return ills;
  }

  /** The twin, over and over: what it shows at any time is not the product's doing. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#twin.look(false).catch(() => undefined);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, EVERY_MS);
        signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
      });
    }
  }

  #worse(ills: Ills): string[] {
    const excused = worstOf([this.#start, ...this.#twin.looks.map((one) => one.ills)]);
    return worsened(excused, ills);
  }

  /** I1: nothing is worse between transactions than at the start; and what was undone is as it was. */
  async #between(event: 'committed' | 'undone'): Promise<void> {
    this.#report.looks += 1;
    const when = `after transaction ${this.#report.looks} (${event})`;
    await this.#expectNoWorse(when);
    if (event === 'undone') await this.#expectAsBefore(when, this.#kept);
    else this.#kept = await this.#given.dumper.fresh();
  }

  async #expectNoWorse(when: string): Promise<void> {
    const end = performance.now() + FOLLOWS_MS;
    const first = this.#worse(await this.#lookAtBoth());
    let now = first;
    while (now.length > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      now = this.#worse(await this.#lookAtBoth());
    }
    if (now.length > 0) this.#report.violations.push(`${when}: worse than at the start: ${now.join('; ')}`);
    else if (first.length > 0) this.#report.passing.push(`${when}: ${first.join('; ')}`);
  }

  /** Beside what changed with the twin by itself. */
  async #expectAsBefore(when: string, before: Dump): Promise<void> {
    const end = performance.now() + SETTLED_MS;
    for (;;) {
      const now = await this.#given.dumper.fresh();
      const theirs = new Set(this.#twin.changes(before, now));
      const left = this.#treated.changes(before, now).filter((text) => !theirs.has(text));
      if (left.length === 0) return;
      if (performance.now() > end) {
        this.#report.violations.push(`${when}: not as before: ${left.slice(0, 4).join('; ')}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  async #judgeEnd(run: ProductRun): Promise<void> {
    const { outcome, violations } = this.#report;
    const transactions = (resultOf(run)?.transactions ?? []) as unknown[];
    switch (outcome) {
      case 'resolved':
        await this.#expectHealthy();
        break;
      case 'improved':
        await this.#expectNoWorse('at the end');
        break;
      case 'healthy':
      case 'restored':
        await this.#expectNoWorse('at the end');
        await this.#expectAsBefore('at the end', this.#faulty);
        break;
      default:
        violations.push(`ended ${outcome}: ${this.#report.reason}`);
    }
    for (let left = transactions.length; left > 0; left--) {
      const undone = await this.#product.run(['undo', '--last', '--yes'], UNDO_MS);
      if (undone.code !== 0) violations.push(`undo: exit code ${undone.code} (${tailOf(undone)})`);
    }
    if (transactions.length > 0) await this.#expectAsBefore('after all was taken back', this.#faulty);
  }

  /** A rollout that somebody had paused before the product began: nobody feels it, and letting it go on is their affair. */
  #isHeldBack(ill: string): boolean {
    const { namespace } = this.#treated.incident.application;
    return [...this.#faulty.items.values()].some(
      ({ kind, namespace: place, object }) =>
        kind.kind === 'Deployment' &&
        place === namespace &&
        object.spec?.paused === true &&
        ill === `Deployment ${object.metadata.name}: the newest revision is not rolled out`,
    );
  }

  /** Without ills that the twin was born with: it has none but those of the fault. */
  async #expectHealthy(): Promise<void> {
    const { instance } = this.#given;
    const { cluster, incident } = this.#treated;
    const end = performance.now() + SETTLED_MS;
    for (;;) {
      const lack =
        instance.nodes === 'real'
          ? await lackOf(cluster, incident.application, incident.plan).catch((error: Error) => error.message)
          : [...(await this.#treated.look()).keys()].filter((ill) => !this.#isHeldBack(ill)).join('; ');
      if (lack === '') return;
      if (performance.now() > end) {
        this.#report.violations.push(`says resolved, but ${lack}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  #readRun(run: ProductRun): void {
    const result = resultOf(run);
    this.#report.outcome = String(result?.outcome ?? `exit ${run.code}`);
    this.#report.reason = tailOf(run).slice(0, 300);
    noteFates(run.events, this.#report.plans);
  }
}
