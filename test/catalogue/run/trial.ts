import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../judge/api.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import { releaseLocks } from '../../judge/locks.ts';
import type { ProductRun } from '../../judge/product.ts';
import { Product, tailOf } from '../../judge/product.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { entryUrl } from '../application.ts';
import { names } from '../causes.ts';
import type { Entry, Incident } from '../catalogue.ts';
import { drawIncident } from '../catalogue.ts';
import { sceneOf } from '../guard.ts';
import { until } from '../health.ts';
import { inPlace, inTurn } from './lanes.ts';
import type { Mitigation } from './mitigation.ts';
import { readRun, round } from './mitigation.ts';
import { drive } from './plain-driver.ts';
import { unlocked } from '../unlocked.ts';
import type { TrialReport } from './report.ts';
import { emptyReport, wantedVerdict } from './report.ts';
import { Stage } from './stage.ts';
import { differences, judge } from './verdict.ts';
import type { Way } from './ways.ts';
import { OPTIONS } from './ways.ts';

/** What the product is given, and what it may need beyond that to undo. */
const LIMIT_SECONDS = 180;
const UNDOING_MS = 60_000;
const UNDO_MS = 120_000;
const BARE_MS = 30_000;
const ALLOW_MS = 60_000;
/** What an engineer needs to notice; rules that wait for evidence get it. */
export const NOTICE_MS = 5_000;

export interface TrialOptions {
  api: Api;
  instance: Instance;
  command: readonly string[];
  way: Way;
  /** Also takes back what the product resolved, and compares with the faulty state. */
  undo: boolean;
  /** The product is told which request users make, as an engineer would tell it. */
  check: boolean;
  /** What it is started with beside its way; absent: nothing. */
  given?: {
    args: readonly string[];
    environment: NodeJS.ProcessEnv;
    limitSeconds: number;
    /** Hears the run of `mitigate` when it has ended. */
    heard(run: ProductRun): void;
  };
}

/** One incident from the healthy application to the verdict. Never throws for what the product does. */
export function runTrial(options: TrialOptions, entry: Entry, seed: number, alone: boolean): Promise<TrialReport> {
  const incident = drawIncident(entry, seed);
  const { namespace } = incident.application;
  return inPlace(options.instance, namespace, () => holdTrial(options, incident, alone));
}

async function holdTrial(options: TrialOptions, incident: Incident, alone: boolean): Promise<TrialReport> {
  const { api, instance, way } = options;
  const { entry } = incident;
  const stage = new Stage(api, instance, incident);
  const dumper = new Dumper(api);
  const report = emptyReport(incident, way, alone);
  const home = mkdtempSync(join(tmpdir(), 'incident-stratus-'));
  const product = new Product(options.command, {
    ...productEnvironment(instance, home),
    ...options.given?.environment,
  });
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
    const mitigation = await mitigate(options, stage, product, home);
    note(report, mitigation, stage);
    if (report.outcome === 'locked') throw new Error('another writer had the lock all the time');
    await judge(report, stage, { base, faulty, dumper });
    const locks = mitigation.pid === undefined ? [] : await releaseLocks(api, mitigation.pid);
    report.problems.push(...locks.map((lock) => `still locked: ${lock}`));
    if (options.undo && way === 'stratus' && report.verdict === 'resolved' && entry.kind !== 'calm') {
      await inTurn(instance, () => takeBack(api, report, product, mitigation.transactions));
      const { application, plan } = incident;
      report.undoDifferences = await differences(dumper, faulty, sceneOf(application, plan), plan.staysDone);
      report.problems.push(...report.undoDifferences.map((text) => `after undo: ${text}`));
      const bare = report.problems.length === 0 ? await repairByHand(stage) : undefined;
      if (bare !== undefined) report.seconds.bare = bare;
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

/** Arguments that say where, and what users ask for. */
export function placeArgs(
  { check, instance }: Pick<TrialOptions, 'check' | 'instance'>,
  { incident: { application } }: Stage,
): string[] {
  const args = ['--namespace', application.namespace, '--context', instance.context];
  return check ? [...args, '--check', `entry=${entryUrl(application)}`] : args;
}

async function mitigate(options: TrialOptions, stage: Stage, product: Product, home: string): Promise<Mitigation> {
  const { way, instance, command, given } = options;
  const place = placeArgs(options, stage);
  if (way === 'naive' || way === 'apply-undo') {
    return drive(way, { command, environment: productEnvironment(instance, home), home, place, stage });
  }
  const limit = given?.limitSeconds ?? LIMIT_SECONDS;
  const args = ['mitigate', '--yes', '--json', '--timeout', String(limit), ...place, ...(OPTIONS[way] ?? [])];
  const all = [...args, ...(given?.args ?? [])];
  const run = await inTurn(instance, () => unlocked(() => product.run(all, limit * 1_000 + UNDOING_MS)));
  given?.heard(run);
  return readRun(run);
}

function note(
  report: TrialReport,
  { pid: _, transactions: __, findings, seconds, ...told }: Mitigation,
  { incident: { plan } }: Stage,
): void {
  Object.assign(report, told);
  Object.assign(report.seconds, seconds);
  report.place = findings.findIndex((finding) => names(finding, plan.causes, false)) + 1;
  report.cause = findings.findIndex((finding) => names(finding, plan.causes)) + 1;
  report.findings = findings.slice(0, 5).map(({ rule, message }) => ({ rule, message: message.slice(0, 300) }));
}

async function takeBack(api: Api, report: TrialReport, product: Product, transactions: number): Promise<void> {
  for (let left = transactions; left > 0; left--) {
    const undone = await unlocked(() => product.run(['undo', '--last', '--yes'], UNDO_MS));
    // One that was ended at its time limit would lock the cluster for the next incidents.
    if (undone.code === null && undone.pid !== undefined) await releaseLocks(api, undone.pid);
    if (undone.code !== 0) report.problems.push(`undo: exit code ${undone.code} (${tailOf(undone)})`);
  }
}

async function repairByHand({ incident, cluster, lack }: Stage): Promise<number | undefined> {
  const started = performance.now();
  await incident.plan.heal(cluster);
  const written = performance.now() - started;
  const green = await until('green', lack, BARE_MS);
  return green.reached ? round(written / 1000 + green.seconds) : undefined;
}
