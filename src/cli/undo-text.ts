import { refLabel } from '../domain/kube-object.ts';
import type { Loss, UndoProof, UndoResult } from '../domain/transaction.ts';
import { comparedText } from '../domain/transaction.ts';
import { counted } from '../text/plain-text.ts';
import { painter } from './paint.ts';

/** How an undo ended, with its proof, for a person. */
export function undoText(tx: string, result: UndoResult, colour: boolean): string {
  const paint = painter(colour);
  if (result.outcome === 'undone') {
    const { proof } = result;
    const { same, different } = comparedText(proof.levels);
    const { losses = [], shortfall = [] } = proof;
    const headline =
      losses.length > 0
        ? paint(
            'red',
            `undone, but ${counted(losses.length, 'object')} of those before ${losses.length === 1 ? 'is' : 'are'} gone`,
          )
        : shortfall.length > 0
          ? paint('red', 'undone, but not all of it can run again')
          : proof.levels.L4 === false
            ? paint('yellow', 'undone and verified; not all of it runs again yet')
            : paint('green', 'undone and verified');
    const lines = [
      `${headline}: ${tx}, ${counted(result.writes, 'write')}${ownershipText(proof)}`,
      `  before ${proof.hashBefore}`,
      `  now    ${proof.hashAfter}`,
      ...(same ? [`  as before: ${same}`] : []),
      ...(different ? [`  not as before: ${different}`] : []),
      ...losses.map((loss) => `  ${lossText(loss)}`),
      ...shortfall.map((text) => `  ${text}`),
      ...proof.residue.map((text) => `  still different: ${text}`),
      ...proof.foreign.map(({ ref, path }) => `  kept, changed by someone else: ${refLabel(ref)} ${path}`),
    ];
    return `${lines.join('\n')}\n`;
  }
  const lines = [`${paint('red', undoFailure(result.outcome))}: ${result.reason}`];
  if (result.outcome === 'diverged') {
    for (const difference of result.differences) {
      lines.push(`  ${refLabel(difference.ref)} ${difference.path || '(whole object)'}`);
      lines.push(`    before        ${shortValue(difference.expected)}`);
      if (difference.path) lines.push(`    Stratus wrote ${shortValue(difference.written)}`);
      lines.push(`    found         ${shortValue(difference.actual)}`);
    }
    lines.push(
      `  writers wait until it is settled: 'stratus recover --undo --tx ${tx}' tries again, 'stratus recover --keep --tx ${tx}' leaves it as it is`,
    );
  } else lines.push("  the journal keeps the undo: run 'stratus recover --undo' when the cluster answers");
  return `${lines.join('\n')}\n`;
}

/** An undo that did not come to its end as it should. */
export function undoFailure(outcome: 'diverged' | 'stranded'): string {
  return outcome === 'diverged' ? 'diverged, not all could be restored' : 'stranded, the undo is not finished';
}

function ownershipText({ ownershipWrites = 0 }: UndoProof): string {
  return ownershipWrites > 0 ? `, ${ownershipWrites} of them to give fields back to their owners` : '';
}

/** One line about an object that is gone. */
export function lossText({ ref, replaced, accepted }: Loss): string {
  const now = replaced ? 'another of its name is there now' : 'it is gone';
  return `lost: ${refLabel(ref)} was there before, ${now}; ${accepted ? 'as was accepted' : 'no forecast named it'}`;
}

function shortValue(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
