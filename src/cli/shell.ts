import { placeOf } from '../domain/target.ts';
import type { UndoResult } from '../domain/transaction.ts';
import type { ProgramHere } from '../gateway/child/safe-terminal.ts';
import { startHere } from '../gateway/child/safe-terminal.ts';
import type { StratusApp } from '../run/app.ts';
import type { ShellSession } from '../run/shell-session.ts';
import type { CommandIo, ParsedCommand } from './command-line.ts';
import { acceptOption, parseCommand, rejectPositionals, TARGET_OPTIONS, wasStopped } from './command-line.ts';
import { checkContext, consent, policyOf } from './consent.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { undoText } from './undo-text.ts';
import { UsageError } from './usage.ts';

/** `stratus shell`: a terminal in which every kubectl goes through the gateway. */
export async function shellCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const dashes = args.indexOf('--');
  const parsed = parseCommand('shell', dashes < 0 ? args : args.slice(0, dashes), {
    ...TARGET_OPTIONS,
    write: { type: 'boolean' },
    keep: { type: 'boolean' },
    undo: { type: 'boolean' },
    accept: { type: 'string', multiple: true },
    'confirm-context': { type: 'string' },
  });
  rejectPositionals('shell', parsed);
  const [write, keep, undo] = [parsed.flag('write'), parsed.flag('keep'), parsed.flag('undo')];
  if (keep && undo) throw new UsageError('shell: --keep and --undo exclude each other');
  if ((keep || undo) && !write) throw new UsageError('shell: --keep and --undo belong to --write');
  if (write && !keep && !undo && !io.confirm) {
    throw new UsageError('shell: there is no terminal to ask on at the end; add --keep or --undo');
  }
  const accept = acceptOption('shell', parsed);
  if (accept.length > 0 && !write) throw new UsageError('shell: --accept belongs to --write');
  const command = dashes < 0 ? [] : args.slice(dashes + 1);
  if (dashes >= 0 && command.length === 0) throw new UsageError("shell: put a program after '--', or leave '--' out");
  const app = await open();
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  if (write) {
    await app.transactions.refuseWhileOwed(target);
    await confirmContext(parsed, target.context, io);
  }
  const stop = new AbortController();
  let running: ProgramHere | null = null;
  let cutOff = false;
  const interrupt = io.onInterrupt((by) => {
    const forProgram = running !== null && (by === 'SIGINT' || by === 'SIGQUIT');
    if (forProgram && io.confirm) {
      // The terminal has sent it to the program, too. A shell goes on after it; what else does is not known.
      cutOff ||= command.length > 0;
      return;
    }
    if (forProgram && !stop.signal.aborted) {
      stop.abort(new Error('cancelled'));
      return running!.signal(by);
    }
    if (stop.signal.aborted) {
      io.stderr("stratus: still stopping; if you kill this process now, 'stratus recover' finishes the undo\n");
    }
    stop.abort(new Error('cancelled'));
    running?.hangUp();
  });
  try {
    const session = await app.shell.open(target, write ? 'write' : 'read', stop.signal, accept);
    const place = placeOf(target);
    let code = 0;
    let decision: 'keep' | 'undo' = 'undo';
    let result: UndoResult | null = null;
    try {
      io.stderr(
        write
          ? `safe terminal on ${place}: each write is checked, recorded and part of transaction ${session.tx}\n`
          : `safe terminal on ${place}: read only, values of Secrets are blank\n`,
      );
      io.stderr('exec, attach and port-forward are refused in it; it ends with this command\n');
      const [program, ...argv] = command.length > 0 ? command : [defaultShell()];
      if (!stop.signal.aborted) {
        running = startHere(program!, argv, { ...process.env, ...session.environment });
        const end = await running.ended;
        running = null;
        code = end.code;
        // Ended in the middle of something: nobody has said that this half is to be kept.
        if ((end.bySignal || cutOff || session.problem()) && keep) stop.abort(new Error('cancelled'));
      }
      if (session.written().length > 0 && !stop.signal.aborted) {
        decision = keep ? 'keep' : undo ? 'undo' : await ask(session, io, stop.signal);
      }
    } finally {
      running = null;
      if (stop.signal.aborted && session.written().length > 0) {
        io.stderr('stratus: stopped; what was written is undone and verified\n');
      }
      result = await session.end(decision);
      if (result) io.stdout(undoText(session.tx ?? '', result, io.colours.stdout));
      else if (session.written().length > 0) io.stderr(`kept: 'stratus undo --tx ${session.tx}' takes it back\n`);
    }
    if (result && exitCodeOfUndo(result) !== EXIT.ok) return exitCodeOfUndo(result);
    // Asked to keep it, and undone all the same.
    if (stop.signal.aborted || (result && decision === 'keep')) return result || write ? EXIT.restored : code;
    return code > 0 && command.length === 0 && code < 128 ? EXIT.ok : code;
  } catch (error) {
    if (!wasStopped(error, stop.signal)) throw error;
    io.stderr('stratus: stopped before anything was written\n');
    return EXIT.restored;
  } finally {
    interrupt.dispose();
  }
}

/** Every write of the terminal runs unasked: a protected context is named once, at its beginning. */
async function confirmContext(parsed: ParsedCommand, context: string, io: CommandIo): Promise<void> {
  const policy = { ...policyOf(parsed, io), mode: 'all' as const };
  checkContext('shell', policy, context);
  const never = new AbortController().signal;
  if (!(await consent(policy, [], context, 'Open a terminal that writes?', io, never)))
    throw new UsageError(`shell: '${context}' is protected and its name was not typed; nothing was opened`);
}

async function ask(session: ShellSession, io: CommandIo, signal: AbortSignal): Promise<'keep' | 'undo'> {
  if (session.problem()) io.stderr(`stratus: not all that was wanted was written: ${session.problem()}\n`);
  io.stderr(
    `written in this terminal:\n${session
      .written()
      .map((object) => `  ${object}\n`)
      .join('')}`,
  );
  return (await io.confirm!('Keep it? (no: undo it)', signal)) ? 'keep' : 'undo';
}

function defaultShell(): string {
  return process.platform === 'win32' ? (process.env.ComSpec ?? 'cmd.exe') : (process.env.SHELL ?? '/bin/sh');
}
