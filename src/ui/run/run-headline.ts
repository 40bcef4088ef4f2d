import type { Outcome, RunResult } from '../../domain/run-event.ts';
import { OUTCOME_TEXT } from '../../domain/run-event.ts';
import { PHASE_TEXT } from '../../domain/run-state.ts';
import type { TransactionStatus } from '../../domain/transaction.ts';
import type { AttemptView, RunSnapshot, Tone } from '../../../webview/protocol.ts';
import { editorWords } from '../editor/editor-words.ts';
import type { RunFold } from './run-fold.ts';
import { presentable } from '../../text/redact.ts';

export interface HeadlineContext {
  /** Hash of the plan that waits for an answer here; null when none does. */
  awaiting: string | null;
  /** Read from the event log of a run that does not go on in this window. */
  past: boolean;
  /** What the journal says of this run's transactions; newer than the run's own events. */
  statuses: ReadonlyMap<string, JournalStatus>;
}

/** Interrupted: open or half undone, and the process that worked on it is gone. */
export type JournalStatus = TransactionStatus | 'interrupted';

/** What the run is doing, or how it ended, in one line and its detail. */
export function headlineOf(fold: RunFold, context: HeadlineContext): RunSnapshot['headline'] {
  if (fold.result) return ending(fold.result, fold.attempts, context);
  if (context.past) {
    const known = fold.transactions.map(({ id }) => context.statuses.get(id));
    if (known.includes('interrupted')) {
      const title = 'Interrupted amid a change';
      return { tone: 'bad', title, detail: 'The change is neither kept nor undone: decide in the Undo stack' };
    }
    if (known.length > 0 && known.every((status) => status === 'undone')) {
      const title = 'Interrupted. The cluster is as it was before this run';
      return { tone: 'warn', title, detail: 'What it had changed was undone' };
    }
    const title = 'This run did not end here';
    return {
      tone: 'warn',
      title,
      detail: 'It was interrupted, or goes on elsewhere. What it changed is in the Undo stack',
    };
  }
  const title = fold.plan ? presentable(fold.plan.title, 300) : '';
  const now = sentence(PHASE_TEXT[fold.phase]);
  const steps = fold.plan?.steps.length ?? 0;
  const busy = (text: string, detail: string): RunSnapshot['headline'] => ({
    tone: 'busy',
    title: text,
    detail: fold.progress || detail,
  });
  const back = (text: string): RunSnapshot['headline'] => ({
    tone: 'warn',
    title: text,
    detail: fold.progress || presentable(editorWords(fold.undoReason), 300),
  });
  switch (fold.phase) {
    case 'idle':
    case 'detecting':
      return busy(sentence(PHASE_TEXT.detecting), 'Looking at every object in scope, until two readings agree');
    case 'diagnosing':
      return busy(now, 'Reading only: nothing can be changed in this phase');
    case 'planning':
      return fold.plan && !fold.attempts.some(({ attempt }) => attempt === fold.attempt)
        ? busy('Rehearsing the fix', title)
        : busy(now, 'Smallest change that removes the cause');
    case 'awaitingApproval':
      return context.awaiting ? { tone: 'ask', title: now, detail: title } : busy('Approval given', title);
    case 'locking':
      return busy(now, 'One writer per cluster');
    case 'checkpointing':
      return busy(now, 'The state before the change is written to the journal first');
    case 'executing':
      return busy(steps > 1 ? `Applying step ${runningStep(fold) + 1} of ${steps}` : now, title);
    case 'settling':
      return busy(now, title);
    case 'judging':
      return busy(now, 'Keep it only if things got better');
    case 'committing':
      return busy(now, title);
    case 'undoing':
      return back(now);
    case 'verifying':
      return back(now);
    case 'reflecting':
      return back(now);
    case 'aborting':
      return back(now);
    case 'frozen':
      return { tone: 'bad', title: now, detail: presentable(editorWords(fold.undoReason), 300) };
    case 'done':
      return busy(now, '');
  }
}

/** Index of the step that runs now. */
export function runningStep(fold: RunFold): number {
  return fold.stepStates.filter((state) => state === 'done').length;
}

const TONES: Record<Outcome, Tone> = {
  resolved: 'good',
  healthy: 'good',
  improved: 'warn',
  restored: 'warn',
  cancelled: 'warn',
  diverged: 'bad',
  stranded: 'bad',
  locked: 'warn',
};

function ending(result: RunResult, attempts: AttemptView[], context: HeadlineContext): RunSnapshot['headline'] {
  const last = attempts.at(-1);
  // Why nothing is left to try is told by the attempt that did not hold.
  const because = last && last.outcome !== 'committed' ? `. Last attempt ${last.outcome}: ${last.reason}` : '';
  const detail = presentable(editorWords(result.error ?? result.reason) + because, 500);
  const all =
    result.transactions.length > 0 && result.transactions.every((tx) => context.statuses.get(tx) === 'undone');
  if (all) {
    const title = 'Undone. The cluster is as it was before this run';
    return { tone: 'warn', title, detail: 'The readings below were taken before the undo' };
  }
  if (result.transactions.some((tx) => context.statuses.get(tx) === 'diverged')) {
    const title = 'A later undo could not restore every field';
    return { tone: 'bad', title, detail: 'Writers wait until it is settled: see the Undo stack of this run' };
  }
  if (result.error && result.outcome === 'restored')
    return { tone: 'bad', title: 'The run could not do its work', detail };
  return { tone: TONES[result.outcome], title: OUTCOME_TEXT[result.outcome], detail };
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
