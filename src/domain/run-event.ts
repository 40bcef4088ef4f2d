import type { BlastRadius } from './blast-radius.ts';
import type { Principal } from './autonomy.ts';
import type { Hypothesis } from './brain.ts';
import type { Budget, ModelCall, Usage } from './budget.ts';
import { NO_LIMIT } from './budget.ts';
import type { Evidence, Finding } from './finding.ts';
import type { LockLevel, OracleVerdict } from './ports.ts';
import type { Plan } from './plan.ts';
import type { CommitRule, CommitVerdict, Severity } from './severity.ts';
import type { ShownSignals } from './signals-now.ts';
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
  budget: Budget;
  /** Workloads whose calls a plan may reach unasked; absent: as `USUAL_MAX_CALLERS`, and what is unknown asks nobody. */
  maxCallers?: number;
}

export const DEFAULT_OPTIONS: RunOptions = {
  maxAttempts: 10,
  maxWrites: 20,
  wallClockMs: 30 * 60_000,
  commitRule: 'strict',
  allOrNothing: false,
  budget: NO_LIMIT,
};

export type Outcome =
  'resolved' | 'healthy' | 'improved' | 'restored' | 'cancelled' | 'diverged' | 'stranded' | 'locked';

/** How a run ended, as it is told to people. */
export const OUTCOME_TEXT: Readonly<Record<Outcome, string>> = {
  resolved: 'Resolved',
  healthy: 'Healthy',
  improved: 'Better, but not resolved',
  restored: 'Not resolved. The cluster is as it was',
  cancelled: 'Cancelled. The cluster is as it was',
  diverged: 'Undo could not restore every field',
  stranded: 'Undo is pending: the cluster did not answer',
  locked: 'Someone else is changing this cluster',
};
/** Of `locked`, where it was the same person. */
export const OWN_WRITER_TEXT = 'Another window or terminal of yours is changing this cluster';

/** Version of the event log; raised when older readers would misread a newer log. Written in `started`. */
export const RUN_LOG_SCHEMA = 2;

/** Events that drive the reducer. `at` is milliseconds since the epoch, stamped by the interpreter. */
export type MachineEvent = { at: number } &
  /** `brains`: the one that thinks first, then those that take over when it fails. */
  (
    | { type: 'started'; run: string; target: Target; brains: string[]; options: RunOptions; schema: number }
    | { type: 'detected'; severity: Severity; oracles: Record<string, OracleVerdict['state']> }
    /** `severity`: read anew meanwhile, because there was still time to start in the first reading. */
    | { type: 'diagnosed'; findings: Finding[]; hypotheses: Hypothesis[]; severity?: Severity }
    /** Without a plan `reason` says why; `escalate`: a person is needed, another brain is not asked. */
    | { type: 'planned'; plan: Plan | null; reason: string; escalate?: boolean }
    /** `radius`: of the plan, `stepRadii` of each of several steps; both are absent in older logs. */
    /** `person`: why, by what it writes or reaches, a person has to look at the plan. */
    | {
        type: 'rehearsed';
        steps: StepRehearsal[];
        hash: string;
        radius?: BlastRadius;
        stepRadii?: BlastRadius[];
        person?: string;
      }
    | { type: 'approved'; hash: string; by: Principal }
    /** `final`: nobody can be asked, so that asking again is of no use. */
    | { type: 'rejected'; reason: string; final?: true }
    | { type: 'lockAcquired'; level: LockLevel }
    /** `owed` and `own` as in LockResult. */
    | { type: 'lockDenied'; holder: string; reason: string; owed?: string; own?: true }
    | { type: 'checkpointed'; tx: string; severity: Severity }
    | { type: 'stepDone'; index: number; writes: number }
    | { type: 'stepFailed'; index: number; writes: number; reason: string }
    | { type: 'settled'; settled: boolean; pending: string[] }
    | {
        type: 'judged';
        severity: Severity;
        verdict: CommitVerdict;
        cheats: string[];
        /** What only time will show of what was written, in words; absent: nothing. */
        unproven?: string[];
      }
    | { type: 'commitRecorded'; tx: string }
    | { type: 'undone'; tx: string; result: UndoResult }
    | { type: 'verified'; severity: Severity }
    | { type: 'reflected'; lesson: string }
    /** A call of a model, whenever it ended. */
    | ({ type: 'usage'; agent?: AgentName; call?: ModelCall } & Usage)
    /** A person lets models spend more: the limits from now on. */
    | { type: 'budgetExtended'; budget: Budget }
    | { type: 'budgetRefused'; reason: string }
    | { type: 'effectFailed'; effect: string; reason: string }
    | { type: 'cancelRequested' }
    | { type: 'tick' }
    | { type: 'lockLost'; reason: string }
    | { type: 'contextMoved'; reason: string }
  );

export type MachineEventType = MachineEvent['type'];

export type AgentName = 'detection' | 'diagnosis' | 'mitigation' | 'undo';

/** Entries that only inform; the reducer never sees them. */
export type NoteEvent = { at: number } & (
  | { type: 'phase'; phase: string; attempt: number }
  | { type: 'thought'; agent: AgentName; text: string; partial?: boolean }
  | { type: 'toolCall'; agent: AgentName; tool: string; args: string; digest: string; evidence?: readonly Evidence[] }
  | { type: 'command'; argv: string[]; exitCode: number; stdout: string; stderr: string; writes: number }
  /** A proposed command that takes something away was replaced, before rehearsal, by commands that can be undone. */
  | { type: 'converted'; from: string[]; to: string[][]; reason: string }
  | { type: 'progress'; text: string }
  /** What telemetry showed when the cause was looked for; absent in older logs. */
  | { type: 'signals'; shown: ShownSignals }
  | { type: 'result'; result: RunResult }
);

/** An event before its moment is stamped. */
export type EventBody<E = MachineEvent> = E extends MachineEvent ? Omit<E, 'at'> : never;
/** A note before its moment is stamped. */
export type NoteBody<E = NoteEvent> = E extends NoteEvent ? Omit<E, 'at'> : never;

/** One line of the event log. */
export type RunEvent = MachineEvent | NoteEvent;

/** The last line of `stratus mitigate --json` (CLI contract, design section 9). */
export interface RunResult {
  outcome: Outcome;
  muBefore: number | null;
  muAfter: number | null;
  attempts: number;
  /** All HTTP writes, those of undos included. */
  writes: number;
  /** How many of `writes` took something back; absent in logs of former versions. */
  undoWrites?: number;
  seconds: number;
  /** US dollars that models cost; null where the price of one is not known. */
  costUsd: number | null;
  /** Tokens and calls of models; absent where none was asked. */
  models?: { tokens: number; calls: number };
  transactions: string[];
  findings: Finding[];
  /** Why the run ended as it did, one sentence. */
  reason: string;
  /** Unfinished transaction of one's own for whose sake nothing was begun; absent when none was in the way. */
  owed?: string;
  /** Set when the run could not do its work at all (exit 4). */
  error?: string;
}
