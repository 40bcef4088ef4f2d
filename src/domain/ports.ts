import type { KubeObject, ObjectRef } from './kube-object.ts';
import type { CommandPlan, TransactionStep } from './plan.ts';
import type { Severity, SeverityItem } from './severity.ts';
import type { ClusterSnapshot } from './snapshot.ts';
import type {
  Acceptance,
  Loss,
  StepRehearsal,
  StepResult,
  TransactionSummary,
  UndoResult,
  WrittenObject,
} from './transaction.ts';

/** What a run needs from the world below it. Every method may take long and honours the signal. */

export interface TransactionOpening {
  run: string;
  title: string;
  /** K of the paper: at most this many HTTP writes. */
  maxWrites: number;
  /** Objects of other namespaces are not written; absent: any may be. */
  namespace?: string;
  /** What a person has accepted beforehand; without it writes that need it are refused. Agents accept nothing. */
  accept?: Acceptance[];
}

/** An open transaction: the only way to write. */
export interface OpenTransaction {
  readonly id: string;
  /** Dry-runs one step inside the transaction, then runs it; journals every write before it is forwarded (I3). */
  execute(step: TransactionStep, files: CommandPlan['files'], signal: AbortSignal): Promise<StepResult>;
  /** Objects written so far. */
  roots(): ObjectRef[];
  writes(): number;
  /** The same with what was there before; what was rejected is left out. */
  written(): WrittenObject[];
  /**
   * What vanished since the checkpoint, whoever took it away, and neither a forecast announced nor a person accepted.
   * @throws Error where nothing is known to have, and what was listed at the checkpoint can no longer be
   */
  unacceptedLosses(): Promise<Loss[]>;
  commit(): Promise<void>;
  /** Replays the inverse writes and verifies the result. Safe to call again after a crash or a lost connection. */
  undo(signal: AbortSignal): Promise<UndoResult>;
  /** Closes loopback listeners and children; the journal stays. */
  dispose(): Promise<void>;
}

export interface TransactionManager {
  /** @param accept what is not refused, only told (`needs` of the steps); default: nothing */
  rehearse(plan: CommandPlan, signal: AbortSignal, accept?: readonly Acceptance[]): Promise<StepRehearsal[]>;
  begin(opening: TransactionOpening): Promise<OpenTransaction>;
  list(): Promise<TransactionSummary[]>;
  /** Takes up an existing transaction for undo (`stratus undo`) or recovery. */
  reopen(id: string): Promise<OpenTransaction>;
}

/** Snapshots that follow each other, each as good as one by itself. */
export interface SnapshotSeries {
  /** @throws ClusterError as {@link ClusterReader.snapshot} */
  next(signal: AbortSignal): Promise<ClusterSnapshot>;
  /** Ends what was kept open for the next one. */
  close(): void;
}

export interface ClusterReader {
  /**
   * Everything the analyzers and oracles look at, through the gateway's read mode.
   * @throws ClusterError unknown-namespace, unreachable, unauthorized …
   */
  snapshot(signal: AbortSignal): Promise<ClusterSnapshot>;
  /**
   * For who reads again and again: what takes long to list is watched in between. Nothing is sent before `next`.
   * @param believedMs a stream is believed for this long without a new list, ms; default 5 s
   */
  follow(believedMs?: number): SnapshotSeries;
  readLog(namespace: string, pod: string, container: string, previous: boolean): Promise<string[]>;
  get(ref: ObjectRef): Promise<KubeObject | null>;
  list(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>, namespace?: string): Promise<KubeObject[]>;
}

/** One independent check of health (I8). `absent`: not configured, fixed at incident start. */
export type OracleVerdict =
  /**
   * `asOf`: of which moment it speaks, milliseconds since the epoch; absent: of the snapshot's. `notes`: what it does not
   * judge, and what is to be reckoned with, one sentence each.
   */
  | { state: 'ok' | 'bad'; items: SeverityItem[]; asOf?: number; notes?: readonly string[] }
  | { state: 'unknown'; reason: string }
  | { state: 'absent'; reason: string };

/** How an oracle follows what it watches. */
export interface OracleTiming {
  /** What it says may be this old, in ms (a scrape and an evaluation interval). */
  lagMs: number;
  /** After a change that repairs something, what it calls bad may turn good by itself for this long, in ms. */
  settleMs: number;
  /** It follows its own past, not objects (an alert over a window): it takes that long whatever they look like. */
  settlesLate?: boolean;
}

export interface Oracle {
  readonly name: string;
  /** Absent: it sees at once, and what it says stays. */
  readonly timing?: OracleTiming;
  evaluate(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict>;
}

export interface SettleResult {
  settled: boolean;
  /** What was still moving at the deadline. */
  pending: string[];
  /** Why what was written is not what made it well, in one sentence; absent: nothing speaks for that. */
  unaided?: string;
}

export interface Settler {
  /** Waits by events until roots and their dependents converge or a deadline derived from their probes passes. */
  settle(roots: ObjectRef[], signal: AbortSignal, progress: (text: string) => void): Promise<SettleResult>;
}

export interface Confirmation {
  /**
   * Waits as long as somebody else may take back what was written (autoscalers, CronJobs, GitOps), and not at all where
   * nobody does. Null when it stays, else what was taken back and by whom, in words.
   */
  confirm(
    written: WrittenObject[],
    before: ClusterSnapshot,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<string | null>;
}

/** `fenced`: admission policies of the cluster enforce the lock; `client-side`: only Stratus itself keeps to it. */
export type LockLevel = 'fenced' | 'client-side';

export type LockResult =
  | { ok: true; level: LockLevel }
  /**
   * `owed`: no other writer is in the way, but this unfinished transaction of one's own. `own`: the writer at work is
   * another window or terminal of the same person.
   */
  | { ok: false; holder: string; reason: string; owed?: string; own?: true };

/** The A-Lock: one writer per cluster (I5). */
export interface WriterLock {
  acquire(tx: string, signal: AbortSignal): Promise<LockResult>;
  /** Called before each write and on a timer; false means lost: freeze. */
  renew(): Promise<boolean>;
  /** Records the phase so that another writer can tell a dirty lock. */
  mark(phase: string): Promise<void>;
  release(): Promise<void>;
}

export interface SeverityReading {
  severity: Severity;
  /** What is bad by those oracles that answered; absent where severity is known, and where nothing was read. */
  seen?: SeverityItem[];
  snapshot: ClusterSnapshot;
  /** Oracle name -> state, printed at incident start. */
  oracles: Record<string, OracleVerdict['state']>;
  /** Oracle name -> why it has nothing to look at; absent where each has. */
  absent?: Readonly<Record<string, string>>;
  /** The oldest moment that an oracle spoke of, milliseconds since the epoch. */
  asOf: number;
  /** What oracles do not judge, and what is to be reckoned with, one sentence each, beginning with the oracle's name. */
  notes?: readonly string[];
}
