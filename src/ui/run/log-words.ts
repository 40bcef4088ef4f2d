import type { Principal } from '../../domain/autonomy.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { UndoResult } from '../../domain/transaction.ts';
import { missingText } from '../../domain/transaction.ts';
import { counted } from '../../text/plain-text.ts';
import { presentable } from '../../text/redact.ts';

/** How an undo ended, as lines of the log. */
export function undoLines(result: UndoResult): { problem: boolean; text: string }[] {
  if (result.outcome === 'undone') {
    const { foreign, residue } = result.proof;
    const kept = foreign.length > 0 ? `; ${counted(foreign.length, 'edit')} by others kept` : '';
    const rest = residue.length > 0 ? `; still different: ${residue.join(', ')}` : '';
    const text = `Undone with ${counted(result.writes, 'write')}, every field that was written is as before${rest}${kept}`;
    const missing = missingText(result.proof);
    return [{ problem: false, text }, ...(missing ? [{ problem: true, text: missing }] : [])];
  }
  const what = result.outcome === 'diverged' ? 'Not all could be restored' : 'The undo is not finished';
  const differences = result.outcome === 'diverged' ? result.differences.slice(0, 50) : [];
  return [
    { problem: true, text: `${what}: ${result.reason}` },
    ...differences.map(({ ref, path }) => ({
      problem: true,
      text: `${refLabel(ref)} ${path || '(whole object)'} is not as it was`,
    })),
  ];
}

/** Who approved a plan. */
export function approvalText({ via, id }: Principal): string {
  return via === 'policy' ? `Approved by policy: ${id}` : `Approved the plan (${id}, ${via})`;
}

/** What a command printed, bounded. */
export function outputText(stdout: string, stderr: string): string {
  return presentable(
    [stdout, stderr]
      .map((text) => text.trim())
      .filter(Boolean)
      .join('\n'),
    4_000,
  );
}
