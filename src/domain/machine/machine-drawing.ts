import type { Phase } from '../run-state.ts';

/**
 * The machine as a table: what may follow what, and on which event. It is drawn into ARCHITECTURE.md; a property test
 * checks that every transition the reducer takes is in it and that every row is reachable.
 */
export interface Transition {
  from: Phase | 'any open' | 'any';
  to: Phase;
  on: string;
}

export const TRANSITIONS: Transition[] = [
  { from: 'idle', to: 'detecting', on: 'started' },
  { from: 'detecting', to: 'diagnosing', on: 'detected' },
  { from: 'detecting', to: 'done', on: 'detected: unknown, lockDenied: an undo comes first' },
  { from: 'diagnosing', to: 'planning', on: 'diagnosed' },
  { from: 'planning', to: 'planning', on: 'planned' },
  { from: 'planning', to: 'awaitingApproval', on: 'rehearsed' },
  { from: 'planning', to: 'reflecting', on: 'rehearsed: refused, planned: tried before' },
  { from: 'planning', to: 'diagnosing', on: 'another brain takes over' },
  { from: 'diagnosing', to: 'diagnosing', on: 'another brain takes over' },
  { from: 'planning', to: 'done', on: 'planned: nothing left' },
  { from: 'awaitingApproval', to: 'locking', on: 'approved' },
  { from: 'awaitingApproval', to: 'reflecting', on: 'rejected' },
  { from: 'locking', to: 'checkpointing', on: 'lockAcquired' },
  { from: 'locking', to: 'done', on: 'lockDenied' },
  { from: 'checkpointing', to: 'executing', on: 'checkpointed' },
  { from: 'checkpointing', to: 'undoing', on: 'checkpointed: severity unknown' },
  { from: 'executing', to: 'executing', on: 'stepDone' },
  { from: 'executing', to: 'settling', on: 'stepDone: last' },
  { from: 'executing', to: 'undoing', on: 'stepFailed' },
  { from: 'settling', to: 'judging', on: 'settled' },
  { from: 'judging', to: 'committing', on: 'judged: commit' },
  { from: 'judging', to: 'undoing', on: 'judged: undo' },
  { from: 'committing', to: 'done', on: 'commitRecorded: resolved' },
  { from: 'committing', to: 'planning', on: 'commitRecorded' },
  { from: 'committing', to: 'undoing', on: 'effectFailed' },
  { from: 'undoing', to: 'verifying', on: 'undone' },
  { from: 'undoing', to: 'undoing', on: 'undone: more to undo' },
  { from: 'undoing', to: 'done', on: 'undone: diverged or stranded' },
  { from: 'verifying', to: 'reflecting', on: 'verified' },
  { from: 'verifying', to: 'done', on: 'verified: stopped, or it got well by itself' },
  { from: 'reflecting', to: 'planning', on: 'reflected' },
  { from: 'reflecting', to: 'done', on: 'reflected: no attempt left' },
  { from: 'diagnosing', to: 'done', on: 'diagnosed: healthy, effectFailed' },
  { from: 'awaitingApproval', to: 'diagnosing', on: 'rejected for good: another brain takes over' },
  { from: 'awaitingApproval', to: 'done', on: 'rejected for good, effectFailed, time limit' },
  { from: 'checkpointing', to: 'done', on: 'effectFailed' },
  { from: 'settling', to: 'undoing', on: 'effectFailed' },
  { from: 'locking', to: 'undoing', on: 'time limit, all-or-nothing' },
  { from: 'any', to: 'askingBudget', on: 'budget spent, nothing open' },
  { from: 'askingBudget', to: 'diagnosing', on: 'budgetExtended, budgetRefused: another brain takes over' },
  { from: 'askingBudget', to: 'done', on: 'budgetRefused' },
  { from: 'any', to: 'aborting', on: 'cancelRequested, time limit, budget spent' },
  { from: 'any open', to: 'frozen', on: 'lockLost, contextMoved' },
  { from: 'any', to: 'frozen', on: 'all-or-nothing: what was committed is undone' },
  { from: 'aborting', to: 'undoing', on: 'effect ended' },
  { from: 'aborting', to: 'done', on: 'effect ended, nothing open' },
  { from: 'frozen', to: 'undoing', on: 'lockAcquired' },
  { from: 'frozen', to: 'done', on: 'lockDenied: stranded' },
];

/** Mermaid state diagram of the table. */
export function mermaid(): string {
  const lines = ['stateDiagram-v2', '  direction LR', '  [*] --> idle'];
  for (const { from, to, on } of TRANSITIONS) {
    const source = from === 'any' ? 'anyPhase' : from === 'any open' ? 'openTransaction' : from;
    lines.push(`  ${source} --> ${to} : ${on.replaceAll(':', ' -')}`);
  }
  lines.push('  done --> [*]');
  return lines.join('\n');
}
