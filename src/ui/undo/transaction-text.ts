import { refLabel } from '../../domain/kube-object.ts';
import type { TransactionDetail, TransactionWrite } from '../../run/app.ts';
import { fieldChanges } from '../views/object-text.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { presentable } from '../../text/redact.ts';

/** A transaction in words, as Markdown: what it did, and how it is or was undone. */
export function explainTransaction(detail: TransactionDetail): string {
  const lines = [
    `# ${plain(detail.title)}`,
    '',
    `Transaction ${code(detail.id)}, **${detail.status}**, on ${code(detail.context)} in ${code(detail.namespace)}.`,
    `Opened ${detail.openedAt}${detail.closedAt ? `, closed ${detail.closedAt}` : ''}. ${writesText(detail)}.`,
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
    lines.push(`- **${write.undo.class}**: ${plain(write.undo.inverse)}${residue}`);
  }
  if (detail.undo) lines.push('', '## Proof of the undo', '', ...proofLines(detail.undo));
  return `${lines.join('\n')}\n`;
}

/** Writes of the change, and apart from them those that took it back. */
function writesText({ writes, undo }: TransactionDetail): string {
  const back = undo ? `, ${undo.writes} write(s) of the undo` : '';
  return `${writes} write(s) of the change${back}`;
}

function writeLines(write: TransactionWrite): string[] {
  const verb = write.before === null ? 'created' : write.after === null ? 'deleted' : 'changed';
  const outcome = write.outcome === 'done' ? '' : ` (${write.outcome})`;
  return [
    `- ${verb} **${refLabel(write.ref)}**${outcome}`,
    ...fieldChanges(write.before, write.after, write.subresource).map(
      ({ path, before, after }) => `  - ${code(path)}: ${code(before ?? 'absent')} → ${code(after ?? 'absent')}`,
    ),
  ];
}

function proofLines(undo: NonNullable<TransactionDetail['undo']>): string[] {
  if (undo.outcome === 'stranded') return [`Stranded: ${plain(undo.reason)}`];
  if (undo.outcome === 'diverged') {
    return [
      `Diverged: ${plain(undo.reason)}`,
      '',
      ...undo.differences.map(
        ({ ref, path, expected, actual }) =>
          `- ${refLabel(ref)} ${code(path)}: expected ${code(JSON.stringify(expected) ?? 'absent')}, found ${code(JSON.stringify(actual) ?? 'absent')}`,
      ),
    ];
  }
  const { hashBefore, hashAfter, levels, residue, foreign } = undo.proof;
  return [
    `- before ${code(hashBefore)}`,
    `- after ${code(hashAfter)}`,
    ...Object.entries(levels).map(([level, holds]) => `- ${level}: ${holds ? 'equal' : 'differs'}`),
    ...residue.map((text) => `- residue: ${plain(text)}`),
    ...foreign.map(({ ref, path }) => `- kept, edited by others: ${refLabel(ref)} ${code(path)}`),
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
