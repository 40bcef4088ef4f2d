import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TransactionSummary } from '../src/domain/transaction.ts';
import { createApp } from '../src/run/create-app.ts';
import { askShop, deployShop } from '../test/testbed/app/deploy.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST } from '../test/testbed/app/topology.ts';
import { injectFault, listFaults } from '../test/testbed/faults/catalog.ts';
import { downCluster, readInstance, upCluster } from '../test/testbed/instance.ts';
import type { Instance } from '../test/testbed/instance-record.ts';
import { StreamReport } from '../test/testbed/report.ts';

/**
 * `npm start`: a real cluster, a real shop, a real fault, and Stratus mitigating it, from a fresh clone. A cluster that
 * was already running is used and left running; one that was started here is stopped at the end unless --keep.
 */
const root = join(import.meta.dirname, '..');
const USAGE = `usage: npm start -- [--fault NAME] [--seed N] [--nodes real|simulated] [--keep]
  --fault NAME  one of: ${listFaults()
    .map(({ name }) => name)
    .join(', ')} (default target-port)
  --seed N      a fault and its target drawn from N
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
const fault = options.fault ?? (seed === undefined ? 'target-port' : faults[Math.abs(seed) % faults.length]!.name);
if (!faults.some(({ name }) => name === fault)) usageError(`unknown fault '${fault}'`);
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
  };
}

async function main(): Promise<number> {
  const begun = performance.now();
  const report = new StreamReport();
  const found = readInstance('default');
  const running = found?.healthy ? found : undefined;
  say(running ? 'Using the cluster that is already running.' : 'Starting a Kubernetes cluster on this machine.');
  const instance =
    running ?? (await upCluster({ name: 'default', nodes: options.nodes as 'real' | undefined }, report));
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

async function demonstrate(instance: Instance, report: StreamReport, begun: number): Promise<number> {
  const real = instance.nodes === 'real';
  await deployShop(instance, report);
  if (real) say(`The shop answers: ${await askShop(instance)}`);
  say(`\nInjecting the fault '${fault}': ${faults.find(({ name }) => name === fault)!.summary}`);
  await report.step('inject the fault and wait until it shows', () => injectFault(instance, fault, { seed }));
  if (real) say(`The shop now answers: ${await askShop(instance)}`);
  else say('Nodes are simulated: no container runs, so there is no user request to check (the check is absent).');

  say('\nstratus mitigate\n');
  const { service, port, path } = SHOP_REQUEST;
  const check = real ? ['--check', `shop=svc://${SHOP_NAMESPACE}/${service}:${port}${path}`] : [];
  const incident = performance.now();
  const code = await stratus(instance, [
    ...['mitigate', '--yes', '--context', instance.context, '--namespace', SHOP_NAMESPACE],
    ...check,
  ]);
  const seconds = (performance.now() - incident) / 1000;
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
