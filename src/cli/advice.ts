import type { RunResult } from '../domain/run-event.ts';
import type { ErrorCode } from '../domain/stratus-error.ts';

/** The way out of an own transaction that is not finished. */
const FINISH = "'stratus recover --undo' takes it back, 'stratus recover --keep' leaves it as it is";

/** What to type after a run; empty when nothing is left to do by hand. */
export function adviceForRun({ outcome, owed }: RunResult): string {
  if (owed) return `nothing was changed; ${FINISH}`;
  if (outcome === 'stranded')
    return "the undo is not finished: run 'stratus recover --undo' when the cluster answers and the journal can be written";
  if (outcome === 'diverged')
    return "writers wait until it is settled: 'stratus recover --undo' tries again, 'stratus recover --keep' leaves it as it is";
  return '';
}

/** A problem with the command that solves it, where the application, which serves an editor too, names none. */
export function withAdvice(code: ErrorCode, message: string): string {
  return code === 'undo-unfinished' ? `${message}; ${FINISH}` : message;
}
