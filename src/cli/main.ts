import { lockSecondsOf } from '../cluster/lock/lease-record.ts';
import { stateFolder } from '../gateway/journal/state-folder.ts';
import type { StratusApp } from '../run/app.ts';
import { codeOf, errorJson } from '../domain/stratus-error.ts';
import { presentableValue } from '../text/redact.ts';
import { withAdvice } from './advice.ts';
import type { CommandIo } from './command-line.ts';
import { helpOf } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { processIo } from './process-io.ts';
import { USAGE, UsageError } from './usage.ts';

type Command = (args: string[], io: CommandIo, open: () => Promise<StratusApp>) => Promise<number>;

/** Loaded on demand: `stratus lint` must not pay for the Kubernetes client. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  mitigate: async () => (await import('./mitigate.ts')).mitigateCommand,
  diagnose: async () => (await import('./diagnose.ts')).diagnoseCommand,
  run: async () => (await import('./run-command.ts')).runCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  recover: async () => (await import('./recover.ts')).recoverCommand,
  journal: async () => (await import('./journal.ts')).journalCommand,
  lock: async () => (await import('./lock.ts')).lockCommand,
  shell: async () => (await import('./shell.ts')).shellCommand,
  lint: async () => {
    const { lintCommand } = await import('./lint.ts');
    const { text } = await import('node:stream/consumers');
    return (args, { stdout, stderr }) =>
      lintCommand(args, { stdout, stderr, stdin: () => text(process.stdin), cwd: process.cwd() });
  },
};

async function main(args: string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout(helpOf(rest[0] ?? '') ?? USAGE);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const load = COMMANDS[name];
  if (!load) throw new UsageError(`unknown command '${name}'; one of: ${Object.keys(COMMANDS).join(', ')}`);
  const beforeDashes = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const help = helpOf(name);
  if (help && (beforeDashes.includes('--help') || beforeDashes.includes('-h'))) {
    io.stdout(help);
    return EXIT.ok;
  }
  const command = await load();
  const opened: StratusApp[] = [];
  const open = async (): Promise<StratusApp> => {
    const { createApp } = await import('../run/create-app.ts');
    const app = await createApp({
      stateFolder: stateFolder(process.env, process.platform),
      kubectlPath: process.env.STRATUS_KUBECTL,
      kubeconfig: process.env.KUBECONFIG,
      lockNamespace: process.env.STRATUS_LOCK_NAMESPACE,
      sharedKey: process.env.STRATUS_SHARED_KEY,
      sharedKeyFile: process.env.STRATUS_SHARED_KEY_FILE,
      lockSeconds: lockSecondsOf(process.env.STRATUS_LOCK_SECONDS),
      ...(name === 'run' ? { workingFolder: process.cwd() } : {}),
    });
    opened.push(app);
    if (name !== 'recover') await mentionUnfinished(app, io);
    return app;
  };
  try {
    return await command(rest, io, open);
  } finally {
    for (const app of opened) await app.dispose();
  }
}

async function mentionUnfinished(app: StratusApp, io: CommandIo): Promise<void> {
  const count = (await app.transactions.unfinished()).length;
  if (count > 0)
    io.stderr(`stratus: ${count} transaction(s) need a decision; 'stratus recover' lists and finishes them\n`);
}

function exitCodeOfError(error: unknown): number {
  const code = codeOf(error);
  if (code === 'usage') return EXIT.usage;
  return code === 'locked' || code === 'undo-unfinished' ? EXIT.locked : EXIT.error;
}

const io = processIo();
main(process.argv.slice(2), io).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const json = errorJson(error);
    const told = presentableValue({ ...json, message: withAdvice(json.code, json.message) });
    const dashes = process.argv.indexOf('--');
    // Whoever reads data is told as data, too.
    if (process.argv.slice(2, dashes < 0 ? undefined : dashes).includes('--json'))
      io.stdout(`${JSON.stringify(told)}\n`);
    io.stderr(`stratus: ${told.message}\n`);
    if (process.env.STRATUS_DEBUG && error instanceof Error) io.stderr(`${error.stack}\n`);
    process.exitCode = exitCodeOfError(error);
  },
);
