import type { RehearsedAction } from '../domain/action.ts';
import { UNDO_CLASS_TEXT } from '../domain/transaction.ts';
import { counted } from '../text/plain-text.ts';
import { untrustedLine } from '../text/redact.ts';
import { quoteArgv } from '../text/shell-quote.ts';

const LONGEST = 2_000;

/** What a rehearsed action would do, where, and how it is taken back; the texts are its author's. */
export function actionLines(action: RehearsedAction): string[] {
  const { title, reaches, image, does, undoes, snapshot, undo } = action;
  return [
    title,
    `  image ${image}`,
    `  runs: ${shownCommand(does)}`,
    `  undo: ${shownCommand(undoes)}`,
    `  undo ${UNDO_CLASS_TEXT[undo.class]}: ${undo.inverse} (${counted(snapshot, 'byte')})`,
    ...undo.residue.filter((text) => text !== reaches).map((text) => `  ! ${text}`),
    `  reaches: ${reaches}`,
  ].map((line) => `${/^ */.exec(line)![0]}${untrustedLine(line.trimStart(), LONGEST)}`);
}

/** A script was reviewed with its file, and is told by its length. */
export function shownCommand(command: readonly string[]): string {
  return quoteArgv(
    command.map((word) => {
      const lines = word.trimEnd().split('\n').length;
      return lines > 1 ? `… (${lines} lines)` : word;
    }),
  );
}
