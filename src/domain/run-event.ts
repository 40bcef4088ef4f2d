import type { Finding } from './finding.ts';
import type { LockLevel, OracleVerdict } from './ports.ts';
import type { Plan } from './plan.ts';
import type { CommitRule, CommitVerdict, Severity } from './severity.ts';
import type { Target } from './target.ts';
import type { StepRehearsal, UndoResult } from './transaction.ts';

/** How a run is bounded and judged; fixed at its start. */
export interface RunOptions {
  maxAttempts: number;
  /** K: HTTP writes per transaction. */
  maxWrites: number;
  wallClockMs: number;
  commitRule: CommitRule;
  /** Keep nothing unless everything was resolved. */
  allOrNothing: boolean;
}

export const DEFAULT_OPTIONS: RunOptions = {
  maxAttempts: 10,
  maxWrites: 20,
  wallClockMs: 30 * 60_000,
  commitRule: 'strict',
  allOrNothing: false,
};

export type Outcome =
  'resolved' | 'healthy' | 'improved' | 'restored' | 'cancelled' | 'diverged' | 'stranded' | 'locked';

/** Events that drive the reducer. `at` is milliseconds since the epoch, stamped by the interpreter. */
export type MachineEvent = { at: number } & (
  | { type: 'started'; run: string; target: Target; brain: string; options: RunOptions }
  | { type: 'detected'; severity: Severity; oracles: Record<string, OracleVerdict['state']> }
  | { type: 'diagnosed'; findings: Finding[] }
  | { type: 'planned'; plan: Plan | null; reason: string }
  | { type: 'rehearsed'; steps: StepRehearsal[]; hash: string }
  | { type: 'approved'; hash: string; by: 'user' | 'flag' }
  | { type: 'rejected'; reason: string }
  | { type: 'lockAcquired'; level: LockLevel }
  | { type: 'lockDenied'; holder: string; reason: string }
  | { type: 'checkpointed'; tx: string; severity: Severity }
  | { type: 'stepDone'; index: number; writes: number }
  | { type: 'stepFailed'; index: number; writes: number; reason: string }
  | { type: 'settled'; settled: boolean; pending: string[] }
  | { type: 'judged'; severity: Severity; verdict: CommitVerdict; cheats: string[] }
  | { type: 'commitRecorded'; tx: string }
  | { type: 'undone'; tx: string; result: UndoResult }
  | { type: 'verified'; severity: Severity }
  | { type: 'reflected'; lesson: string }
  | { type: 'effectFailed'; effect: string; reason: string }
  | { type: 'cancelRequested' }
  | { type: 'tick' }
  | { type: 'lockLost'; reason: string }
  | { type: 'contextMoved'; reason: string }
);

export type MachineEventType = MachineEvent['type'];

/** Entries that only inform; the reducer never sees them. */
export type NoteEvent = { at: number } & (
  | { type: 'phase'; phase: string; attempt: number }
  | { type: 'thought'; agent: 'detection' | 'diagnosis' | 'mitigation' | 'undo'; text: string }
  | { type: 'command'; argv: string[]; exitCode: number; stdout: string; stderr: string; writes: number }
  /** A proposed command that takes something away was replaced, before rehearsal, by commands that can be undone. */
  | { type: 'converted'; from: string[]; to: string[][]; reason: string }
  | { type: 'progress'; text: string }
  | { type: 'result'; result: RunResult }
);

/** One line of the event log. */
export type RunEvent = MachineEvent | NoteEvent;

/** The last line of `stratus mitigate --json` (CLI contract, design section 9). */
export interface RunResult {
  outcome: Outcome;
  muBefore: number | null;
  muAfter: number | null;
  attempts: number;
  writes: number;
  seconds: number;
  costUsd: number;
  transactions: string[];
  findings: Finding[];
  /** Why the run ended as it did, one sentence. */
  reason: string;
  /** Set when the run could not do its work at all (exit 4). */
  error?: string;
}
