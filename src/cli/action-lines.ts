import type { RehearsedAction } from '../domain/action.ts';
import { UNDO_CLASS_TEXT } from '../domain/transaction.ts';
import { counted } from '../text/plain-text.ts';
import { untrustedLine } from '../text/redact.ts';
import { containerCommandText } from '../kubectl/command-text.ts';

const LONGEST = 2_000;

/** What a rehearsed action would do, where, and how it is taken back; the texts are its author's. */
export function actionLines(action: RehearsedAction): string[] {
  const { title, reaches, image, does, undoes, snapshot, undo } = action;
  return [
    title,
    `  image ${image}`,
    `  runs: ${containerCommandText(does)}`,
    `  undo: ${containerCommandText(undoes)}`,
    `  undo ${UNDO_CLASS_TEXT[undo.class]}: ${undo.inverse} (${counted(snapshot, 'byte')})`,
    ...undo.residue.filter((text) => text !== reaches).map((text) => `  ! ${text}`),
    `  reaches: ${reaches}`,
  ].map((line) => `${/^ */.exec(line)![0]}${untrustedLine(line.trimStart(), LONGEST)}`);
}
