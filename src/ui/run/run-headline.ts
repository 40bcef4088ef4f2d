import type { Outcome, RunResult } from '../../domain/run-event.ts';
import { OUTCOME_TEXT, OWN_WRITER_TEXT } from '../../domain/run-event.ts';
import { PHASE_TEXT } from '../../domain/run-state.ts';
import { missingText } from '../../domain/transaction.ts';
import type { KeptWatchView } from '../../../webview/protocol/kept-watch-view.ts';
import type { RunSnapshot, Tone } from '../../../webview/protocol/run-snapshot.ts';
import { editorWords } from '../editor/editor-words.ts';
import type { Aftermath, JournalNotes } from './aftermath.ts';
import type { RunFold } from './run-fold.ts';
import { presentable } from '../../text/redact.ts';

export interface HeadlineContext {
  /** Hash of the plan that waits for an answer here; null when none does. */
  awaiting: string | null;
  /** Read from the event log of a run that does not go on in this window. */
  past: boolean;
  /** It goes on in another window or terminal. */
  elsewhere: boolean;
  /** What the journal says of this run's transactions, and of one that it would have had to wait for. */
  notes: JournalNotes;
  /** How watching what it kept goes on; null where it is not watched. */
  kept: KeptWatchView | null;
}

type Headline = RunSnapshot['headline'];

/** Nothing of the run goes on any more, here or elsewhere. */
export function isOver(fold: RunFold, { past, elsewhere }: HeadlineContext): boolean {
  return fold.result !== null || (past && !elsewhere);
}

/** What the run is doing, or how it ended, in one line and its detail. */
export function headlineOf(fold: RunFold, context: HeadlineContext, aftermath: Aftermath): Headline {
  if (fold.result) {
    const later = afterwards(fold, context.notes, aftermath) ?? worseSince(context.kept);
    return later ?? ending(fold, fold.result, context.notes);
  }
  if (context.elsewhere)
    return { tone: 'warn', title: 'This run goes on in another window or terminal', detail: 'It is answered there' };
  if (context.past) return interrupted(fold, context.notes, aftermath);
  return working(fold, context);
}

function working(fold: RunFold, context: HeadlineContext): Headline {
  const title = fold.plan ? presentable(fold.plan.plan.title, 300) : '';
  const now = sentence(PHASE_TEXT[fold.phase]);
  const steps = fold.plan?.plan.steps.length ?? 0;
  const busy = (text: string, detail: string): Headline => ({
    tone: 'busy',
    title: text,
    detail: fold.progress || detail,
  });
  const back = (text: string): Headline => ({
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
      return fold.plan?.outcome === null
        ? busy('Rehearsing the fix', title)
        : busy(now, 'Smallest change that removes the cause');
    case 'askingBudget':
      return { tone: 'ask', title: now, detail: 'Its limit is reached; answer the question to go on' };
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
  return (fold.plan?.stepStates ?? []).filter((state) => state === 'done').length;
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

/** Of a run that never began a change. */
const UNTOUCHED: Partial<Record<Outcome, string>> = {
  restored: 'Not resolved. Nothing was changed',
  cancelled: 'Cancelled before any change',
};

function ending(fold: RunFold, result: RunResult, notes: JournalNotes): Headline {
  if (fold.owed && result.outcome === 'locked') return unfinished(fold.owed, notes);
  const last = fold.plans.findLast(({ outcome }) => outcome !== null);
  const tried = last && last.outcome !== 'committed';
  // Why nothing is left to try is told by the attempt that did not hold.
  const because = tried ? `. Last attempt ${ATTEMPTS[last.outcome!]}: ${last.reason}` : '';
  const told = editorWords(result.error ?? result.reason) + because;
  const [tone, title] = titleOf(fold, result);
  const untouched = fold.transactions.length === 0 && result.outcome !== 'healthy';
  const unsaid = untouched && !/any change|Nothing was changed/.test(title);
  return { tone, title, detail: presentable(unsaid ? `${told}. Nothing was changed` : told, 500) };
}

function titleOf(fold: RunFold, { outcome, error }: RunResult): [Tone, string] {
  if (error && outcome === 'restored') return ['bad', 'The run could not do its work'];
  if (outcome === 'locked' && fold.ownWriter) return ['warn', OWN_WRITER_TEXT];
  return [TONES[outcome], (fold.transactions.length === 0 && UNTOUCHED[outcome]) || OUTCOME_TEXT[outcome]];
}

const ATTEMPTS: Record<NonNullable<RunFold['plans'][number]['outcome']>, string> = {
  committed: 'kept',
  undone: 'undone',
  unfinished: 'not undone completely',
  rejected: 'rejected',
  failed: 'not run',
};

/** A transaction of one's own came first: nobody else is in the way. */
function unfinished(owed: string, notes: JournalNotes): Headline {
  const note = notes.get(owed);
  if (note?.status === 'undone' || note?.status === 'committed') {
    const what = note.status === 'undone' ? 'undone' : 'kept';
    return {
      tone: 'warn',
      title: `Your unfinished change is ${what} now`,
      detail: 'This run had not begun: run it again',
    };
  }
  const what = note?.status === 'diverged' ? 'was not fully restored' : 'was interrupted';
  const which = note?.title ? ` (${presentable(note.title, 200)})` : '';
  const detail = `A change of yours on this cluster ${what}${which}. Nothing new is changed here until it is undone or kept`;
  return { tone: 'bad', title: 'Your undo is unfinished', detail };
}

/** What became of it after its end; null where everything stands as the run left it. */
function afterwards(fold: RunFold, notes: JournalNotes, aftermath: Aftermath): Headline | null {
  const { outcome } = fold.result!;
  const earlier = 'The readings below were taken before the undo';
  switch (aftermath) {
    case 'undone':
      return wholly(fold, notes, 'Undone. The cluster is as it was before this run', earlier);
    case 'partly': {
      const undone = fold.left.filter((id) => notes.get(id)?.status === 'undone').length;
      const title = `Partly undone: ${undone} of ${fold.left.length} changes were taken back`;
      return { tone: 'warn', title, detail: earlier };
    }
    case 'undoing':
      return { tone: 'warn', title: 'Its change is being undone', detail: earlier };
    case 'diverged': {
      const title = outcome === 'diverged' ? OUTCOME_TEXT.diverged : 'A later undo could not restore every field';
      return { tone: 'bad', title, detail: 'Writers wait until it is settled: see the Undo stack of this run' };
    }
    case 'interrupted': {
      if (outcome === 'stranded') return null;
      return {
        tone: 'bad',
        title: 'Your undo is unfinished',
        detail: 'It was interrupted: see the Undo stack of this run',
      };
    }
    case 'stands': {
      const given = outcome === 'diverged' || outcome === 'stranded';
      const kept = fold.left.length > 0 && fold.left.every((id) => notes.get(id)?.status === 'committed');
      if (!given || !kept) return null;
      return {
        tone: 'warn',
        title: 'Not resolved. Kept as it stands',
        detail: 'Its undo was not completed, by decision',
      };
    }
  }
}

/** What got worse after the end; null where nothing is known to have. */
function worseSince(kept: KeptWatchView | null): Headline | null {
  if (kept?.state === 'asking')
    return { tone: 'ask', title: 'Worse since the change was kept: undo it?', detail: kept.reason };
  if (kept?.state === 'undoing') return { tone: 'warn', title: 'Taking the change back', detail: kept.reason };
  if (kept?.state === 'left') return { tone: 'warn', title: 'Worse since the change was kept', detail: kept.reason };
  return null;
}

/** All is undone, which says it is as before only where nothing is missing. */
function wholly(fold: RunFold, notes: JournalNotes, title: string, detail: string): Headline {
  const missing = fold.left.flatMap((id) => {
    const undo = notes.get(id)?.undo;
    const text = undo?.outcome === 'undone' ? missingText(undo.proof) : '';
    return text ? [text] : [];
  });
  if (missing.length === 0) return { tone: 'warn', title, detail };
  return { tone: 'bad', title: 'Undone, but not all is as before', detail: presentable(missing.join('; '), 500) };
}

/** A run that ended with its window or terminal. */
function interrupted(fold: RunFold, notes: JournalNotes, aftermath: Aftermath): Headline {
  const { left } = fold;
  if (aftermath === 'undone')
    return wholly(
      fold,
      notes,
      'Interrupted. The cluster is as it was before this run',
      'What it had changed was undone',
    );
  if (aftermath === 'interrupted' || aftermath === 'diverged' || aftermath === 'undoing') {
    const detail = {
      interrupted: 'The change is neither kept nor undone: decide in the Undo stack',
      diverged: 'Undo could not restore every field of the change: decide in the Undo stack',
      undoing: 'The change is being undone',
    }[aftermath];
    return { tone: 'bad', title: 'Interrupted amid a change', detail };
  }
  if (fold.transactions.some(({ id, state }) => state === 'open' && !notes.has(id)))
    return { tone: 'warn', title: 'Interrupted amid a change', detail: 'What became of it is in the Undo stack' };
  if (left.length > 0) {
    const title =
      aftermath === 'partly' ? 'Interrupted. Some of its changes were undone' : 'Interrupted. Its change stands';
    return { tone: 'warn', title, detail: 'What it changed is in the Undo stack' };
  }
  if (fold.transactions.length > 0) {
    const title = 'Interrupted. The cluster is as it was before this run';
    return { tone: 'warn', title, detail: 'What it had tried was undone' };
  }
  return { tone: 'warn', title: 'Interrupted before any change', detail: 'Nothing was changed. Run it again to go on' };
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
