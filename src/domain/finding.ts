import type { Change } from './change.ts';
import type { ObjectRef } from './kube-object.ts';

/** One fact read from the cluster that supports a finding; `text` is untrusted and already bounded (I12). */
export interface Evidence {
  object?: ObjectRef;
  /** Path into the object, e.g. `spec.ports[0].targetPort`. */
  field?: string;
  source: 'spec' | 'status' | 'event' | 'log' | 'revision' | 'sibling' | 'alert' | 'metric' | 'trace';
  text: string;
}

/** Where a fact was read, as it is told to people. */
export const SOURCE_TEXT: Readonly<Record<Evidence['source'], string>> = {
  spec: 'wanted',
  status: 'status',
  event: 'event',
  log: 'log',
  revision: 'earlier',
  sibling: 'related',
  alert: 'alert',
  metric: 'metric',
  trace: 'trace',
};

/** A file that a command of a fix needs; `{{name}}` in an argv word stands for its absolute path at run time. */
export interface PlanFile {
  name: string;
  content: string;
}

/** One minimal change that is expected to remove a finding. */
export interface Fix {
  /** In order; one transaction. */
  changes: Change[];
  /** The same as kubectl argument vectors without the word kubectl. */
  commands: string[][];
  files?: PlanFile[];
  /** What the engineer should expect to see, in one sentence. */
  expects: string;
  /** 0..1, by rule: how directly the evidence names the cause. */
  confidence: number;
  /** What has to wait afterwards for others to run: the price of the fix, told before and not held against it. */
  yields?: ObjectRef[];
  /** Why a person has to look at it, whatever the autonomy; absent: nothing speaks for that. */
  needsPerson?: string;
}

export type FindingSeverity = 'critical' | 'warning' | 'info';

export interface Finding {
  /** Stable over repeated diagnosis of the same fault: rule + object + what. */
  id: string;
  /** Analyzer rule, e.g. `service-target-port`. */
  rule: string;
  severity: FindingSeverity;
  object: ObjectRef;
  message: string;
  evidence: Evidence[];
  /** Alternatives, best first; empty when the evidence does not justify any change. */
  fixes: Fix[];
  /** Why there is no fix, one sentence without a full stop; absent where there is one, and in older logs. */
  unfixed?: string;
  /** The cause lies in what is never changed here: nothing is done about its symptoms in its place. */
  beyond?: true;
}
