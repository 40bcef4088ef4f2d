/**
 * Every boundary between journal, writer lock and API at which a process can die. Tests kill it at each of them; recovery must
 * then end in the checkpoint or the committed result.
 */
export const FAULT_POINTS = [
  'lock.before-write',
  'lock.after-write',
  'begin.before-journal',
  'begin.after-journal',
  'step.after-record',
  'step.after-rehearsal',
  'write.before-intent',
  'write.after-intent',
  'write.after-forward',
  'write.after-outcome',
  'step.after-kubectl',
  'commit.before',
  'commit.after',
  'undo.before-status',
  'undo.after-status',
  'undo.before-step',
  'undo.before-write',
  'undo.after-write',
  'undo.after-step',
  'undo.before-proof',
  'undo.after-proof',
  'undo.after-done',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Called at each point; tests end the process in it. */
export type FaultHook = (point: FaultPoint) => void;
