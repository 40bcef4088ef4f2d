import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../judge/api.ts';
import { Dumper, type Dump } from '../../judge/dump/dump.ts';
import { releaseLocks } from '../../judge/locks.ts';
import type { ProductEvent, ProductRun } from '../../judge/product.ts';
import { Product, resultOf, tailOf } from '../../judge/product.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { entryUrl } from '../application.ts';
import { findingsOf, names } from '../causes.ts';
import type { Entry, Incident } from '../catalogue.ts';
import { drawIncident } from '../catalogue.ts';
import { cheatsOf, notRestored, sceneOf } from '../guard.ts';
import { until } from '../health.ts';
import { Stage } from './stage.ts';

const MITIGATE_MS = 240_000;
const UNDO_MS = 120_000;
const ALLOW_MS = 60_000;
const GREEN_MS = 30_000;
const RESTORED_MS = 30_000;
/** On a cluster that others use too one waits for them. */
const LOCKED_TRIES = 6;
const LOCKED_MS = 15_000;
/** What an engineer needs to notice; rules that wait for evidence get it. */
const NOTICE_MS = 5_000;

/**
 * - `resolved`: users are served again and nobody cheated
 * - `named`, `unnamed`: everything is as the fault left it, with or without the true cause among the findings
 * - `improved`: a part of the repair stands
 * - `wrong`: harm was done: not restored, a cheat, or a success that is none
 */
export type Verdict = 'resolved' | 'named' | 'unnamed' | 'improved' | 'wrong' | 'invalid';

export interface TrialReport {
  entry: string;
  kind: Entry['kind'];
  family: string;
  seed: number;
  what: string;
  verdict: Verdict;
  /** The verdict is the one that the entry asks for. */
  passed: boolean;
  outcome: string;
  detected: boolean;
  /** Rank of the first finding that speaks of the objects at fault, from 1; 0 for none. */
  place: number;
  /** The same for one that also says what is wrong with them. */
  cause: number;
  attempts: number;
  writes: number;
  costUsd: number;
  /**
   * `detect` to `total`: from the start of the command. `bare`: the true repair by hand, until users are served; known
   * where the product's was taken back.
   */
  seconds: Partial<Record<'base' | 'red' | 'detect' | 'diagnose' | 'firstFix' | 'total' | 'bare', number>>;
  undoDifferences: string[];
  problems: string[];
  findings: { rule: string; message: string }[];
  reason: string;
}

export interface TrialOptions {
  api: Api;
  instance: Instance;
  command: readonly string[];
  /** Also takes back what was resolved, and compares with the faulty state. */
  undo: boolean;
  /** The product is told which request users make, as an engineer would tell it. */
  check: boolean;
}

/** One incident from the healthy application to the verdict. Never throws for what the product does. */
export async function runTrial(
  { api, instance, command, undo, check }: TrialOptions,
  entry: Entry,
  seed: number,
): Promise<TrialReport> {
  const incident = drawIncident(entry, seed);
  const stage = new Stage(api, instance, incident);
  const dumper = new Dumper(api);
  const report = emptyReport(incident);
  const home = mkdtempSync(join(tmpdir(), 'incident-stratus-'));
  const product = new Product(command, productEnvironment(instance, home));
  try {
    report.seconds.base = round(await stage.deploy());
    const base = await dumper.fresh();
    if (entry.kind === 'calm') await incident.plan.inject(stage.cluster);
    else report.seconds.red = round((await stage.breakIt()).seconds);
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
    if (entry.kind !== 'calm' && (await stage.lack()) === '') throw new Error('the fault went away by itself');
    const faulty = await dumper.fresh();
    for (const action of entry.faults.flatMap(({ allows }) => allows ?? []))
      await product.run(['runbook', 'allow', action, '--yes'], ALLOW_MS);
    const { namespace } = incident.application;
    const args = [
      'mitigate',
      '--yes',
      '--json',
      '--namespace',
      namespace,
      '--context',
      instance.context,
      '--timeout',
      '180',
    ];
    if (check) args.push('--check', `entry=${entryUrl(incident.application)}`);
    const run = await unlocked(() => product.run(args, MITIGATE_MS));
    read(report, run, incident);
    if (report.outcome === 'locked') throw new Error('another writer had the lock all the time');
    await judge(report, stage, { base, faulty, dumper });
    const locks = run.pid === undefined ? [] : await releaseLocks(api, run.pid);
    report.problems.push(...locks.map((lock) => `still locked: ${lock}`));
    const transactions = (resultOf(run)?.transactions ?? []) as unknown[];
    if (undo && report.verdict === 'resolved' && entry.kind !== 'calm') {
      await takeBack(report, product, transactions.length, () => differences(dumper, faulty, incident));
      if (report.problems.length === 0) report.seconds.bare = await repairByHand(stage);
    }
  } catch (error) {
    report.verdict = 'invalid';
    report.problems.push((error as Error).message);
  } finally {
    report.passed = report.problems.length === 0 && report.verdict === wantedVerdict(entry);
    rmSync(home, { recursive: true, force: true });
    await stage.remove().catch((error: Error) => report.problems.push(`not removed: ${error.message}`));
  }
  return report;
}

const wantedVerdict = ({ kind }: Entry): Verdict => (kind === 'unfixable' ? 'named' : 'resolved');

async function judge(
  report: TrialReport,
  { lack, incident }: Stage,
  { base, faulty, dumper }: { base: Dump; faulty: Dump; dumper: Dumper },
): Promise<void> {
  const { application, plan, entry } = incident;
  if (entry.kind === 'calm') {
    if (report.outcome !== 'healthy') report.problems.push(`outcome ${report.outcome} where nothing is wrong`);
    if (report.writes > 0) report.problems.push(`${report.writes} writes where nothing is wrong`);
    report.verdict = report.problems.length === 0 ? 'resolved' : 'wrong';
    return;
  }
  const claimed = report.outcome === 'resolved';
  const green = await (claimed ? lasting(lack, plan.holdSeconds) : once(lack));
  if (green.reached) {
    report.problems.push(...cheatsOf({ base, faulty, after: await dumper.fresh(), application, plan }));
    report.verdict = report.problems.length === 0 ? 'resolved' : 'wrong';
    return;
  }
  if (claimed) report.problems.push(`says resolved, but ${green.lack}`);
  if (report.outcome === 'improved') {
    report.problems.push(...cheatsOf({ base, faulty, after: await dumper.fresh(), application, plan }));
  } else {
    report.undoDifferences = await differences(dumper, faulty, incident);
    report.problems.push(...report.undoDifferences.map((text) => `not restored: ${text}`));
  }
  if (report.problems.length > 0) report.verdict = 'wrong';
  else report.verdict = report.outcome === 'improved' ? 'improved' : report.cause > 0 ? 'named' : 'unnamed';
}

async function lasting(lack: () => Promise<string>, holdSeconds = 0): Promise<{ reached: boolean; lack: string }> {
  const green = await until('green', lack, GREEN_MS);
  if (!green.reached || holdSeconds === 0) return green;
  await new Promise((resolve) => setTimeout(resolve, holdSeconds * 1000));
  return once(lack);
}

async function once(lack: () => Promise<string>): Promise<{ reached: boolean; lack: string }> {
  const now = await lack();
  return { reached: now === '', lack: now };
}

/** Controllers may take a moment to write their share, so equality is asked for until it holds. */
async function differences(dumper: Dumper, faulty: Dump, { application, plan }: Incident): Promise<string[]> {
  const end = performance.now() + RESTORED_MS;
  for (;;) {
    const found = notRestored(faulty, await dumper.fresh(), sceneOf(application, plan));
    if (found.length === 0 || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function takeBack(
  report: TrialReport,
  product: Product,
  transactions: number,
  remaining: () => Promise<string[]>,
): Promise<void> {
  for (let left = transactions; left > 0; left--) {
    const undone = await product.run(['undo', '--last', '--yes'], UNDO_MS);
    if (undone.code !== 0) report.problems.push(`undo: exit code ${undone.code} (${tailOf(undone)})`);
  }
  report.undoDifferences = await remaining();
  report.problems.push(...report.undoDifferences.map((text) => `after undo: ${text}`));
}

async function unlocked(run: () => Promise<ProductRun>): Promise<ProductRun> {
  for (let left = LOCKED_TRIES; ; left--) {
    const ended = await run();
    if (resultOf(ended)?.outcome !== 'locked' || left <= 1) return ended;
    await new Promise((resolve) => setTimeout(resolve, LOCKED_MS));
  }
}

async function repairByHand({ incident, cluster, lack }: Stage): Promise<number | undefined> {
  const started = performance.now();
  await incident.plan.heal(cluster);
  const written = performance.now() - started;
  const green = await until('green', lack, GREEN_MS);
  return green.reached ? round(written / 1000 + green.seconds) : undefined;
}

function read(report: TrialReport, run: ProductRun, { plan }: Incident): void {
  const result = resultOf(run);
  const at = (found: ProductEvent | undefined) =>
    typeof found?.at === 'number' ? round((found.at - run.started) / 1000) : undefined;
  const first = (type: string) => run.events.find((event) => event.type === type);
  const findings = findingsOf(result);
  const detected = first('detected') as { severity?: { items?: unknown[] } } | undefined;
  report.outcome = String(result?.outcome ?? `exit ${run.code}`);
  report.detected = (detected?.severity?.items ?? []).length > 0;
  report.place = findings.findIndex((finding) => names(finding, plan.causes, false)) + 1;
  report.cause = findings.findIndex((finding) => names(finding, plan.causes)) + 1;
  report.attempts = Number(result?.attempts ?? 0);
  report.writes = Number(result?.writes ?? 0);
  report.costUsd = Number(result?.costUsd ?? 0);
  report.findings = findings.slice(0, 5).map(({ rule, message }) => ({ rule, message: message.slice(0, 300) }));
  report.reason = tailOf(run);
  const wrote = run.events.find((event) => event.type === 'stepDone' && Number(event.writes) > 0);
  Object.assign(report.seconds, {
    detect: at(first('detected')),
    diagnose: at(first('diagnosed')),
    firstFix: at(wrote),
    total: round(run.seconds),
  });
}

function emptyReport({ entry, seed, plan }: Incident): TrialReport {
  return {
    entry: entry.name,
    kind: entry.kind,
    family: entry.family,
    seed,
    what: plan.what,
    verdict: 'invalid',
    passed: false,
    outcome: '',
    detected: false,
    place: 0,
    cause: 0,
    attempts: 0,
    writes: 0,
    costUsd: 0,
    seconds: {},
    undoDifferences: [],
    problems: [],
    findings: [],
    reason: '',
  };
}

const round = (seconds: number) => Math.round(seconds * 10) / 10;
