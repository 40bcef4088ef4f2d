import type { RunResult } from '../../domain/run-event.ts';
import type { Phase } from '../../domain/run-state.ts';
import type { Stage, StageState } from '../../../webview/protocol/run-snapshot.ts';
import type { Aftermath } from './aftermath.ts';

/** Stages of the view: id, label and the phases of the machine that belong to it. */
export const FORWARD: [string, string, Phase[]][] = [
  ['detect', 'Detect', ['idle', 'detecting']],
  ['diagnose', 'Diagnose', ['diagnosing', 'askingBudget']],
  ['plan', 'Plan', ['planning']],
  ['approve', 'Approve', ['awaitingApproval']],
  ['apply', 'Apply', ['locking', 'checkpointing', 'executing']],
  ['settle', 'Settle', ['settling']],
  ['judge', 'Judge', ['judging']],
  ['commit', 'Keep', ['committing']],
];
export const BACK: [string, string, Phase[]][] = [
  ['undo', 'Undo', ['undoing', 'aborting', 'frozen']],
  ['verify', 'Verify', ['verifying']],
  ['reflect', 'Learn', ['reflecting']],
];

/** How far a run has got: indexes into FORWARD and BACK, -1 where it is not on the way back. */
interface Progress {
  forward: number;
  back: number;
  result: RunResult | null;
}

/** Aftermaths in which the way back was gone, and how that ended. */
const WAY_BACK: Partial<Record<Aftermath, StageState>> = {
  undone: 'done',
  partly: 'done',
  undoing: 'now',
  diverged: 'failed',
  interrupted: 'failed',
};

/** The stages as they stand. @param over nothing of the run goes on any more */
export function stagesOf(fold: Progress, over: boolean, aftermath: Aftermath): { forward: Stage[]; back: Stage[] } {
  const outcome = fold.result?.outcome;
  const ended = outcome !== undefined;
  const success = outcome === 'resolved' || outcome === 'improved';
  const later = WAY_BACK[aftermath];
  const onWayBack = fold.back >= 0;
  const forward = FORWARD.map(([id, label], index): Stage => {
    let state: StageState = index < fold.forward ? 'done' : index > fold.forward ? 'todo' : 'now';
    if (index === fold.forward && onWayBack) state = 'failed';
    // A run that had to end here did not get through this stage.
    if (ended && index === fold.forward && !onWayBack) state = outcome === 'healthy' ? 'done' : 'failed';
    if (success) state = id === 'commit' && later && aftermath !== 'partly' ? 'failed' : 'done';
    if (over && !ended && state === 'now') state = 'failed';
    return { id, label, state };
  });
  const back = BACK.map(([id, label], index): Stage => {
    if (later) return { id, label, state: id === 'undo' || (id === 'verify' && later === 'done') ? later : 'todo' };
    if (!onWayBack || index > fold.back) return { id, label, state: 'todo' };
    if (index < fold.back) return { id, label, state: 'done' };
    const failed = outcome === 'diverged' || outcome === 'stranded';
    return { id, label, state: !ended ? (over ? 'failed' : 'now') : failed ? 'failed' : 'done' };
  });
  return { forward, back };
}
