import type { Outcome, RunResult } from '../domain/run-event.ts';
import type { UndoResult } from '../domain/transaction.ts';
import { missingText } from '../domain/transaction.ts';

/** Exit codes of the CLI contract (design section 9). Scripts depend on them. */
export const EXIT = {
  ok: 0,
  refused: 1,
  restored: 2,
  diverged: 3,
  error: 4,
  improved: 5,
  stranded: 6,
  locked: 7,
  usage: 64,
} as const;

const BY_OUTCOME: Record<Outcome, number> = {
  resolved: EXIT.ok,
  healthy: EXIT.ok,
  restored: EXIT.restored,
  cancelled: EXIT.restored,
  diverged: EXIT.diverged,
  improved: EXIT.improved,
  stranded: EXIT.stranded,
  locked: EXIT.locked,
};

export function exitCodeOfRun(result: RunResult): number {
  // A run that could not look at the cluster at all restored nothing.
  if (result.error && result.outcome === 'restored') return EXIT.error;
  return BY_OUTCOME[result.outcome];
}

export function exitCodeOfUndo(result: UndoResult): number {
  if (result.outcome === 'undone') return missingText(result.proof) ? EXIT.diverged : EXIT.ok;
  return result.outcome === 'diverged' ? EXIT.diverged : EXIT.stranded;
}
