import { refLabel } from '../../domain/kube-object.ts';
import { comparedText, standing, UNDO_CLASS_TEXT, WRITE_OUTCOME_TEXT } from '../../domain/transaction.ts';
import { localTime, zoneOf } from '../../text/local-time.ts';
import { counted } from '../../text/plain-text.ts';
import type { TransactionDetail, TransactionWrite } from '../../run/transactions.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';
import { fieldChanges } from '../views/object-text.ts';
import { commandText } from '../../kubectl/command-text.ts';

/** A transaction in words, as Markdown: what it did, and how it is or was undone. */
export function explainTransaction(detail: TransactionDetail): string {
  const lines = [
    `# ${plainMarkdown(detail.title)}`,
    '',
    `Transaction ${codeMarkdown(detail.id)}, **${standing(detail)}**, on ${codeMarkdown(detail.context)} in ${codeMarkdown(detail.namespace)}.`,
    `Began ${localTime(detail.openedAt)}${detail.closedAt ? `, ended ${localTime(detail.closedAt)}` : ''} (${zoneOf(new Date(detail.openedAt))}). ${writesText(detail)}.`,
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
    const residue = write.undo.residue.length > 0 ? ` (${write.undo.residue.map(plainMarkdown).join('; ')})` : '';
    lines.push(`- ${plainMarkdown(write.undo.inverse)}: **${UNDO_CLASS_TEXT[write.undo.class]}**${residue}`);
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
  const ran = write.subresource === 'exec';
  const verb = ran
    ? 'ran an action in'
    : write.before === null
      ? 'created'
      : write.after === null
        ? 'deleted'
        : 'changed';
  const outcome = write.outcome === 'done' ? '' : ` (${WRITE_OUTCOME_TEXT[write.outcome]})`;
  return [
    `- ${verb} **${plainMarkdown(refLabel(write.ref))}**${outcome}`,
    ...fieldChanges(write.before, write.after, write.subresource).map(
      ({ path, before, after }) =>
        `  - ${codeMarkdown(path)}: ${codeMarkdown(before ?? 'absent')} → ${codeMarkdown(after ?? 'absent')}`,
    ),
  ];
}

function proofLines(undo: NonNullable<TransactionDetail['undo']>): string[] {
  if (undo.outcome === 'stranded') return [`Not finished: ${plainMarkdown(undo.reason)}`];
  if (undo.outcome === 'diverged') {
    return [
      `Not all could be restored: ${plainMarkdown(undo.reason)}`,
      '',
      ...undo.differences.map(
        ({ ref, path, expected, actual }) =>
          `- ${plainMarkdown(refLabel(ref))} ${codeMarkdown(path)}: expected ${codeMarkdown(JSON.stringify(expected) ?? 'absent')}, found ${codeMarkdown(JSON.stringify(actual) ?? 'absent')}`,
      ),
    ];
  }
  const { hashBefore, hashAfter, levels, residue, foreign } = undo.proof;
  const { same, different } = comparedText(levels);
  return [
    `- before ${codeMarkdown(hashBefore)}`,
    `- after ${codeMarkdown(hashAfter)}`,
    ...(same ? [`- as before: ${same}`] : []),
    ...(different ? [`- not as before: ${different}`] : []),
    ...residue.map((text) => `- still different: ${plainMarkdown(text)}`),
    ...foreign.map(
      ({ ref, path }) => `- kept, edited by others: ${plainMarkdown(refLabel(ref))} ${codeMarkdown(path)}`,
    ),
  ];
}
