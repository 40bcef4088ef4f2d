import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { refLabel } from '../src/domain/kube-object.ts';
import type { TransactionSummary } from '../src/domain/transaction.ts';
import { createApp } from '../src/run/create-app.ts';
import { askShop, deployShop } from '../test/testbed/app/deploy.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST } from '../test/testbed/app/topology.ts';
import { injectFault, listFaults } from '../test/testbed/faults/catalog.ts';
import { downCluster, readInstance, upCluster } from '../test/testbed/instance.ts';
import type { Instance } from '../test/testbed/instance-record.ts';
import { StreamReport } from '../test/testbed/report.ts';
import { telemetryVariables } from '../test/testbed/telemetry/variables.ts';
import { firingAlerts } from '../test/testbed/telemetry/firing-alerts.ts';

/**
 * `npm start`: a real cluster, a real shop, a real fault, and Stratus mitigating it, from a fresh clone. A cluster that
 * was already running is used and left running; one that was started here is stopped at the end unless --keep.
 */
const root = join(import.meta.dirname, '..');
const USAGE = `usage: npm start -- [--fault NAME] [--seed N] [--nodes real|simulated] [--telemetry] [--keep]
  --fault NAME  one of: ${listFaults(true)
    .map(({ name }) => name)
    .join(', ')} (default target-port)
  --seed N      a fault and its target drawn from N
  --telemetry   with servers of metrics, alerts, traces and logs beside the cluster (built once, about 15 min): an alert
                tells of the fault, and is waited for; default fault slow-dependency
  --keep        leave the cluster running
`;

const say = (text: string) => process.stderr.write(`${text}\n`);

function usageError(text: string): never {
  say(`npm start: ${text}`);
  process.stderr.write(USAGE);
  process.exit(64);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        fault: { type: 'string' },
        seed: { type: 'string' },
        nodes: { type: 'string' },
        telemetry: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    usageError((error as Error).message.split('. ')[0]!);
  }
}

const options = readOptions();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const faults = listFaults();
const seed = options.seed === undefined ? undefined : Number(options.seed);
if (seed !== undefined && !Number.isSafeInteger(seed)) usageError(`--seed wants a whole number, not '${options.seed}'`);
const fault =
  options.fault ??
  (options.telemetry
    ? 'slow-dependency'
    : seed === undefined
      ? 'target-port'
      : faults[Math.abs(seed) % faults.length]!.name);
const chosen = listFaults(true).find(({ name }) => name === fault);
if (!chosen) usageError(`unknown fault '${fault}'`);
if ((chosen.needs === 'metrics' || chosen.needs === 'all') && !options.telemetry)
  usageError(`only telemetry shows '${fault}': add --telemetry`);
if (options.telemetry && options.nodes === 'simulated') usageError('--telemetry needs a real node');
if (options.nodes !== undefined && options.nodes !== 'real' && options.nodes !== 'simulated') {
  usageError(`--nodes is real or simulated, not '${options.nodes}'`);
}

/** Runs the command line of this checkout on the cluster, with the terminal. */
function stratus(instance: Instance, args: string[]): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'src', 'cli', 'main.ts'), ...args],
    { stdio: ['inherit', 2, 2], env: environment(instance) },
  );
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

/** Transactions of this cluster that stand, oldest first. */
async function committed(instance: Instance): Promise<TransactionSummary[]> {
  const app = await createApp({ stateFolder: stratusHome(instance), kubeconfig: instance.kubeconfig });
  try {
    return (await app.transactions.list()).reverse();
  } finally {
    await app.dispose();
  }
}

/** A journal of its own: the demonstration leaves the engineer's journal alone. */
function stratusHome(instance: Instance): string {
  return join(instance.stateFolder, 'stratus');
}

function environment(instance: Instance): NodeJS.ProcessEnv {
  return {
    ...process.env,
    KUBECONFIG: instance.kubeconfig,
    STRATUS_KUBECTL: instance.kubectl,
    STRATUS_HOME: stratusHome(instance),
    ...telemetryVariables(instance),
  };
}

async function main(): Promise<number> {
  const begun = performance.now();
  const report = new StreamReport();
  const found = readInstance('default');
  const running = found?.healthy ? found : undefined;
  if (running && options.telemetry && !running.telemetry)
    usageError("the cluster that is running has no telemetry: stop it with 'npm run testbed -- down'");
  say(running ? 'Using the cluster that is already running.' : 'Starting a Kubernetes cluster on this machine.');
  const instance =
    running ??
    (await upCluster(
      {
        name: 'default',
        nodes: options.nodes as 'real' | undefined,
        ...(options.telemetry ? { telemetry: 'all' } : {}),
      },
      report,
    ));
  const interrupted = () => {
    // The mitigation gets the same signal and undoes first; the cluster goes when it has ended.
    say('stopping: an open transaction is undone first');
  };
  process.on('SIGINT', interrupted);
  try {
    return await demonstrate(instance, report, begun);
  } finally {
    process.off('SIGINT', interrupted);
    if (running || options.keep) {
      say(
        `\nThe cluster is still running: 'npm run testbed -- env' for a shell on it, 'npm run testbed -- down' to stop it.`,
      );
    } else await downCluster('default', report);
  }
}

type Moment = [what: string, ms: number];

const RESOLVED_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 1_000;

/** Waits until an alert fires and `stratus watch` tells of the incident; when each was, since the fault. */
async function untilIncident(instance: Instance, broken: number): Promise<Moment[]> {
  say('\nstratus watch\n');
  const since = () => performance.now() - broken;
  let fired: Moment | null = null;
  const firing = async () => {
    while (!fired) {
      const [first] = await firingAlerts(instance, SHOP_NAMESPACE);
      if (first) fired = [`alert ${first} fires`, since()];
      else await sleep(LOOK_EVERY_MS);
    }
  };
  const opened = stratus(instance, [
    ...['watch', '--context', instance.context, '--namespace', SHOP_NAMESPACE, '--interval', '5', '--until-incident'],
  ]);
  const [code] = await Promise.all([opened, firing()]);
  if (code !== 0) throw new Error(`stratus watch ended with exit code ${code}`);
  return [...(fired ? [fired] : []), ['the incident is open', since()]];
}

/** When the mitigation first read of traces where it begins, and where; none where they name nobody. */
async function localised(instance: Instance, broken: number): Promise<Moment[]> {
  const app = await createApp({ stateFolder: stratusHome(instance), kubeconfig: instance.kubeconfig });
  try {
    const [run] = await app.incidents.runs(1);
    const read = run ? await app.incidents.events(run.id) : [];
    for (const event of read) {
      const [first] = event.type === 'signals' ? event.shown.suspects : [];
      if (!first) continue;
      const name = first.node.object ? refLabel(first.node.object) : first.node.name;
      return [[`traces name ${name}: ${first.message}`, event.at - performance.timeOrigin - broken]];
    }
    return [];
  } finally {
    await app.dispose();
  }
}

/** Waits until no alert of the shop fires any more, and says when what happened. */
async function untilResolved(instance: Instance, moments: readonly Moment[], broken: number): Promise<void> {
  const end = performance.now() + RESOLVED_WITHIN_MS;
  let left = await firingAlerts(instance, SHOP_NAMESPACE);
  while (left.length > 0 && performance.now() < end) {
    await sleep(LOOK_EVERY_MS);
    left = await firingAlerts(instance, SHOP_NAMESPACE);
  }
  const last: Moment = [
    left.length > 0 ? `still firing: ${left.join(', ')}` : 'no alert fires',
    performance.now() - broken,
  ];
  say('\nSince the fault was made:');
  for (const [what, ms] of [...moments, last]) say(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

async function demonstrate(instance: Instance, report: StreamReport, begun: number): Promise<number> {
  const real = instance.nodes === 'real';
  await deployShop(instance, report);
  if (real) say(`The shop answers: ${await askShop(instance)}`);
  say(`\nInjecting the fault '${fault}': ${chosen!.summary}`);
  const broken = performance.now();
  await report.step('inject the fault and wait until it shows', () => injectFault(instance, fault, { seed }));
  if (real) say(`The shop now answers: ${await askShop(instance)}`);
  else say('Nodes are simulated: no container runs, so there is no user request to check (the check is absent).');

  const watched = options.telemetry ? await untilIncident(instance, broken) : [];
  say('\nstratus mitigate\n');
  const { service, port, path } = SHOP_REQUEST;
  const check = real && !options.telemetry ? ['--check', `shop=svc://${SHOP_NAMESPACE}/${service}:${port}${path}`] : [];
  const incident = performance.now();
  const code = await stratus(instance, [
    ...['mitigate', '--yes', '--context', instance.context, '--namespace', SHOP_NAMESPACE],
    ...check,
  ]);
  const seconds = (performance.now() - incident) / 1000;
  if (options.telemetry) {
    const mitigated: Moment = ['mitigated', performance.now() - broken];
    await untilResolved(instance, [...watched, ...(await localised(instance, broken)), mitigated], broken);
  }
  if (real) say(`\nThe shop answers: ${await askShop(instance)}`);
  say('\nWhat was changed:');
  for (const { id, status } of await committed(instance))
    if (status === 'committed') await stratus(instance, ['journal', 'show', id]);
  say(
    `\nThe incident took ${seconds.toFixed(1)} s, everything together ${((performance.now() - begun) / 1000).toFixed(1)} s.` +
      (options.keep
        ? `\nTo take the fix back: KUBECONFIG=${instance.kubeconfig} STRATUS_HOME=${stratusHome(instance)} npm run --silent stratus -- undo --last`
        : "\nTo take a fix back: run with --keep, then 'npm run stratus -- undo --last' as printed there."),
  );
  return code;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(`npm start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 4;
  },
);
