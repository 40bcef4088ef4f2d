import type { Hypothesis } from '../domain/brain.ts';
import type { Finding } from '../domain/finding.ts';
import type { RunEvent, RunOptions } from '../domain/run-event.ts';
import type { Severity } from '../domain/severity.ts';
import type { CorrelatedIncident } from '../domain/signals.ts';
import type { ShownSignals } from '../domain/signals-now.ts';
import type { Target } from '../domain/target.ts';
import type { IncidentRun } from './incident/incident-run.ts';
import type { AskApproval, AskBudget } from './incident/run-ports.ts';
import type { KeptOutcome, KeptWatchRequest } from './kept-changes.ts';
import type { OwnPlan } from './brains/own-plans.ts';
import type { PastRun } from './run-history.ts';
import type { WatchEvent, WatchLook } from './watch/watch-event.ts';

/**
 * Who thinks. `both`: playbooks first, a model when they have no fix or theirs were rejected; the default once a model is
 * configured, else `playbook`.
 */
export const BRAINS: readonly [string, ...string[]] = ['playbook', 'model', 'both'];

export interface MitigateRequest {
  target: Target;
  /** Absent: the default; see {@link BRAINS}. */
  brain?: string;
  options: RunOptions;
  /** `NAME=URL[,status=200][,samples=N]`, as in the CLI contract. */
  checks: string[];
  /** What the engineer wants to have tried before the brain's own plans; default: nothing. */
  plans?: readonly OwnPlan[];
  askApproval: AskApproval;
  /** Absent: models may spend no more than the budget. */
  askBudget?: AskBudget;
}

export interface WatchRequest {
  target: Target;
  /** As in {@link MitigateRequest}. */
  checks: string[];
  /** Between two looks, ms; default 15 s. */
  intervalMs?: number;
  /** What is open already, as a watch before told it last: it is not told of again. */
  open?: readonly CorrelatedIncident[];
  tell(event: WatchEvent): void;
  /** Hears of each look that could be judged, after what it tells. */
  looked?(look: WatchLook): void;
}

export interface Diagnosis {
  /** Most likely cause first. */
  findings: Finding[];
  hypotheses: Hypothesis[];
  /** What could not be looked at, one sentence each. */
  notes: string[];
  /** What telemetry showed; absent where none is read. */
  signals?: ShownSignals;
  severity: Severity;
  mu: number | null;
  oracles: Record<string, string>;
}

/** One namespace of a diagnosis of them all; `problem` says why it could not be looked at. */
export type NamespaceDiagnosis = { namespace: string; diagnosis: Diagnosis } | { namespace: string; problem: string };

/** Finding out what is wrong, and mending it. */
export interface Incidents {
  /** Creates a run; nothing happens until `start()`. */
  mitigate(request: MitigateRequest): Promise<IncidentRun>;
  diagnose(target: Target, checks: string[], signal: AbortSignal): Promise<Diagnosis>;
  /**
   * Every namespace of the target's cluster that the user may list, by name.
   * @param checks those that ask a Service are run for its namespace; others belong to none and are not run
   * @param tell hears how many of all are done
   * @throws ClusterError when they cannot be listed, or on cancel
   */
  diagnoseAll(
    target: Target,
    checks: string[],
    signal: AbortSignal,
    tell: (done: number, all: number) => void,
  ): Promise<NamespaceDiagnosis[]>;
  /**
   * Looks at a target now and then until the signal fires, and tells what opens and closes. Writes nothing.
   * @throws ClusterError, CheckUsageError before the first look; StratusError target-moved where the kubeconfig no longer
   * says what it said
   */
  watch(request: WatchRequest, signal: AbortSignal): Promise<void>;
  /**
   * Watches what a run of this process kept, and takes its transactions back where it got worse and somebody wants that.
   * Nothing to do where it kept nothing. @throws Error of an undo, cancel
   */
  watchKept(run: IncidentRun, request: KeptWatchRequest, signal: AbortSignal): Promise<KeptOutcome>;
  /** The newest `limit` runs of any window or terminal with this state folder, newest first. */
  runs(limit: number): Promise<PastRun[]>;
  /** The whole event log of a run. @throws Error when it is not there or damaged */
  events(id: string): Promise<RunEvent[]>;
  /** Whether a live process, this one or another, is at work on the run. */
  isActive(id: string): Promise<boolean>;
}
