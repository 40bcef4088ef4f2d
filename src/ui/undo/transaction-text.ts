import { refLabel } from '../../domain/kube-object.ts';
import { comparedText, STATUS_TEXT, UNDO_CLASS_TEXT, WRITE_OUTCOME_TEXT } from '../../domain/transaction.ts';
import { localTime } from '../../text/local-time.ts';
import { counted } from '../../text/plain-text.ts';
import type { TransactionDetail, TransactionWrite } from '../../run/app.ts';
import { fieldChanges } from '../views/object-text.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { presentable } from '../../text/redact.ts';

/** A transaction in words, as Markdown: what it did, and how it is or was undone. */
export function explainTransaction(detail: TransactionDetail): string {
  const lines = [
    `# ${plain(detail.title)}`,
    '',
    `Transaction ${code(detail.id)}, **${STATUS_TEXT[detail.status]}**, on ${code(detail.context)} in ${code(detail.namespace)}.`,
    `Began ${localTime(detail.openedAt)}${detail.closedAt ? `, ended ${localTime(detail.closedAt)}` : ''}. ${writesText(detail)}.`,
    '',
    '## What it did',
    '',
  ];
  detail.commands.forEach((argv, index) => {
    lines.push('```sh', commandText(argv), '```', '');
    for (const write of detail.details.filter(({ command }) => command === index)) lines.push(...writeLines(write));
  });
  lines.push(
    '',
    detail.status === 'undone' ? '## How it was undone' : '## How it is undone',
    '',
    'Latest write first, one write per object:',
    '',
  );
  for (const write of [...detail.details].reverse()) {
    const residue = write.undo.residue.length > 0 ? ` (${write.undo.residue.map(plain).join('; ')})` : '';
    lines.push(`- ${plain(write.undo.inverse)}: **${UNDO_CLASS_TEXT[write.undo.class]}**${residue}`);
  }
  if (detail.undo) lines.push('', '## Proof of the undo', '', ...proofLines(detail.undo));
  return `${lines.join('\n')}\n`;
}

/** Writes of the change, and apart from them those that took it back. */
function writesText({ writes, undo }: TransactionDetail): string {
  const back = undo ? `, ${counted(undo.writes, 'write')} of the undo` : '';
  return `${counted(writes, 'write')} of the change${back}`;
}

function writeLines(write: TransactionWrite): string[] {
  const verb = write.before === null ? 'created' : write.after === null ? 'deleted' : 'changed';
  const outcome = write.outcome === 'done' ? '' : ` (${WRITE_OUTCOME_TEXT[write.outcome]})`;
  return [
    `- ${verb} **${plain(refLabel(write.ref))}**${outcome}`,
    ...fieldChanges(write.before, write.after, write.subresource).map(
      ({ path, before, after }) => `  - ${code(path)}: ${code(before ?? 'absent')} → ${code(after ?? 'absent')}`,
    ),
  ];
}

function proofLines(undo: NonNullable<TransactionDetail['undo']>): string[] {
  if (undo.outcome === 'stranded') return [`Not finished: ${plain(undo.reason)}`];
  if (undo.outcome === 'diverged') {
    return [
      `Not all could be restored: ${plain(undo.reason)}`,
      '',
      ...undo.differences.map(
        ({ ref, path, expected, actual }) =>
          `- ${plain(refLabel(ref))} ${code(path)}: expected ${code(JSON.stringify(expected) ?? 'absent')}, found ${code(JSON.stringify(actual) ?? 'absent')}`,
      ),
    ];
  }
  const { hashBefore, hashAfter, levels, residue, foreign } = undo.proof;
  const { same, different } = comparedText(levels);
  return [
    `- before ${code(hashBefore)}`,
    `- after ${code(hashAfter)}`,
    ...(same ? [`- as before: ${same}`] : []),
    ...(different ? [`- not as before: ${different}`] : []),
    ...residue.map((text) => `- still different: ${plain(text)}`),
    ...foreign.map(({ ref, path }) => `- kept, edited by others: ${plain(refLabel(ref))} ${code(path)}`),
  ];
}

/** Words from the cluster must not become markup. */
function plain(text: string): string {
  return presentable(text, 500)
    .replace(/\n/g, ' ')
    .replace(/[\\`<>[\]*_#|!]/g, '\\$&');
}

function code(text: string): string {
  return `\`${presentable(text, 500).replace(/\n/g, ' ').replace(/`/g, "'")}\``;
}
