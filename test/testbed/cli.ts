import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { AWS_COMMANDS, awsCommand } from './aws/aws-command.ts';
import { readRecord, instanceFiles } from './instance-record.ts';
import {
  abandonStart,
  downCluster,
  instanceNames,
  readInstance,
  upCluster,
  type Instance,
  type NodeKind,
  type TelemetryKind,
} from './instance.ts';
import { MODEL_COMMANDS, modelCommand } from './model/model-command.ts';
import { DEFAULT_INSTANCE, stateFolder } from './paths.ts';
import { isRunning } from './processes.ts';
import { StreamReport, type Report } from './report.ts';
import { telemetryVariables } from './telemetry/variables.ts';
import { MAX_HISTORY_HOURS, seedHistory } from './telemetry/history.ts';
import { TestbedError } from './testbed-error.ts';

const USAGE = `usage: npm run testbed -- COMMAND [OPTIONS]

  up [--nodes real|simulated] [--simulated-nodes N] [--no-app]   start a cluster with the demo shop
     [--telemetry | --metrics]   and servers that watch it: metrics, alerts, traces, logs; or only those of metrics and
                                 alerts, of which none has to be built
     [--no-rules]                and no alert rules: only who evaluates metrics itself notices anything
     [--history 6h|2d]           with a past in which the shop ran well, for baselines
  down [--all]              stop it and remove everything of it
  status                    what runs, with addresses and process ids
  env                       shell exports for it: eval "$(npm run --silent testbed -- env)"
  faults                    faults that can be injected into the shop
  inject NAME | heal NAME   break the shop, or repair it without Stratus
  aws up|down|status        a stand-in for CloudWatch and its logs
  model up|down|status      a small language model behind Chat Completions [--port N] [--context TOKENS] [--threads N]

  --name NAME               the instance to use (default: ${DEFAULT_INSTANCE}); several can run side by side
`;

const EXIT_FAILED = 4;
const EXIT_USAGE = 64;
const EXIT_INTERRUPTED = 130;

class UsageError extends Error {}

interface Arguments {
  readonly command: string;
  readonly operand: string | undefined;
  readonly name: string;
  readonly nodes: NodeKind | undefined;
  readonly simulatedNodes: number | undefined;
  readonly app: boolean;
  readonly telemetry: TelemetryKind | undefined;
  readonly noRules: boolean;
  readonly historyHours: number | undefined;
  readonly all: boolean;
  readonly port: number | undefined;
  readonly context: number | undefined;
  readonly threads: number | undefined;
}

function readArguments(argv: readonly string[]): Arguments {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: 'string', default: DEFAULT_INSTANCE },
        nodes: { type: 'string' },
        'simulated-nodes': { type: 'string' },
        'no-app': { type: 'boolean', default: false },
        telemetry: { type: 'boolean', default: false },
        metrics: { type: 'boolean', default: false },
        'no-rules': { type: 'boolean', default: false },
        history: { type: 'string' },
        all: { type: 'boolean', default: false },
        port: { type: 'string' },
        context: { type: 'string' },
        threads: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [command = '', operand, ...rest] = positionals;
  if (values.help || command === 'help') return { ...NO_ARGUMENTS, command: 'help' };
  const wanted = Object.hasOwn(OPERANDS, command) ? OPERANDS[command] : undefined;
  if (rest.length > 0 || (operand !== undefined) !== (wanted !== undefined)) {
    throw new UsageError(wanted ? `${command} needs ${wanted}` : `unexpected '${operand ?? command}'`);
  }
  for (const [name, known] of [
    ['model', MODEL_COMMANDS],
    ['aws', AWS_COMMANDS],
  ] as const) {
    if (command === name && !known.includes(operand!)) throw new UsageError(`${name} needs ${wanted}`);
  }
  if (values.history !== undefined && (values['no-app'] || !(values.telemetry || values.metrics))) {
    throw new UsageError('--history needs --telemetry or --metrics, and the shop');
  }
  if (values['no-rules'] && !(values.telemetry || values.metrics)) {
    throw new UsageError('--no-rules needs --telemetry or --metrics');
  }
  if (values.nodes !== undefined && values.nodes !== 'real' && values.nodes !== 'simulated') {
    throw new UsageError(`--nodes takes real or simulated, not '${values.nodes}'`);
  }
  const numberOf = (option: 'simulated-nodes' | 'port' | 'context' | 'threads') => {
    const text = values[option];
    if (text !== undefined && !/^\d{1,6}$/.test(text))
      throw new UsageError(`--${option} takes a number, not '${text}'`);
    return text === undefined ? undefined : Number(text);
  };
  return {
    command,
    operand,
    name: values.name,
    nodes: values.nodes,
    simulatedNodes: numberOf('simulated-nodes'),
    app: !values['no-app'],
    telemetry: values.telemetry ? 'all' : values.metrics ? 'metrics' : undefined,
    noRules: values['no-rules'],
    historyHours: readHours(values.history),
    all: values.all,
    port: numberOf('port'),
    context: numberOf('context'),
    threads: numberOf('threads'),
  };
}

function readHours(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (unit === 'd' ? 24 : 1);
  if (hours >= 1 && hours <= MAX_HISTORY_HOURS) return hours;
  throw new UsageError(`--history takes hours or days, 1h to ${MAX_HISTORY_HOURS / 24}d, not '${text}'`);
}

const NO_ARGUMENTS: Arguments = {
  command: '',
  operand: undefined,
  name: DEFAULT_INSTANCE,
  nodes: undefined,
  simulatedNodes: undefined,
  app: true,
  telemetry: undefined,
  noRules: false,
  historyHours: undefined,
  all: false,
  port: undefined,
  context: undefined,
  threads: undefined,
};

/** Commands that have one, with what it is. */
const OPERANDS: Readonly<Record<string, string>> = {
  inject: 'the name of one fault',
  heal: 'the name of one fault',
  model: `one of ${MODEL_COMMANDS.join(', ')}`,
  aws: `one of ${AWS_COMMANDS.join(', ')}`,
};

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  const report = new StreamReport();
  switch (given.command) {
    case 'help':
      process.stdout.write(USAGE);
      return;
    case 'up':
      return up(given, report);
    case 'down':
      return down(given, report);
    case 'status':
      return status();
    case 'env':
      return env(running(given.name));
    case 'faults':
    case 'inject':
    case 'heal':
      return fault(given, report);
    case 'model':
      return model(given, report);
    case 'aws':
      return awsCommand(given.operand!, given.name, report);
    default:
      throw new UsageError(given.command ? `there is no command '${given.command}'` : 'a command is missing');
  }
}

async function up(given: Arguments, report: Report): Promise<void> {
  stopOnSignal(given.name, report);
  const instance = await upCluster(
    {
      name: given.name,
      ...(given.nodes ? { nodes: given.nodes } : {}),
      ...(given.simulatedNodes !== undefined ? { simulatedNodes: given.simulatedNodes } : {}),
      ...(given.telemetry ? { telemetry: given.telemetry } : {}),
      ...(given.noRules ? { noRules: true } : {}),
    },
    report,
  );
  if (given.app) {
    const { deployShop } = await import('./app/deploy.ts');
    await deployShop(instance, report);
  }
  if (given.historyHours) await seedHistory(instance, given.historyHours, report);
  process.stderr.write(`Cluster ${instance.name} is up at ${instance.apiServerUrl} (${instance.nodes} nodes).\n`);
  process.stderr.write(`To use it: eval "$(npm run --silent testbed -- env${nameOption(instance.name)})"\n`);
}

let interrupted = false;

/** An interrupted start stops what it started. A second signal leaves that to the next `up` or `down`. */
function stopOnSignal(name: string, report: Report): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      report.notice('interrupted; stopping what was started');
      abandonStart(name)
        .catch((error: Error) =>
          report.notice(`${error.message}; finish with: npm run testbed -- down${nameOption(name)}`),
        )
        .finally(() => process.exit(EXIT_INTERRUPTED));
    });
  }
}

async function down(given: Arguments, report: Report): Promise<void> {
  const names = given.all ? instanceNames() : [given.name];
  for (const name of names) {
    if (!(await downCluster(name, report))) process.stderr.write(`Instance ${name} is not running.\n`);
  }
  if (names.length === 0) process.stderr.write('No instance is running.\n');
}

function status(): void {
  const names = instanceNames();
  if (names.length === 0) process.stdout.write('No instance is running.\n');
  for (const name of names) {
    const record = readRecord(stateFolder(name))!;
    const instance = readInstance(name);
    const state = !instance ? 'unfinished' : instance.healthy ? 'running' : 'broken (a process is gone)';
    process.stdout.write(`${name}: ${state}, ${record.nodes} nodes, ${record.simulatedNodes} simulated\n`);
    if (instance) {
      process.stdout.write(`  API server  ${instance.apiServerUrl}\n  kubeconfig  ${instance.kubeconfig}\n`);
      for (const [server, url] of Object.entries(telemetryVariables(instance)))
        process.stdout.write(`  ${server.padEnd(24)} ${url}\n`);
    }
    process.stdout.write(`  logs        ${instanceFiles(stateFolder(name)).logs}\n`);
    for (const part of record.processes.filter((entry) => !entry.name.endsWith('-holder'))) {
      process.stdout.write(`  ${part.name.padEnd(24)} pid ${part.pid}${isRunning(part) ? '' : ' (gone)'}\n`);
    }
  }
}

async function env(instance: Instance): Promise<void> {
  const { SHOP_IMAGE } = await import('./app/topology.ts');
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const urls = telemetryVariables(instance);
  process.stdout.write(
    [
      `export KUBECONFIG=${quoted(instance.kubeconfig)}`,
      `export PATH=${quoted(join(instance.stateFolder, 'bin'))}:"$PATH"`,
      `export STRATUS_TESTBED_IMAGE=${quoted(SHOP_IMAGE)}`,
      ...Object.entries(urls).map(([name, url]) => `export ${name}=${quoted(url)}`),
      '',
    ].join('\n'),
  );
}

async function fault(given: Arguments, report: Report): Promise<void> {
  const { listFaults, injectFault, healFault } = await import('./faults/catalog.ts');
  if (given.command === 'faults') {
    for (const { name, summary, needs } of listFaults(true)) {
      const where = needs === 'metrics' || needs === 'all' ? ' (with telemetry)' : '';
      process.stdout.write(`${name.padEnd(24)} ${summary}${where}\n`);
    }
    return;
  }
  const instance = running(given.name);
  const name = given.operand!;
  if (!listFaults(true).some((entry) => entry.name === name)) {
    throw new UsageError(`there is no fault '${name}'; see: npm run testbed -- faults`);
  }
  if (given.command === 'inject') await report.step(`Injecting ${name}`, () => injectFault(instance, name, {}));
  else await report.step(`Healing ${name}`, () => healFault(instance, name));
}

function model({ operand, name, port, context, threads }: Arguments, report: Report): Promise<void> {
  const options = {
    name,
    ...(port === undefined ? {} : { port }),
    ...(context === undefined ? {} : { contextTokens: context }),
    ...(threads === undefined ? {} : { threads }),
  };
  return modelCommand(operand!, options, report);
}

function running(name: string): Instance {
  const instance = readInstance(name);
  if (instance?.healthy) return instance;
  const state = instance ? 'is broken (a process is gone)' : 'is not running';
  throw new TestbedError(`instance ${name} ${state}; start it with: npm run testbed -- up${nameOption(name)}`);
}

function nameOption(name: string): string {
  return name === DEFAULT_INSTANCE ? '' : ` --name ${name}`;
}

// A reader that has seen enough (`… | head`) is no failure.
process.stdout.on('error', () => process.exit(0));
try {
  await main();
} catch (error) {
  // The parts that end under an interrupted start are no news; the signal's handler ends the process.
  if (interrupted) await new Promise(() => undefined);
  if (error instanceof UsageError) {
    process.stderr.write(`testbed: ${error.message}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
  if (!(error instanceof TestbedError)) throw error;
  if (error.logTail) process.stderr.write(`${error.logTail.replace(/^/gm, '    ')}\n`);
  process.stderr.write(`testbed: ${error.message}\n`);
  process.exit(EXIT_FAILED);
}
