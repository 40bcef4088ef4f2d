import type { Reach } from '../../kube/name-change.ts';
import type { Conversion } from '../../agents/conversion/conversion.ts';
import type { Principal } from '../../domain/autonomy.ts';
import type { KnownAction } from '../../domain/action.ts';
import type { Brain, EvidenceReads } from '../../domain/brain.ts';
import type { Clock } from '../../domain/clock.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import type { Plan } from '../../domain/plan.ts';
import type {
  Confirmation,
  LockResult,
  Settler,
  SeverityReading,
  TransactionManager,
  WriterLock,
} from '../../domain/ports.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { Severity } from '../../domain/severity.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { StepRehearsal } from '../../domain/transaction.ts';

/** What an engineer, or the policy in force, answers to a plan. `hash` repeats what was shown. */
export type ApprovalAnswer =
  { approve: true; hash: string; by: Principal } | { approve: false; reason: string; final?: true };

export type AskApproval = (
  request: { plan: Plan; steps: StepRehearsal[]; hash: string },
  signal: AbortSignal,
) => Promise<ApprovalAnswer>;

/** @param limit what is reached, in words */
export type AskBudget = (limit: string, signal: AbortSignal) => Promise<boolean>;

export interface SeverityProbe {
  /**
   * Two equal consecutive readings (design 11.1), bounded; every oracle speaks of a moment after `after`, what is awaited since is
   * told, and what is still bad gets the time that a write needs to reach everybody.
   */
  baseline(
    signal: AbortSignal,
    after?: number,
    progress?: (text: string) => void,
    reach?: Reach | null,
  ): Promise<SeverityReading>;
  read(signal: AbortSignal): Promise<SeverityReading>;
  /** A reading in which nothing is moving any more, within the time that probes allow; null when nothing was in the last one. */
  standstill(signal: AbortSignal, progress?: (text: string) => void): Promise<SeverityReading | null>;
  /** A reading in which early signs of the last one have become items or are over; null when there were none. */
  ripening(signal: AbortSignal, progress?: (text: string) => void): Promise<SeverityReading | null>;
}

export interface IncidentRunPorts {
  /** The one that thinks first, then those that take over when it fails or knows no more. */
  brains: readonly Brain[];
  cluster: EvidenceReads;
  severity: SeverityProbe;
  transactions: TransactionManager;
  settler: Settler;
  confirmation: Confirmation;
  lock: WriterLock;
  clock: Clock;
  askApproval: AskApproval;
  /** Whether models may spend as much again; absent: nobody can be asked. */
  askBudget?: AskBudget;
  /** What stands in for a command that takes something away; `later` are the commands after it in the plan. */
  convert(argv: string[], later: string[][]): Promise<Conversion>;
  /** Null when an agent may run the command (argv without the word kubectl), else why not. */
  confine(argv: string[], files: Plan['files']): string | null;
  /** Objects that a write to one of `roots` may affect, the roots included, as things are in any of the snapshots. */
  isAffected(roots: ObjectRef[], ...snapshots: ClusterSnapshot[]): (object: ObjectRef) => boolean;
  /** What of the start's inventory was deleted or scaled away (design section 2, "no cheat"). */
  cheats(start: ClusterSnapshot, now: ClusterSnapshot): string[];
  /** The refusal to come where an unfinished transaction of one's own is owed to the cluster; null where none is. */
  owed(): Promise<Extract<LockResult, { ok: false }> | null>;
  /** Null while the kubeconfig still says what it said at the start (I10), else what changed. */
  targetMoved(): Promise<string | null>;
  /** What a kubectl command that only reads prints. @throws Error for any other */
  read?(argv: string[], signal: AbortSignal): Promise<string>;
  /** Declared actions that can be had. */
  actions(): Promise<readonly KnownAction[]>;
  /** What telemetry shows besides; absent where none is read. Never rejects but on cancel. */
  signals?(snapshot: ClusterSnapshot, severity: Severity, signal: AbortSignal): Promise<SignalsNow>;
  /** Told at the start: what else is read, and what of it does not answer. */
  notes?: readonly string[];
  /** Durable sink of the event log. */
  record(event: RunEvent): void;
  hash(text: string): string;
}
