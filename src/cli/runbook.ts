import { basename } from 'node:path';
import { StratusError } from '../domain/stratus-error.ts';
import type { StratusApp } from '../run/app.ts';
import type { RunbookFile } from '../run/runbook-library.ts';
import { didYouMean } from '../text/edit-distance.ts';
import { oneLine, plainLines } from '../text/plain-text.ts';
import { actionArgv } from '../domain/action.ts';
import type { CommandIo, ParsedCommand } from './command-line.ts';
import { acceptOption, needConsent, parseCommand, TARGET_OPTIONS } from './command-line.ts';
import { CONSENT_OPTIONS, policyOf } from './consent.ts';
import { EXIT } from './exit-code.ts';
import { runOwnStep } from './own-step.ts';
import { UsageError } from './usage.ts';

const ACTIONS = ['list', 'show', 'lint', 'allow', 'forbid', 'run'];
/** A file that is shown whole. */
const LONGEST = 70_000;

/** `stratus runbook …`: declared actions, who allows them, and running one by hand. */
export async function runbookCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('runbook', args, {
    ...TARGET_OPTIONS,
    ...CONSENT_OPTIONS,
    pod: { type: 'string' },
    container: { type: 'string' },
    set: { type: 'string', multiple: true },
    accept: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  });
  const [action = '', what, ...more] = parsed.positionals;
  if (!ACTIONS.includes(action))
    throw new UsageError(
      `runbook: one of ${ACTIONS.join(', ')}${didYouMean(action, ACTIONS) || "; see 'stratus runbook --help'"}`,
    );
  if (action === 'list') {
    if (what !== undefined) throw new UsageError(`runbook list: unexpected word '${what}'`);
    return list(await (await open()).runbooks.list(), parsed.flag('json'), io);
  }
  if (what === undefined || more.length > 0)
    throw new UsageError(
      `runbook ${action}: give one ${action === 'forbid' || action === 'run' ? 'name' : 'name or file'}`,
    );
  switch (action) {
    case 'show':
      return show(await read(await open(), what), parsed.flag('json'), io);
    case 'lint':
      return lint(await read(await open(), what), parsed.flag('json'), io);
    case 'allow':
      return allow(await open(), what, parsed, io);
    case 'forbid':
      return forbid(await open(), what, io);
    default:
      return run(await open(), what, parsed, io);
  }
}

function read(app: StratusApp, what: string): Promise<RunbookFile> {
  return app.runbooks.read(what, process.cwd());
}

function list(files: RunbookFile[], json: boolean, io: CommandIo): number {
  const entries = files.flatMap(({ action, digest, allowed, path }) =>
    action ? [{ name: action.name, title: action.title, allowed, digest, path }] : [],
  );
  if (json) io.stdout(`${JSON.stringify(entries)}\n`);
  else
    for (const { name, title, allowed, digest } of entries)
      io.stdout(`${allowed ? 'allowed' : '-      '}  ${name}  ${digest.slice(0, 12)}  ${oneLine(title)}\n`);
  return EXIT.ok;
}

function show(file: RunbookFile, json: boolean, io: CommandIo): number {
  const { text, digest, allowed, path, problems } = file;
  if (json) io.stdout(`${JSON.stringify({ digest, allowed, path, problems, text })}\n`);
  else
    io.stdout(`# ${path}\n# sha256 ${digest}, ${allowed ? 'allowed' : 'not allowed'}\n${plainLines(text, LONGEST)}\n`);
  return EXIT.ok;
}

/** @returns {@link EXIT.refused} when there are problems */
function lint(file: RunbookFile, json: boolean, io: CommandIo): number {
  const problems = file.problems.map(({ start, message, kind }) => {
    const before = file.text.slice(0, start).split('\n');
    return { line: before.length, column: before.at(-1)!.length + 1, kind, message };
  });
  if (json) io.stdout(`${JSON.stringify(problems)}\n`);
  else
    for (const { line, column, message } of problems)
      io.stdout(`${basename(file.path)}:${line}:${column}: ${oneLine(message)}\n`);
  return problems.length === 0 ? EXIT.ok : EXIT.refused;
}

async function allow(app: StratusApp, what: string, parsed: ParsedCommand, io: CommandIo): Promise<number> {
  const yes = parsed.flag('yes');
  needConsent('runbook allow', yes, io);
  const file = await read(app, what);
  if (lint(file, false, io) !== EXIT.ok || !file.action)
    throw new StratusError('usage', `${what} cannot be allowed before its problems are mended`);
  const { name } = file.action;
  if (!yes) {
    io.stderr(`${plainLines(file.text, LONGEST)}\n`);
    if (!(await io.confirm!(`Let Stratus run '${name}' (sha256 ${file.digest.slice(0, 12)}) in containers?`))) {
      io.stderr('stratus: nothing was changed\n');
      return EXIT.refused;
    }
  }
  await app.runbooks.allow(file);
  io.stderr(`stratus: ${name} is allowed (sha256 ${file.digest})\n`);
  return EXIT.ok;
}

async function forbid(app: StratusApp, name: string, io: CommandIo): Promise<number> {
  if (await app.runbooks.forbid(name)) {
    io.stderr(`stratus: ${name} is not allowed any more\n`);
    return EXIT.ok;
  }
  throw new StratusError('usage', `${name} was not allowed by 'stratus runbook allow'`);
}

async function run(app: StratusApp, name: string, parsed: ParsedCommand, io: CommandIo): Promise<number> {
  const pod = parsed.text('pod');
  if (!pod) throw new UsageError('runbook run: say where with --pod');
  needConsent('runbook run', parsed.flag('yes'), io);
  const container = parsed.text('container');
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  await app.transactions.refuseWhileOwed(target);
  const request = { name, pod, ...(container ? { container } : {}), inputs: inputsOf(parsed.list('set')) };
  const call = await app.runbooks.pin(target, request);
  const step = {
    command: 'runbook run',
    argv: actionArgv(call),
    accepted: acceptOption('runbook run', parsed),
    rehearse: (signal: AbortSignal) => app.runbooks.rehearse(target, call, signal),
    run: (accept: Parameters<typeof app.runbooks.run>[2], signal: AbortSignal) =>
      app.runbooks.run(target, call, accept, signal),
  };
  return runOwnStep(step, parsed, policyOf(parsed, io), target.context, io);
}

function inputsOf(pairs: readonly string[]): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`runbook run: --set wants NAME=VALUE, not '${pair}'`);
    inputs[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return inputs;
}
