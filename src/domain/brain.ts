import type { KnownAction } from './action.ts';
import type { Budget, ModelCall, Usage } from './budget.ts';
import type { Clock } from './clock.ts';
import type { Evidence, Finding } from './finding.ts';
import type { KubeObject, ObjectRef } from './kube-object.ts';
import type { Plan } from './plan.ts';
import type { Severity } from './severity.ts';
import { isFruitless } from './severity.ts';
import type { SignalsNow } from './signals-now.ts';
import type { ClusterSnapshot } from './snapshot.ts';
import type { Target } from './target.ts';
import type { StepRehearsal } from './transaction.ts';

/** What an attempt that was not kept taught (paper: reflection feeds the next plan). */
export interface AttemptRecord {
  attempt: number;
  plan: Plan;
  /** `repeated`: the plan had been tried before and was not run again. */
  outcome: 'committed' | 'undone' | 'rejected' | 'failed' | 'repeated';
  reason: string;
  /** What the brain concluded; empty until it has reflected. */
  lesson: string;
}

/**
 * Attempts whose plans are not to be tried again. What was undone because it made nothing better, before something else
 * was mended, may have been the second of two things that both had to be right.
 */
export function standingAttempts(attempts: readonly AttemptRecord[]): AttemptRecord[] {
  const mended = attempts.findLastIndex(({ outcome }) => outcome === 'committed');
  return attempts.filter(
    ({ outcome, reason }, index) => index > mended || outcome !== 'undone' || !isFruitless(reason),
  );
}

/** Reads that a brain may ask for beyond the snapshot, all through the gateway's read mode; Secret values are blank. */
export interface EvidenceReads {
  /** Last lines of a container's log; empty when there is none. */
  readLog(namespace: string, pod: string, container: string, previous: boolean): Promise<string[]>;
  /** Null when it does not exist. */
  get(ref: ObjectRef): Promise<KubeObject | null>;
  /**
   * All of a kind in a namespace, or everywhere without one; none where the server does not serve it.
   * @throws ClusterError, `forbidden` for instance: not an empty answer
   */
  list(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>, namespace?: string): Promise<KubeObject[]>;
}

/** What a brain shows of its work while it works. */
export type BrainEmission =
  /** `partial`: more of the same sentence follows and replaces it. */
  | { type: 'thought'; text: string; partial?: boolean }
  /** `args` and `digest` (what the tool answered, in short) are untrusted text; `evidence`: the facts in the answer. */
  | { type: 'toolCall'; tool: string; args: string; digest: string; evidence?: readonly Evidence[] }
  | ({ type: 'usage'; call?: ModelCall } & Usage);

/** Everything that a brain may know and use. */
export interface BrainContext {
  run: string;
  target: Target;
  snapshot: ClusterSnapshot;
  severity: Severity;
  evidence: EvidenceReads;
  /** Tries a plan without effect, confined and converted as any other; absent where nothing can be written. */
  rehearse?(plan: Plan): Promise<StepRehearsal[]>;
  /** One kubectl command that only reads, confined, in the gateway's read mode; its output. Absent: there is no kubectl. */
  read?(argv: string[], signal: AbortSignal): Promise<string>;
  /** What telemetry shows; absent where none is read. */
  signals?: SignalsNow;
  /** Declared actions that can be had; only allowed ones are ever run. Absent: none. */
  actions?: readonly KnownAction[];
  clock: Clock;
  /** What is left of it when the call begins. */
  budget: Budget;
  /** Aborts on cancel, at the deadline and when the budget is spent; the call is not waited for any longer then. */
  signal: AbortSignal;
  emit(emission: BrainEmission): void;
}

/** A cause that the evidence speaks for. */
export interface Hypothesis {
  /** Id of the finding that names the cause. */
  cause: string;
  /** Ids of the findings that are its symptoms. */
  explains: string[];
  /** 0..1 */
  confidence: number;
  /** `FINDING#n`: the n-th evidence of a finding. */
  evidence: string[];
  /** What the model itself says, 0..1; absent where no model was asked for a number. */
  own?: number;
  /** Rule or model that says so. */
  by: string;
}

export interface BrainDiagnosis {
  /** Most likely cause first. */
  findings: Finding[];
  /** Most likely first; findings that are only symptoms have none of their own. */
  hypotheses: Hypothesis[];
}

export type Proposal =
  | { type: 'plan'; plan: Plan; alternatives: Plan[] }
  /** A person is needed; the run ends with the reason. */
  | { type: 'escalate'; reason: string }
  /** Nothing (more) is worth trying; another brain may know better. */
  | { type: 'exhausted'; reason: string };

/**
 * The reasoning behind the agents: playbooks or a model. It only proposes; it holds no credential, and nothing it
 * returns is run without the gateway (invariants I2, I7, I9). Any method may fail or never answer.
 */
export interface Brain {
  readonly name: string;
  diagnose(context: BrainContext): Promise<BrainDiagnosis>;
  /** The next plan. One that was tried before is not run again: it is answered by a reflection. */
  plan(context: BrainContext, diagnosis: BrainDiagnosis, attempts: readonly AttemptRecord[]): Promise<Proposal>;
  /** What an attempt that was not kept teaches, in one sentence; the next plan is given it. */
  reflect(context: BrainContext, attempt: AttemptRecord): Promise<string>;
}
