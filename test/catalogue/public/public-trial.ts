import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api, KubeObject } from '../../judge/api.ts';
import type { Dump } from '../../judge/dump/dump.ts';
import { Dumper } from '../../judge/dump/dump.ts';
import type { ProductEvent } from '../../judge/product.ts';
import { Product, resultOf, tailOf } from '../../judge/product.ts';
import { createRandom } from '../../judge/random.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import type { Application } from '../application.ts';
import { findingsOf, names } from '../causes.ts';
import { Cluster } from '../cluster.ts';
import type { Plan } from '../fault.ts';
import { cheatsOf, sceneOf } from '../guard.ts';
import { differences } from '../run/verdict.ts';
import { unlocked } from '../unlocked.ts';
import type { Break, ConfigFault } from './config-faults.ts';
import { Deployment } from './deployment.ts';

const MITIGATE_MS = 240_000;
const UNDO_MS = 120_000;
const GREEN_MS = 20_000;
/** What an engineer needs to notice; controllers get it to say what they think. */
const NOTICE_MS = 5_000;

/**
 * - `fixed`: the object at fault is right again, everything is served, nothing else was changed, and undo brings it back
 * - `explained`, `shown`: nothing was changed, and the cause is named by the run itself, or by a diagnosis alone
 * - `missed`: nothing was changed, and nobody said why
 * - `wrong`: harm was done, or a success claimed that is none
 */
export type PublicVerdict = 'fixed' | 'explained' | 'shown' | 'missed' | 'wrong' | 'invalid' | 'no place';

export interface PublicReport {
  fault: string;
  what: string;
  verdict: PublicVerdict;
  outcome: string;
  /** Severity that the run began with; 0: health does not show the fault. */
  severity: number;
  seconds: number;
  writes: number;
  undoDifferences: string[];
  problems: string[];
  said: string;
}

export interface PublicOptions {
  api: Api;
  instance: Instance;
  command: readonly string[];
  /** Manifests, without a namespace. */
  objects: readonly KubeObject[];
  namespace: string;
  seed: number;
}

/** One fault in a namespace of its own, from healthy manifests to the verdict. */
export async function runPublicTrial(options: PublicOptions, fault: ConfigFault): Promise<PublicReport> {
  const { api, instance, command, objects, namespace, seed } = options;
  const report: PublicReport = {
    fault: fault.name,
    what: '',
    verdict: 'invalid',
    outcome: '',
    severity: 0,
    seconds: 0,
    writes: 0,
    undoDifferences: [],
    problems: [],
    said: '',
  };
  const random = createRandom(seed, `public/${fault.name}`);
  const broken = fault.draw({ objects, random });
  if (!broken) return { ...report, verdict: 'no place' };
  report.what = broken.what;
  const deployment = new Deployment(new Cluster(instance, api, namespace), [...objects, ...(broken.companions ?? [])]);
  const home = mkdtempSync(join(tmpdir(), 'public-stratus-'));
  const product = new Product(command, productEnvironment(instance, home));
  const dumper = new Dumper(api);
  try {
    // Without the annotation of `kubectl apply` less is known of the past.
    await deployment.deploy(random.chance(0.5) ? 'apply' : 'create');
    const base = await dumper.fresh();
    await broken.inject(deployment.cluster);
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
    const faulty = await dumper.fresh();
    await judge({ report, product, broken, deployment, dumper, base, faulty, instance });
  } catch (error) {
    report.verdict = 'invalid';
    report.problems.push((error as Error).message);
  } finally {
    rmSync(home, { recursive: true, force: true });
    await deployment.remove().catch((error: Error) => report.problems.push(`not removed: ${error.message}`));
  }
  return report;
}

interface Trial {
  report: PublicReport;
  product: Product;
  broken: Break;
  deployment: Deployment;
  dumper: Dumper;
  base: Dump;
  faulty: Dump;
  instance: Instance;
}

async function judge(trial: Trial): Promise<void> {
  const { report, product, broken, deployment, dumper, instance } = trial;
  const { cluster } = deployment;
  const where = ['--namespace', cluster.namespace, '--context', instance.context];
  const run = await unlocked(() =>
    product.run(['mitigate', '--yes', '--json', ...where, '--timeout', '120'], MITIGATE_MS),
  );
  const result = resultOf(run);
  report.outcome = String(result?.outcome ?? `exit ${run.code}`);
  report.severity = Number(result?.muBefore ?? 0);
  report.seconds = Math.round(run.seconds * 10) / 10;
  report.writes = Number(result?.writes ?? 0);
  report.said = tailOf(run);
  const lack = await served(trial);
  const transactions = ((result?.transactions ?? []) as unknown[]).length;
  if (lack === '' && transactions > 0) {
    report.problems.push(...beside(trial, await dumper.fresh()));
    for (let left = transactions; left > 0; left--) {
      const undone = await unlocked(() => product.run(['undo', '--last', '--yes'], UNDO_MS));
      if (undone.code !== 0) report.problems.push(`undo: exit code ${undone.code} (${tailOf(undone)})`);
    }
    report.undoDifferences = await unrestored(trial);
    report.verdict = report.problems.length + report.undoDifferences.length > 0 ? 'wrong' : 'fixed';
    return;
  }
  if (report.outcome === 'resolved') report.problems.push(`says resolved, but ${lack}`);
  if (transactions > 0) report.problems.push(...beside(trial, await dumper.fresh()));
  else {
    report.undoDifferences = await unrestored(trial);
    report.problems.push(...report.undoDifferences.map((text) => `not restored: ${text}`));
  }
  const told = namedIn(result, broken);
  const shown = told
    ? undefined
    : namedIn(lastLine(await product.run(['diagnose', '--json', ...where], MITIGATE_MS)), broken);
  report.said = told ?? shown ?? report.said;
  if (report.problems.length > 0) report.verdict = 'wrong';
  else report.verdict = told ? 'explained' : shown ? 'shown' : 'missed';
}

function lastLine({ events, stdout }: { events: ProductEvent[]; stdout: string }): ProductEvent | undefined {
  return events.at(-1) ?? (JSON.parse(stdout) as ProductEvent);
}

/** Message of a finding of severity warning or more that names the cause. */
function namedIn(result: ProductEvent | undefined, broken: Break): string | undefined {
  const findings = (result?.findings ?? []) as { severity?: string }[];
  const loud = { ...result, type: 'result', findings: findings.filter(({ severity }) => severity !== 'info') };
  return findingsOf(loud).find((finding) => names(finding, broken.causes))?.message;
}

/** "" when the object at fault is right and everything is served. */
async function served({ broken, deployment }: Trial): Promise<string> {
  const lack = async () => (await broken.lack(deployment.cluster)) || (await deployment.lack());
  let last = '';
  await untilAsked(GREEN_MS, 'served', async () => (last = await lack())).catch(() => undefined);
  return last;
}

function beside({ broken, deployment, base, faulty }: Trial, after: Dump): string[] {
  const application = { namespace: deployment.cluster.namespace } as Application;
  const { mayChange, mayCreate } = broken;
  const plan = { mayChange, ...(mayCreate ? { mayCreate } : {}) } as Plan;
  return cheatsOf({ base, faulty, after, application, plan });
}

function unrestored({ deployment, dumper, faulty }: Trial): Promise<string[]> {
  return differences(dumper, faulty, sceneOf({ namespace: deployment.cluster.namespace } as Application, {}));
}
