import type { Finding } from './finding.ts';
import type { Plan } from './plan.ts';
import type { Severity } from './severity.ts';
import type { ClusterSnapshot } from './snapshot.ts';

/** What an undone or rejected attempt taught (paper: reflection feeds the next plan). */
export interface AttemptRecord {
  attempt: number;
  plan: Plan;
  outcome: 'committed' | 'undone' | 'rejected' | 'failed';
  reason: string;
}

export interface DiagnosisInput {
  snapshot: ClusterSnapshot;
  severity: Severity;
  /** Last lines of a container's log through the gateway's read mode; empty when there is none. */
  readLog(namespace: string, pod: string, container: string, previous: boolean): Promise<string[]>;
}

export interface PlanInput extends DiagnosisInput {
  findings: Finding[];
  attempts: AttemptRecord[];
}

/**
 * The reasoning behind the agents: playbooks or a model. It only proposes; it holds no credential, and nothing it
 * returns is run without the gateway (invariants I2, I7, I9).
 */
export interface Brain {
  readonly name: string;
  /** Findings, most likely cause first. */
  diagnose(input: DiagnosisInput): Promise<Finding[]>;
  /** The next plan, or null when there is nothing (more) worth trying. Never a plan whose hash was already undone. */
  plan(input: PlanInput): Promise<Plan | null>;
}
