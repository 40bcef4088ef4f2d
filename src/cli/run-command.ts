import { refLabel } from '../domain/kube-object.ts';
import type { RehearsedWrite } from '../domain/transaction.ts';
import { UNDO_CLASS_TEXT } from '../domain/transaction.ts';
import type { StratusApp } from '../run/app.ts';
import type { CommandIo } from './command-line.ts';
import {
  acceptOption,
  needConsent,
  parseCommand,
  rejectPositionals,
  TARGET_OPTIONS,
  wasStopped,
} from './command-line.ts';
import { checkContext, consent, CONSENT_OPTIONS, policyOf } from './consent.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { changedLines } from './object-lines.ts';
import { undoText } from './undo-text.ts';
import { UsageError } from './usage.ts';
import { readsOnly } from '../kubectl/confine.ts';
import { commandText } from '../kubectl/command-text.ts';
import { quoteArgv } from '../text/shell-quote.ts';

/** `stratus run -- ARGS`: rehearse, ask, run as one transaction that stays undoable. */
export async function runCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const dashes = args.indexOf('--');
  const parsed = parseCommand('run', dashes < 0 ? args : args.slice(0, dashes), {
    ...TARGET_OPTIONS,
    ...CONSENT_OPTIONS,
    accept: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  });
  const argv = dashes < 0 ? [] : args.slice(dashes + 1);
  if (argv.length === 0)
    throw new UsageError("run: put the kubectl command after '--', for example: stratus run -- get pods");
  rejectPositionals('run', parsed);
  const yes = parsed.flag('yes');
  const accepted = acceptOption('run', parsed);
  const reads = readsOnly(argv);
  if (!reads) needConsent('run', yes, io);
  const policy = policyOf(parsed, io);
  const app = await open();
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  if (!reads) await app.transactions.refuseWhileOwed(target);
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
    const rehearsal = await app.shell.rehearse(target, argv, abort.signal);
    if (abort.signal.aborted) return cancelled();
    const writes = rehearsal.writes.map(({ ref, undo }) => ({ object: ref, undo }));
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
    if (rehearsal.writes.length > 0) checkContext('run', policy, target.context);
    const needs = rehearsal.needs ?? [];
    const missing = needs.filter((need) => !accepted.includes(need));
    if (missing.length > 0 && yes) {
      const reason = `the undo could not bring everything back: ${needsText(rehearsal.writes)}; --accept ${missing.join(',')} lets it through`;
      report(
        { type: 'run', outcome: 'refused', reason, needs: missing, writes },
        `refused: ${reason}; nothing was changed`,
      );
      return EXIT.refused;
    }
    // A person who is shown the list and answers yes has accepted it.
    const question =
      missing.length > 0
        ? `Run ${commandText(argv)}, and accept ${missing.join(' and ')}?`
        : `Run ${commandText(argv)}?`;
    const agreed =
      rehearsal.writes.length === 0 ||
      (await consent(policy, [rehearsal], target.context, question, io, abort.signal)) !== null;
    if (!agreed) {
      if (abort.signal.aborted) return cancelled();
      io.stderr('stratus: nothing was changed\n');
      return EXIT.refused;
    }
    const { result, tx, undo } = await app.shell.run(target, argv, needs, abort.signal);
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
function needsText(writes: RehearsedWrite[]): string {
  return writes
    .filter(({ undo }) => undo.needs)
    .map(({ ref, undo }) => `${refLabel(ref)} (${UNDO_CLASS_TEXT[undo.class]}): ${undo.residue.join('; ')}`)
    .join('; ');
}
