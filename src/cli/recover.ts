import type { StratusApp } from '../run/app.ts';
import type { CommandIo } from './command-line.ts';
import { needConsent, parseCommand, rejectPositionals } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { undoOne } from './undo.ts';
import { UsageError } from './usage.ts';

/**
 * `stratus recover`: finishes what a killed process left open or an undo could not restore, newest first so that later
 * writes are undone earlier.
 */
export async function recoverCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('recover', args, {
    undo: { type: 'boolean' },
    keep: { type: 'boolean' },
    tx: { type: 'string' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  rejectPositionals('recover', parsed);
  const [undo, keep] = [parsed.flag('undo'), parsed.flag('keep')];
  if (undo && keep) throw new UsageError('recover: --undo and --keep exclude each other');
  if (undo || keep) needConsent('recover', parsed.flag('yes'), io);
  const app = await open();
  const wanted = parsed.text('tx');
  const unfinished = (await app.unfinished()).filter(({ id }) => !wanted || id === wanted);
  if (wanted && unfinished.length === 0) throw new Error(`transaction '${wanted}' is not waiting for recovery`);
  if (unfinished.length === 0) {
    io.stderr('nothing to recover: every transaction is finished\n');
    return EXIT.ok;
  }
  if (!undo && !keep) {
    for (const { id, status, title, context } of unfinished) {
      const state = status === 'diverged' ? 'diverged' : 'interrupted';
      io.stdout(`${id}  ${state}  ${context}  ${title}\n`);
    }
    io.stderr(
      "finish them with 'stratus recover --undo' (back to the checkpoint) or 'stratus recover --keep'; 'stratus journal show ID' tells what they wrote\n",
    );
    return EXIT.ok;
  }
  let code: number = EXIT.ok;
  for (const transaction of unfinished) {
    if (undo) code = Math.max(code, await undoOne(app, transaction, parsed.flag('yes'), parsed.flag('json'), io));
    else if (parsed.flag('yes') || (await io.confirm!(`Keep ${transaction.id} as it stands?`))) {
      const note = await app.keep(transaction.id);
      io.stderr(`kept: ${transaction.id}${note && `; ${note}`}\n`);
      if (parsed.flag('json')) io.stdout(`${JSON.stringify({ type: 'keep', tx: transaction.id, note })}\n`);
    }
  }
  return code;
}
