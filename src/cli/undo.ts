import { setTimeout } from 'node:timers/promises';
import { refLabel } from '../domain/kube-object.ts';
import { ClusterError } from '../domain/cluster-error.ts';
import type { TransactionSummary, UndoResult } from '../domain/transaction.ts';
import type { StratusApp } from '../run/app.ts';
import type { CommandIo, ParsedCommand } from './command-line.ts';
import { CONSENT_OPTIONS, mayWriteTo } from './consent.ts';
import { needConsent, parseCommand, rejectPositionals } from './command-line.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { undoText } from './undo-text.ts';
import { UsageError } from './usage.ts';
import { presentable, presentableValue } from '../text/redact.ts';
import { StratusError } from '../domain/stratus-error.ts';

const REACH_WITHIN_MS = 60_000;
const REACH_PAUSE_MS = 1_000;

/** `stratus undo`: takes one transaction back and proves it. */
export async function undoCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('undo', args, {
    last: { type: 'boolean' },
    tx: { type: 'string' },
    ...CONSENT_OPTIONS,
    json: { type: 'boolean' },
  });
  rejectPositionals('undo', parsed);
  const wanted = parsed.text('tx');
  if (parsed.flag('last') === (wanted !== undefined)) {
    throw new UsageError("undo: give either --last or --tx ID; 'stratus journal list' shows the transactions");
  }
  needConsent('undo', parsed.flag('yes'), io);
  const app = await open();
  const all = await app.transactions.list();
  const transaction = all.find(wanted ? ({ id }) => id === wanted : isLast);
  if (!transaction) {
    throw new StratusError(
      wanted ? 'unknown-transaction' : 'nothing-to-do',
      wanted
        ? `there is no transaction '${wanted}' in the journal; 'stratus journal list' shows those that are`
        : all.length === 0
          ? 'nothing to undo: the journal is empty, Stratus has changed nothing yet'
          : 'nothing to undo: every change in the journal is undone already',
    );
  }
  if (transaction.status === 'undone')
    throw new StratusError(
      'nothing-to-do',
      `transaction ${transaction.id} is already undone; 'stratus journal show ${transaction.id}' has the proof`,
    );
  return undoOne('undo', app, transaction, parsed, io);
}

/** The latest change that stands and that nobody has decided to keep; what wrote nothing has nothing to take back. */
function isLast({ status, kept, writes }: TransactionSummary): boolean {
  return status !== 'undone' && !kept && (status !== 'committed' || writes > 0);
}

/** Asks if needed, undoes, prints the proof; shared with `stratus recover`. */
export async function undoOne(
  command: string,
  app: StratusApp,
  told: TransactionSummary,
  parsed: ParsedCommand,
  io: CommandIo,
  sure = parsed.flag('yes'),
): Promise<number> {
  await app.transactions.refuseWhileOwed({ transaction: told.id });
  const transaction = presentableValue(told);
  io.stderr(`transaction ${transaction.id} on ${transaction.context}: ${transaction.title}\n`);
  for (const ref of transaction.roots) io.stderr(`  ${refLabel(ref)}\n`);
  const allowed = await mayWriteTo(command, parsed, io, told.context);
  if (!allowed || (!sure && !(await io.confirm!('Undo it?')))) {
    io.stderr('stratus: nothing was changed\n');
    return EXIT.ok;
  }
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => {
    stop.abort();
    io.stderr("stratus: an undo is finished, not interrupted; if you kill this process, 'stratus recover' goes on\n");
  });
  const never = new AbortController().signal;
  const done = await untilReachable(io, stop.signal, () =>
    app.transactions.undo(transaction.id, never, (text) => io.stderr(`  ${presentable(text, 1_000)}\n`)),
  ).finally(() => interrupt.dispose());
  const result = presentableValue(done);
  if (parsed.flag('json')) io.stdout(`${JSON.stringify({ type: 'undo', tx: transaction.id, ...result })}\n`);
  else io.stdout(undoText(transaction.id, result, io.colours.stdout));
  return exitCodeOfUndo(result);
}

/** An incident often takes the way to the cluster along: it is asked again for a while before the undo is left for later. */
async function untilReachable(io: CommandIo, stop: AbortSignal, undo: () => Promise<UndoResult>): Promise<UndoResult> {
  const end = performance.now() + REACH_WITHIN_MS;
  for (let told = false; ; told = true) {
    try {
      return await undo();
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'unreachable') throw error;
      if (performance.now() > end || stop.aborted) return { outcome: 'stranded', writes: 0, reason: error.message };
      if (!told) io.stderr(`  ${error.message}\n  trying again for ${REACH_WITHIN_MS / 1000} s\n`);
      // Woken early by the interruption, which the next turn looks at.
      await setTimeout(REACH_PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
