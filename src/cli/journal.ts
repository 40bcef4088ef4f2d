import { refLabel } from '../domain/kube-object.ts';
import { placeOf } from '../domain/target.ts';
import { standing, UNDO_CLASS_TEXT, WRITE_OUTCOME_TEXT } from '../domain/transaction.ts';
import { didYouMean } from '../text/edit-distance.ts';
import { localTime } from '../text/local-time.ts';
import type { StratusApp } from '../run/app.ts';
import type { TransactionDetail } from '../run/transactions.ts';
import type { CommandIo } from './command-line.ts';
import { parseCommand } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { changedLines } from './object-lines.ts';
import { undoText } from './undo-text.ts';
import { UsageError } from './usage.ts';
import { commandText } from '../kubectl/command-text.ts';
import { presentableValue } from '../text/redact.ts';

/** Longest word for how a transaction stands. */
const WIDEST = 'not all could be restored'.length;

/** `stratus journal list | show ID | verify`. */
export async function journalCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('journal', args, { json: { type: 'boolean' } });
  const [action, id, extra] = parsed.positionals;
  if (extra !== undefined || (id !== undefined && action !== 'show')) throw new UsageError('journal: too many words');
  const json = parsed.flag('json');
  switch (action) {
    case 'list': {
      const all = presentableValue(await (await open()).transactions.list());
      if (json) io.stdout(`${JSON.stringify(all)}\n`);
      else if (all.length === 0) io.stdout('the journal is empty\n');
      else
        for (const tx of all)
          io.stdout(
            `${tx.id}  ${standing(tx).padEnd(WIDEST)}  ${localTime(tx.openedAt)}  ${placeOf(tx)}  ${tx.title}\n`,
          );
      return EXIT.ok;
    }
    case 'show': {
      if (!id) throw new UsageError("journal: show wants the id of a transaction; see 'stratus journal list'");
      const detail = presentableValue(await (await open()).transactions.read(id));
      io.stdout(json ? `${JSON.stringify(detail)}\n` : detailText(detail, io.colours.stdout));
      return EXIT.ok;
    }
    case 'verify': {
      const damage = presentableValue(await (await open()).transactions.verify());
      if (json) io.stdout(`${JSON.stringify({ damage })}\n`);
      else io.stdout(damage.length === 0 ? 'every journal is whole\n' : `${damage.join('\n')}\n`);
      return damage.length === 0 ? EXIT.ok : EXIT.error;
    }
    default:
      throw new UsageError(
        `journal: one of list, show ID, verify${didYouMean(action ?? '', ['list', 'show', 'verify']) || "; see 'stratus journal --help'"}`,
      );
  }
}

function detailText(detail: TransactionDetail, colour: boolean): string {
  const lines = [
    `${detail.id}: ${detail.title}`,
    `  ${standing(detail)}, began ${localTime(detail.openedAt)}${detail.closedAt ? `, ended ${localTime(detail.closedAt)}` : ''}`,
    `  target ${detail.context}, namespace ${detail.namespace}`,
    ...(detail.note ? [`  ${detail.note}`] : []),
  ];
  detail.commands.forEach((argv, index) => {
    lines.push(`  ${commandText(argv)}`);
    for (const write of detail.details.filter(({ command }) => command === index)) {
      const changes = write.before === null ? 'create' : write.after === null ? 'delete' : 'change';
      const verb = write.subresource === 'exec' ? 'run in' : changes;
      lines.push(
        `    ${verb} ${refLabel(write.ref)} (${WRITE_OUTCOME_TEXT[write.outcome]}); undo ${UNDO_CLASS_TEXT[write.undo.class]}: ${write.undo.inverse}`,
      );
      for (const line of changedLines(write.before, write.after)) lines.push(`      ${line}`);
    }
  });
  const undo = detail.undo ? undoText(detail.id, detail.undo, colour) : '';
  return `${lines.join('\n')}\n${undo}`;
}
