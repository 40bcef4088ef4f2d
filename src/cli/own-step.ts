import { refLabel } from '../domain/kube-object.ts';
import type { AutonomyPolicy } from '../domain/autonomy.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import { UNDO_CLASS_TEXT } from '../domain/transaction.ts';
import type { CommandResult } from '../run/shell.ts';
import { actionLines } from './action-lines.ts';
import type { CommandIo, ParsedCommand } from './command-line.ts';
import { wasStopped } from './command-line.ts';
import { checkContext, consent } from './consent.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { changedLines } from './object-lines.ts';
import { undoText } from './undo-text.ts';
import { commandText } from '../kubectl/command-text.ts';
import { quoteArgv } from '../text/shell-quote.ts';

/** One command or action of an engineer, and how it is rehearsed and run. */
export interface OwnStep {
  /** Of the command line, for messages. */
  command: string;
  argv: string[];
  accepted: readonly Acceptance[];
  rehearse(signal: AbortSignal): Promise<StepRehearsal>;
  run(accept: Acceptance[], signal: AbortSignal): Promise<CommandResult>;
}

/** Rehearses, shows, asks, runs as one transaction that stays undoable. @returns the exit code */
export async function runOwnStep(
  work: OwnStep,
  parsed: ParsedCommand,
  policy: AutonomyPolicy,
  context: string,
  io: CommandIo,
): Promise<number> {
  const yes = parsed.flag('yes');
  const { accepted } = work;
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
    const rehearsal = await work.rehearse(abort.signal);
    if (abort.signal.aborted) return cancelled();
    const { action } = rehearsal;
    const writes = rehearsal.writes.map(({ ref, undo }) => ({ object: ref, undo }));
    const changes = rehearsal.writes.length > 0 || action !== undefined;
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
      io.stderr(`${refLabel(write.ref)}  undo ${UNDO_CLASS_TEXT[write.undo.class]}: ${write.undo.inverse}\n`);
      for (const text of write.undo.residue) io.stderr(`  ! ${text}\n`);
      for (const line of changedLines(write.before, write.after)) io.stderr(`  ${line}\n`);
    }
    for (const line of action ? actionLines(action) : []) io.stderr(`${line}\n`);
    if (changes) checkContext(work.command, policy, context);
    const needs = rehearsal.needs ?? [];
    const missing = needs.filter((need) => !accepted.includes(need));
    if (missing.length > 0 && yes) {
      const reason = `the undo could not bring everything back: ${needsText(rehearsal)}; --accept ${missing.join(',')} lets it through`;
      report(
        { type: 'run', outcome: 'refused', reason, needs: missing, writes },
        `refused: ${reason}; nothing was changed`,
      );
      return EXIT.refused;
    }
    // A person who is shown the list and answers yes has accepted it.
    const question =
      missing.length > 0
        ? `Run ${commandText(work.argv)}, and accept ${missing.join(' and ')}?`
        : `Run ${commandText(work.argv)}?`;
    const agreed = !changes || (await consent(policy, [rehearsal], context, question, io, abort.signal)) !== null;
    if (!agreed) {
      if (abort.signal.aborted) return cancelled();
      io.stderr('stratus: nothing was changed\n');
      return EXIT.refused;
    }
    const { result, tx, undo } = await work.run(needs, abort.signal);
    io.stdout(parsed.flag('json') ? '' : result.stdout);
    io.stderr(result.stderr);
    if (!result.ok) {
      const refused = result.refusals.length > 0 && result.writes === 0;
      const outcome = abort.signal.aborted ? 'cancelled' : refused ? 'refused' : 'failed';
      report({ type: 'run', outcome, reason: result.problem, tx, undo, writes }, result.problem);
      if (!undo || exitCodeOfUndo(undo) === EXIT.ok) return outcome === 'refused' ? EXIT.refused : EXIT.restored;
      io.stderr(undoText(tx ?? '', undo, io.colours.stderr));
      return exitCodeOfUndo(undo);
    }
    report(
      { type: 'run', outcome: 'done', tx, stdout: result.stdout, writes },
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

/** What a person would have to accept, write by write. */
function needsText({ writes, action }: StepRehearsal): string {
  const ofWrites = writes
    .filter(({ undo }) => undo.needs)
    .map(({ ref, undo }) => `${refLabel(ref)} (${UNDO_CLASS_TEXT[undo.class]}): ${undo.residue.join('; ')}`);
  return [...ofWrites, ...(action?.undo.needs ? action.undo.residue : [])].join('; ');
}
