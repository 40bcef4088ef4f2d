import { messageOf } from '../domain/cluster-error.ts';
import { refLabel } from '../domain/kube-object.ts';
import { placeOf } from '../domain/target.ts';
import type { TransactionSummary } from '../domain/transaction.ts';
import { STATUS_TEXT } from '../domain/transaction.ts';
import { localTime } from '../text/local-time.ts';
import { counted } from '../text/plain-text.ts';
import type { StratusApp } from '../run/app.ts';
import { LockedByAnother } from '../run/lock-refusal.ts';
import type { CommandIo } from './command-line.ts';
import type { ParsedCommand } from './command-line.ts';
import { needConsent, parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { CONSENT_OPTIONS, mayWriteTo } from './consent.ts';
import { EXIT } from './exit-code.ts';
import { undoOne } from './undo.ts';
import { UsageError } from './usage.ts';
import { presentableValue } from '../text/redact.ts';
import { StratusError } from '../domain/stratus-error.ts';

/**
 * `stratus recover`: finishes what a killed process left open or an undo could not restore, newest first so that later
 * writes are undone earlier.
 */
export async function recoverCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('recover', args, {
    undo: { type: 'boolean' },
    keep: { type: 'boolean' },
    tx: { type: 'string' },
    'from-cluster': { type: 'boolean' },
    ...TARGET_OPTIONS,
    ...CONSENT_OPTIONS,
    json: { type: 'boolean' },
  });
  rejectPositionals('recover', parsed);
  const [undo, keep] = [parsed.flag('undo'), parsed.flag('keep')];
  if (undo && keep) throw new UsageError('recover: --undo and --keep exclude each other');
  if (undo || keep) needConsent('recover', parsed.flag('yes'), io);
  const app = await open();
  if (parsed.flag('from-cluster')) return fromCluster(app, parsed, io);
  const wanted = parsed.text('tx');
  const unfinished = presentableValue(await app.transactions.unfinished()).filter(({ id }) => !wanted || id === wanted);
  if (wanted && unfinished.length === 0)
    throw new StratusError(
      'nothing-to-do',
      `transaction '${wanted}' is not waiting for recovery; 'stratus recover' lists those that are`,
    );
  if (unfinished.length === 0) {
    const locks = await app.lock.freeLeft();
    io.stderr(`${['nothing to recover: every transaction is finished', ...locks].join('; ')}\n`);
    return EXIT.ok;
  }
  if (!undo && !keep) {
    for (const { id, status, title, context } of unfinished) {
      const state = status === 'diverged' ? STATUS_TEXT.diverged : 'interrupted';
      io.stdout(`${id}  ${state}  ${context}  ${title}\n`);
    }
    io.stderr(
      "finish them with 'stratus recover --undo' (back to the checkpoint) or 'stratus recover --keep'; 'stratus journal show ID' tells what they wrote\n",
    );
    return EXIT.ok;
  }
  let code: number = EXIT.ok;
  let stopped = false;
  // What is being finished comes to its end; what would come after it waits.
  const interrupt = io.onInterrupt(() => void (stopped = true));
  for (const [index, transaction] of unfinished.entries()) {
    if (stopped) {
      io.stderr(`stratus: stopped; left for 'stratus recover': ${counted(unfinished.length - index, 'transaction')}\n`);
      code = Math.max(code, EXIT.stranded);
      break;
    }
    if (undo) code = Math.max(code, await undoOrSay(app, transaction, parsed, io));
    else if (
      (await mayWriteTo('recover', parsed, io, transaction.context)) &&
      (parsed.flag('yes') || (await io.confirm!(`Keep ${transaction.id} as it stands?`)))
    ) {
      const note = await app.transactions.keep(transaction.id);
      io.stderr(`kept: ${transaction.id}${note && `; ${note}`}\n`);
      if (parsed.flag('json')) io.stdout(`${JSON.stringify({ type: 'keep', tx: transaction.id, note })}\n`);
    }
  }
  interrupt.dispose();
  return code;
}

/** One that cannot be undone (a damaged journal, a kubeconfig that changed) does not keep the others from it. */
async function undoOrSay(
  app: StratusApp,
  transaction: TransactionSummary,
  parsed: ParsedCommand,
  io: CommandIo,
): Promise<number> {
  try {
    return await undoOne('recover', app, transaction, parsed, io);
  } catch (error) {
    if (error instanceof LockedByAnother || error instanceof UsageError) throw error;
    io.stderr(`stratus: ${transaction.id} cannot be undone: ${messageOf(error)}\n`);
    return EXIT.error;
  }
}

/** Finishes a transaction of another machine from the copy of its journal in the cluster. */
async function fromCluster(app: StratusApp, parsed: ParsedCommand, io: CommandIo): Promise<number> {
  const [undo, keep] = [parsed.flag('undo'), parsed.flag('keep')];
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  const shared = presentableValue(await app.transactions.shared(target));
  if (!shared) {
    io.stderr('nothing to recover: the cluster keeps no unfinished transaction\n');
    return EXIT.ok;
  }
  const { id, title, namespace, openedAt, context, roots } = shared;
  io.stdout(
    parsed.flag('json')
      ? `${JSON.stringify({ type: 'shared', ...shared })}\n`
      : `${id}  ${localTime(openedAt)}  ${placeOf({ context, namespace })}  ${title}\n`,
  );
  for (const ref of roots) io.stderr(`  ${refLabel(ref)}\n`);
  if (!undo && !keep) {
    io.stderr("take it over with 'stratus recover --from-cluster --undo' (back to the checkpoint) or '--keep'\n");
    return EXIT.ok;
  }
  if (!(await mayWriteTo('recover', parsed, io, target.context))) return EXIT.ok;
  const sure = parsed.flag('yes') || (await io.confirm!(`Take ${id} over and ${undo ? 'undo' : 'keep'} it?`));
  if (!sure) return EXIT.ok;
  io.stderr('  taking over the writer lock; this waits until its holder is known to be dead\n');
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => stop.abort(new Error('stopped before the writer lock was taken over')));
  const adopted = await app.transactions.adoptShared(target, stop.signal);
  if (keep) {
    const note = await app.transactions.keep(adopted);
    interrupt.dispose();
    io.stderr(`kept: ${adopted}${note && `; ${note}`}\n`);
    return EXIT.ok;
  }
  interrupt.dispose();
  const transaction = (await app.transactions.list()).find((one) => one.id === adopted)!;
  return undoOne('recover', app, transaction, parsed, io, true);
}
