import { refLabel } from '../domain/kube-object.ts';
import { quoteArgv } from '../kubectl/problem.ts';
import type { StratusApp } from '../run/app.ts';
import type { CommandIo } from './command-line.ts';
import { needConsent, parseCommand, rejectPositionals, TARGET_OPTIONS, wasStopped } from './command-line.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { changedLines } from './object-lines.ts';
import { commandText } from './terminal.ts';
import { undoText } from './undo.ts';
import { UsageError } from './usage.ts';

/** `stratus run -- ARGS`: rehearse, ask, run as one transaction that stays undoable. */
export async function runCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const dashes = args.indexOf('--');
  const parsed = parseCommand('run', dashes < 0 ? args : args.slice(0, dashes), {
    ...TARGET_OPTIONS,
    yes: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const argv = dashes < 0 ? [] : args.slice(dashes + 1);
  if (argv.length === 0)
    throw new UsageError("run: put the kubectl command after '--', for example: stratus run -- get pods");
  rejectPositionals('run', parsed);
  const yes = parsed.flag('yes');
  needConsent('run', yes, io);
  const app = await open();
  const target = await app.pin(parsed.text('context'), parsed.text('namespace'));
  const abort = new AbortController();
  const interrupt = io.onInterrupt(() => {
    io.stderr(
      abort.signal.aborted
        ? "stratus: still stopping; if you kill this process now, 'stratus recover' finishes the undo\n"
        : 'stratus: stopping; what was written is undone and verified first\n',
    );
    abort.abort(new Error('cancelled'));
  });
  const cancelled = () => {
    report({ type: 'run', outcome: 'cancelled', reason: 'cancelled' }, 'cancelled; nothing was changed');
    return EXIT.restored;
  };
  try {
    const rehearsal = await app.rehearseCommand(target, argv, abort.signal);
    if (abort.signal.aborted) return cancelled();
    if (!rehearsal.ok) {
      const { problem, instead } = rehearsal;
      const other = (instead ?? []).map((argv) => `\n  stratus run -- ${quoteArgv(argv)}`).join('');
      report(
        { type: 'run', outcome: 'refused', reason: problem, ...(instead ? { instead } : {}) },
        `refused: ${problem}; nothing was changed${other && `. Run instead:${other}`}`,
      );
      return EXIT.refused;
    }
    for (const write of rehearsal.writes) {
      io.stderr(`${refLabel(write.ref)}  undo ${write.undo.class}: ${write.undo.inverse}\n`);
      for (const line of changedLines(write.before, write.after)) io.stderr(`  ${line}\n`);
    }
    if (rehearsal.writes.length > 0 && !yes && !(await io.confirm!(`Run ${commandText(argv)}?`, abort.signal))) {
      if (abort.signal.aborted) return cancelled();
      io.stderr('stratus: nothing was changed\n');
      return EXIT.refused;
    }
    const { result, tx, undo } = await app.runCommand(target, argv, abort.signal);
    io.stdout(parsed.flag('json') ? '' : result.stdout);
    io.stderr(result.stderr);
    if (!result.ok) {
      const refused = result.refusals.length > 0 && result.writes === 0;
      const outcome = abort.signal.aborted ? 'cancelled' : refused ? 'refused' : 'failed';
      report({ type: 'run', outcome, reason: result.problem, tx, undo }, result.problem);
      if (!undo || undo.outcome === 'undone') return outcome === 'refused' ? EXIT.refused : EXIT.restored;
      io.stderr(undoText(tx!, undo, io.colour));
      return exitCodeOfUndo(undo);
    }
    report(
      { type: 'run', outcome: 'done', tx, stdout: result.stdout },
      tx ? `transaction ${tx}: 'stratus undo --tx ${tx}' takes it back` : '',
    );
    return EXIT.ok;
  } catch (error) {
    // Before the transaction began: it could not be asked for the lock, or not in time.
    if (wasStopped(error, abort.signal)) return cancelled();
    throw error;
  } finally {
    interrupt.dispose();
  }

  function report(json: unknown, text: string): void {
    if (parsed.flag('json')) io.stdout(`${JSON.stringify(json)}\n`);
    else if (text) io.stderr(`stratus: ${text}\n`);
  }
}
