import { refLabel } from '../../domain/kube-object.ts';
import type { UndoResult } from '../../domain/transaction.ts';
import { missingText } from '../../domain/transaction.ts';

/** How an undo ended, as lines of the log. */
export function undoLines(result: UndoResult): { problem: boolean; text: string }[] {
  if (result.outcome === 'undone') {
    const { foreign, residue } = result.proof;
    const kept = foreign.length > 0 ? `; ${foreign.length} edit(s) by others were kept` : '';
    const rest = residue.length > 0 ? `; differs in: ${residue.join(', ')}` : '';
    const text = `Undone in ${result.writes} write(s), every field we wrote equals the checkpoint${rest}${kept}`;
    const missing = missingText(result.proof);
    return [{ problem: false, text }, ...(missing ? [{ problem: true, text: missing }] : [])];
  }
  const differences = result.outcome === 'diverged' ? result.differences.slice(0, 50) : [];
  return [
    { problem: true, text: `${result.outcome}: ${result.reason}` },
    ...differences.map(({ ref, path }) => ({
      problem: true,
      text: `${refLabel(ref)} ${path || '(whole object)'} is not as it was`,
    })),
  ];
}
