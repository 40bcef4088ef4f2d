import type { Dump } from '../../judge/dump/dump.ts';
import { releaseLocks } from '../../judge/locks.ts';
import type { ProductRun } from '../../judge/product.ts';
import { resultOf } from '../../judge/product.ts';
import { injectFault } from '../../testbed/faults/catalog.ts';
import { readRun, round } from '../run/mitigation.ts';
import type { Desk, Engineer } from './desk.ts';
import { MITIGATE_MS } from './desk.ts';
import { changesBetween, notAsBefore, writtenState } from './dumps.ts';
import { rankOf, suspectRank } from './ranks.ts';
import type { TelemetryReport } from './report.ts';
import { emptyTelemetryReport } from './report.ts';
import type { NamedObject, Shown, TelemetryScene } from './scenes.ts';
import { isAsWanted } from './scenes.ts';
import { untilNothing } from './shop.ts';
import type { Opened } from './watching.ts';
import { Watching } from './watching.ts';

/** From the fault until a rule fires: a leak fills its limit for minutes first. */
const FIRES_MS = 480_000;
/** From then until an incident has to be open. */
const OPENS_MS = 120_000;
/** What says that it is resolved may be a scrape ahead of the rules. */
const HEALTHY_MS = 60_000;
/** What a watch needs to call an incident over. */
const OVER_MS = 60_000;
const LOOK_EVERY_MS = 500;
/** Incidents of one fault that are looked into. */
const LOOKS = 3;

/** One fault that only telemetry shows, from the quiet shop to the verdict. Never throws for what the product does. */
export async function runFaultTrial(desk: Desk, scene: TelemetryScene, seed: number): Promise<TelemetryReport> {
  const report = emptyTelemetryReport(scene.fault.name, seed, scene.wanted);
  const engineer = desk.engineer();
  try {
    await new FaultTrial(desk, engineer, scene, report).run();
  } catch (error) {
    report.verdict = 'invalid';
    report.problems.push((error as Error).message);
  } finally {
    engineer.close();
    const healed = report.problems.length > 0 ? desk.restore() : desk.heal();
    await healed.catch((error: Error) => report.problems.push(`not healed: ${error.message}`));
    report.passed = report.problems.length === 0 && isAsWanted(scene, report.verdict);
  }
  return report;
}

class FaultTrial {
  readonly #desk: Desk;
  readonly #engineer: Engineer;
  readonly #scene: TelemetryScene;
  readonly #report: TelemetryReport;
  #shown: Shown = [];
  #broken = 0;

  constructor(desk: Desk, engineer: Engineer, scene: TelemetryScene, report: TelemetryReport) {
    this.#desk = desk;
    this.#engineer = engineer;
    this.#scene = scene;
    this.#report = report;
  }

  async run(): Promise<void> {
    const { shop, intervalSeconds } = this.#desk;
    await this.#desk.heal();
    await shop.untilQuiet();
    const args = [...this.#engineer.place(), '--interval', String(intervalSeconds)];
    const watching = await Watching.start(
      this.#engineer.product,
      args,
      FIRES_MS + OPENS_MS + MITIGATE_MS + HEALTHY_MS + OVER_MS,
    );
    try {
      await this.#breakIt(watching);
      const before = await writtenState(this.#desk.dumper);
      await this.#diagnose();
      this.#noteOpened(watching);
      const first = watching.opened().find((one) => this.#isAbout(one));
      const { run, started } = await this.#mitigate(watching);
      await this.#judge(run, before, started);
      if (first && this.#report.verdict === 'resolved') await this.#untilOver(watching, first, started);
      await this.#takeBack(run, before);
    } finally {
      watching.stop();
    }
  }

  /**
   * As an engineer would: where nothing is wrong any more of what an incident was opened for, as after the failures of a
   * rollout, and the fault is still there, the next incident is waited for.
   */
  async #mitigate(watching: Watching): Promise<{ run: ProductRun; started: number }> {
    const about = () => watching.opened().filter((one) => this.#isAbout(one)).length;
    for (let look = 1; ; look++) {
      const seen = about();
      const started = Date.now();
      const run = await this.#engineer.mitigate();
      const isEarly = readRun(run).outcome === 'healthy' && (await this.#desk.shop.lack(this.#scene)) !== '';
      if (!isEarly || look === LOOKS || !(await watching.until(FIRES_MS, () => about() > seen)))
        return { run, started };
      await this.#diagnose();
    }
  }

  /** Makes the fault, and waits until a rule fires and an incident is open. */
  async #breakIt(watching: Watching): Promise<void> {
    const { instance } = this.#desk;
    this.#broken = Date.now();
    const given = new AbortController();
    const fires = this.#untilFires(given.signal);
    // Told of by the trial where the fault itself fails.
    fires.catch(() => undefined);
    try {
      await injectFault(instance, this.#scene.fault.name, { seed: this.#report.seed });
    } catch (error) {
      given.abort();
      throw error;
    }
    this.#shown = await this.#desk.shop.shown(this.#scene);
    this.#report.seconds.shows = this.#since(Date.now());
    await fires;
    // A fault may be seen before any rule fires.
    await watching.until(OPENS_MS, () => watching.opened().some((one) => this.#isAbout(one)));
  }

  async #untilFires(given: AbortSignal): Promise<void> {
    for (const end = performance.now() + FIRES_MS; performance.now() < end && !given.aborted;) {
      const [first] = await this.#desk.shop.firing();
      if (first) {
        this.#report.alert = first;
        this.#report.seconds.alert = this.#since(Date.now());
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** With traces and without: at the same moment, as near as can be. */
  async #diagnose(): Promise<void> {
    const [traced, untraced] = await Promise.all([this.#engineer.findings(true), this.#engineer.findings(false)]);
    this.#report.diagnosis = rankOf(traced, this.#scene, this.#shown);
    this.#report.withoutTraces = rankOf(untraced, this.#scene, this.#shown);
  }

  #noteOpened(watching: Watching): void {
    const report = this.#report;
    const opened = watching.opened();
    const early = opened.filter(({ at }) => at < this.#broken);
    const about = opened.filter((one) => this.#isAbout(one));
    const strays = opened.filter((one) => !early.includes(one) && !about.includes(one));
    report.opened = { about: about.length, early: early.length, astray: strays.length };
    report.strays = [...early, ...strays].map(({ title }) => title);
    const [first] = about;
    if (!first) return;
    const isRoot = (object: NamedObject | null) => object !== null && this.#scene.isRoot(object, this.#shown);
    report.seconds.incident = this.#since(first.at);
    report.by = [...new Set(first.members.map(({ source }) => source))].sort();
    report.root = first.root ? `${first.root.kind}/${first.root.name}` : '';
    report.rootRight = isRoot(first.root);
    report.rootLater = isRoot(watching.latest(first).root);
    report.told = rankOf(first.findings, this.#scene, this.#shown);
  }

  /** Something that belongs to it speaks of what the fault touches. */
  #isAbout({ at, members }: Opened): boolean {
    const { affected, isRoot } = this.#scene;
    const named = (text: string) => [...affected].some((service) => text === service || text.startsWith(`${service}-`));
    return (
      at >= this.#broken &&
      members.some(
        ({ objects, labels }) =>
          objects.some((object) => isRoot(object, this.#shown) || named(object.name)) ||
          [labels.service, labels.service_name, labels.pod].some((text) => text !== undefined && named(text)),
      )
    );
  }

  async #judge(run: ProductRun, before: Dump, started: number): Promise<void> {
    const report = this.#report;
    const { outcome, attempts, writes, reason, seconds, pid } = readRun(run);
    Object.assign(report, { outcome, attempts, writes, reason: reason.slice(0, 300) });
    if (seconds.total !== undefined) report.seconds.mitigate = seconds.total;
    const findings = (resultOf(run)?.findings ?? []) as { rule: string; message: string }[];
    report.findings = findings.slice(0, 5).map(({ rule, message }) => ({ rule, message: message.slice(0, 300) }));
    report.suspect = suspectRank(run.events, this.#scene, this.#shown);
    const { dumper, shop, api } = this.#desk;
    const locks = pid === undefined ? [] : await releaseLocks(api, pid);
    report.problems.push(...locks.map((lock) => `still locked: ${lock}`));
    const claimed = outcome === 'resolved';
    const ask = () => shop.lack(this.#scene);
    const lack = await (claimed ? untilNothing(HEALTHY_MS, ask) : ask());
    if (lack === '') {
      report.seconds.healthy = round((Date.now() - started) / 1_000);
      const changed = changesBetween(before, await writtenState(dumper));
      report.problems.push(
        ...changed
          .filter(({ item }) => !this.#scene.mayChange.includes(`${item.kind.kind}/${item.name}`))
          .map(({ text }) => `beside the fault: ${text}`),
      );
      report.verdict = report.problems.length === 0 ? 'resolved' : 'wrong';
      return;
    }
    if (claimed) report.problems.push(`says resolved, but ${lack}`);
    if (outcome !== 'improved') {
      report.undoDifferences = await notAsBefore(dumper, before);
      report.problems.push(...report.undoDifferences.map((text) => `not restored: ${text}`));
    }
    const isNamed = rankOf(findings, this.#scene, this.#shown).cause > 0;
    if (report.problems.length > 0) report.verdict = 'wrong';
    else report.verdict = outcome === 'improved' ? 'improved' : isNamed ? 'named' : 'unnamed';
  }

  async #untilOver(watching: Watching, { fingerprint }: Opened, started: number): Promise<void> {
    const closing = () =>
      watching
        .events('closed')
        .find((event) => (event.incident as { fingerprint: string }).fingerprint === fingerprint);
    await watching.until(OVER_MS, () => closing() !== undefined);
    const at = closing()?.at;
    if (typeof at === 'number') this.#report.seconds.over = round((at - started) / 1_000);
  }

  /** The fault stands again afterwards, to the letter. */
  async #takeBack(run: ProductRun, before: Dump): Promise<void> {
    if (this.#report.verdict !== 'resolved') return;
    const { api, dumper } = this.#desk;
    const transactions = ((resultOf(run)?.transactions ?? []) as unknown[]).length;
    const started = performance.now();
    this.#report.problems.push(...(await this.#engineer.undo(transactions, api)));
    this.#report.seconds.undo = round((performance.now() - started) / 1_000);
    this.#report.undoDifferences = await notAsBefore(dumper, before);
    this.#report.problems.push(...this.#report.undoDifferences.map((text) => `after undo: ${text}`));
  }

  #since(at: number): number {
    return round((at - this.#broken) / 1_000);
  }
}

/** `passed slow-dependency 1: …` */
export function faultLine(report: TelemetryReport): string {
  const { entry, seed, verdict, passed, alert, by, root, rootRight, seconds, outcome, problems, reason } = report;
  const { diagnosis, withoutTraces, suspect, writes } = report;
  const told = [
    `${alert || 'no alert'} after ${seconds.alert ?? '-'} s`,
    `incident after ${seconds.incident ?? '-'} s by ${by.join('+') || 'nothing'} at ${root || 'nowhere'}${rootRight ? '' : ' (WRONG)'}`,
    `places ${diagnosis.place}/${diagnosis.cause}, without traces ${withoutTraces.place}/${withoutTraces.cause}, suspect ${suspect}`,
    `${outcome} in ${seconds.mitigate ?? '-'} s, ${writes} writes, undo ${seconds.undo ?? '-'} s`,
  ];
  const said = problems[0] ?? (passed ? '' : reason);
  return `${passed ? 'passed' : 'FAILED'} ${entry} ${seed}: ${verdict}; ${told.join('; ')} ${said.slice(0, 300)}`.trimEnd();
}
