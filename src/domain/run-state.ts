import type { AttemptRecord, Hypothesis } from './brain.ts';
import type { Spent } from './budget.ts';
import { NOTHING_SPENT } from './budget.ts';
import type { Finding } from './finding.ts';
import type { Plan } from './plan.ts';
import type { Outcome, RunOptions } from './run-event.ts';
import type { Severity } from './severity.ts';
import type { StepRehearsal } from './transaction.ts';

export type Phase =
  | 'idle'
  | 'detecting'
  | 'diagnosing'
  | 'planning'
  | 'awaitingApproval'
  | 'locking'
  | 'checkpointing'
  | 'executing'
  | 'settling'
  | 'judging'
  | 'committing'
  | 'undoing'
  | 'verifying'
  | 'reflecting'
  | 'askingBudget'
  | 'aborting'
  | 'frozen'
  | 'done';

/** What goes on in a phase, as it is told to people. */
export const PHASE_TEXT: Readonly<Record<Phase, string>> = {
  idle: 'starting',
  detecting: 'reading the cluster',
  diagnosing: 'looking for the cause',
  planning: 'choosing a fix',
  awaitingApproval: 'waiting for your approval',
  locking: 'taking the writer lock',
  checkpointing: 'recording the way back',
  executing: 'applying the change',
  settling: 'waiting for the cluster to settle',
  judging: 'judging the result',
  committing: 'keeping the change',
  undoing: 'undoing the change',
  verifying: 'checking that everything is as before',
  reflecting: 'learning from the attempt',
  askingBudget: 'asking whether the model may spend more',
  aborting: 'stopping; what was changed is undone first',
  frozen: 'frozen: nothing more is written',
  done: 'finishing',
};

export type StopReason = 'cancel' | 'wall-clock' | 'budget';

export interface RunState {
  phase: Phase;
  options: RunOptions | null;
  startedAt: number;
  brains: string[];
  /** Index of the brain that thinks now. */
  brain: number;
  spent: Spent;
  /** The budget of models is spent, and more was refused: only brains that need none go on. */
  capped: boolean;
  attempt: number;
  /** Severity at incident start; the baseline of "resolved". */
  initial: Severity | null;
  /** Severity at the open transaction's checkpoint; the baseline of commit. */
  baseline: Severity | null;
  /** Latest known reading. */
  current: Severity | null;
  findings: Finding[];
  hypotheses: Hypothesis[];
  plan: Plan | null;
  rehearsal: StepRehearsal[];
  /** What the approval is bound to. */
  approvalHash: string | null;
  /** Open transaction, undone or committed before another opens. */
  tx: string | null;
  txWrites: number;
  totalWrites: number;
  /** Those of `totalWrites` that took something back. */
  undoWrites: number;
  stepIndex: number;
  attempts: AttemptRecord[];
  /** Plans proposed one after the other that had been tried before. */
  repeats: number;
  committed: string[];
  /** What only time will show of what was kept, in words. */
  unproven: string[];
  /** Why the open transaction is being undone. */
  undoReason: string;
  /** What an undo found lost; empty when nothing was. */
  losses: string;
  /** Committed transactions still to undo (all-or-nothing). */
  undoQueue: string[];
  unwinding: boolean;
  locked: boolean;
  stop: StopReason | null;
  /** Unfinished transaction of one's own that has to come first. */
  owed: string | null;
  outcome: Outcome | null;
  reason: string;
  error: string | null;
}

export const INITIAL_STATE: RunState = {
  phase: 'idle',
  options: null,
  startedAt: 0,
  brains: [],
  brain: 0,
  spent: NOTHING_SPENT,
  capped: false,
  attempt: 0,
  initial: null,
  baseline: null,
  current: null,
  findings: [],
  hypotheses: [],
  plan: null,
  rehearsal: [],
  approvalHash: null,
  tx: null,
  txWrites: 0,
  totalWrites: 0,
  undoWrites: 0,
  stepIndex: 0,
  attempts: [],
  repeats: 0,
  committed: [],
  unproven: [],
  undoReason: '',
  losses: '',
  undoQueue: [],
  unwinding: false,
  locked: false,
  stop: null,
  owed: null,
  outcome: null,
  reason: '',
  error: null,
};
