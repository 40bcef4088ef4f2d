import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { lockNamespaceOf, lockSecondsOf } from '../cluster/lock/lease-record.ts';
import { stateFolder } from '../gateway/journal/state-folder.ts';
import type { StratusApp } from '../run/app.ts';
import { codeOf, errorJson } from '../domain/stratus-error.ts';
import { didYouMean } from '../text/edit-distance.ts';
import { VERSION } from './version.ts';
import { withAdvice } from './advice.ts';
import { counted } from '../text/plain-text.ts';
import { presentable, presentableValue } from '../text/redact.ts';
import type { CommandIo, OpenApp } from './command-line.ts';
import { helpOf } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { modelConfig } from './model-environment.ts';
import { processIo } from './process-io.ts';
import { USAGE, UsageError } from './usage.ts';

type Command = (args: string[], io: CommandIo, open: OpenApp) => Promise<number>;

/** Loaded on demand: `stratus lint` must not pay for the Kubernetes client. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  mitigate: async () => (await import('./mitigate.ts')).mitigateCommand,
  diagnose: async () => (await import('./diagnose.ts')).diagnoseCommand,
  run: async () => (await import('./run-command.ts')).runCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  recover: async () => (await import('./recover.ts')).recoverCommand,
  journal: async () => (await import('./journal.ts')).journalCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  telemetry: async () => (await import('./telemetry.ts')).telemetryCommand,
  model: async () => (await import('./model.ts')).modelCommand,
  lock: async () => (await import('./lock.ts')).lockCommand,
  shell: async () => (await import('./shell.ts')).shellCommand,
  runbook: async () => (await import('./runbook.ts')).runbookCommand,
  mcp: async () => (await import('./mcp.ts')).mcpCommand,
  lint: async () => {
    const { lintCommand } = await import('./lint.ts');
    const { text } = await import('node:stream/consumers');
    return (args, { stdout, stderr }) =>
      lintCommand(args, {
        stdout,
        stderr,
        stdin: () => text(process.stdin),
        cwd: folderHere(),
        script: ownScript(),
      });
  },
};

async function main(args: string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const [about] = rest;
    if (about !== undefined && !Object.hasOwn(COMMANDS, about)) throw unknownCommand(about);
    if (about === 'lint') return (await COMMANDS.lint!())(['--help'], io, neverOpen);
    io.stdout(helpOf(about ?? '') ?? USAGE);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-V' || name === 'version') {
    io.stdout(`stratus ${VERSION}\n`);
    return EXIT.ok;
  }
  if (name.startsWith('-')) throw new UsageError(`options come after the command: stratus COMMAND ${name} …`);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) throw unknownCommand(name);
  const beforeDashes = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const help = helpOf(name);
  if (help && (beforeDashes.includes('--help') || beforeDashes.includes('-h'))) {
    io.stdout(help);
    return EXIT.ok;
  }
  const command = await load();
  const opened: StratusApp[] = [];
  const open: OpenApp = async (more = {}) => {
    const { createApp } = await import('../run/create-app.ts');
    const app = await createApp({
      stateFolder: stateFolder(process.env, process.platform),
      kubectlPath: process.env.STRATUS_KUBECTL,
      kubeconfig: process.env.KUBECONFIG,
      lockNamespace: lockNamespaceOf(process.env.STRATUS_LOCK_NAMESPACE),
      sharedKey: process.env.STRATUS_SHARED_KEY,
      sharedKeyFile: process.env.STRATUS_SHARED_KEY_FILE,
      lockSeconds: lockSecondsOf(process.env.STRATUS_LOCK_SECONDS),
      packFolder: shipped('runbooks'),
      promptFolder: shipped('prompts'),
      ...modelConfig(process.env),
      ...(name === 'run' ? { workingFolder: folderHere() } : {}),
      ...more,
    });
    opened.push(app);
    await mentionDamage(app, io);
    if (name !== 'recover') await mentionUnfinished(app, io);
    return app;
  };
  try {
    return await command(rest, io, open);
  } finally {
    for (const app of opened) await app.dispose();
  }
}

function unknownCommand(name: string): UsageError {
  const known = Object.keys(COMMANDS);
  return new UsageError(`unknown command '${name}'${didYouMean(name, known) || `; one of: ${known.join(', ')}`}`);
}

const neverOpen = () => Promise.reject(new Error('help opens nothing'));

/** @throws UsageError when somebody has removed it since */
function folderHere(): string {
  try {
    return process.cwd();
  } catch {
    throw new UsageError('the folder that this was started in is not there any more: change to another one');
  }
}

async function mentionDamage(app: StratusApp, io: CommandIo): Promise<void> {
  const damage = await app.transactions.listDamage();
  if (damage) io.stderr(`stratus: ${presentable(damage, 1_000)}; 'stratus journal verify' tells more\n`);
}

async function mentionUnfinished(app: StratusApp, io: CommandIo): Promise<void> {
  const count = (await app.transactions.unfinished()).length;
  if (count > 0)
    io.stderr(`stratus: ${counted(count, 'transaction')} to decide about; 'stratus recover' lists and finishes them\n`);
}

function exitCodeOfError(error: unknown): number {
  const code = codeOf(error);
  if (code === 'usage') return EXIT.usage;
  return code === 'locked' || code === 'undo-unfinished' ? EXIT.locked : EXIT.error;
}

/** A folder that comes with this program, beside its sources or its bundle. */
function shipped(folder: string): string {
  const here = dirname(fileURLToPath(ownScript()));
  return join(here, basename(here) === 'dist' ? '..' : '../..', folder);
}

/** This file again, for workers: links that lead to it say nothing about how it is to be read. */
function ownScript(): URL {
  return pathToFileURL(realpathSync(process.argv[1] ?? ''));
}

async function run(): Promise<void> {
  if (!isMainThread) return void (await import('../lint/files/lint-worker.ts')).serveLintPool();
  const io = processIo();
  try {
    process.exitCode = await main(process.argv.slice(2), io);
  } catch (error) {
    const json = errorJson(error);
    const told = presentableValue({ ...json, message: withAdvice(json.code, json.message) });
    const dashes = process.argv.indexOf('--');
    // Whoever reads data is told as data, too.
    if (process.argv.slice(2, dashes < 0 ? undefined : dashes).includes('--json'))
      io.stdout(`${JSON.stringify(told)}\n`);
    io.stderr(`stratus: ${told.message}\n`);
    if (process.env.STRATUS_DEBUG && error instanceof Error) io.stderr(`${error.stack}\n`);
    process.exitCode = exitCodeOfError(error);
  }
}

void run();
