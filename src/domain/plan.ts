import type { ActionCall, ActionStep } from './action.ts';
import { actionArgv } from './action.ts';
import type { Change } from './change.ts';
import type { Finding, Fix, PlanFile } from './finding.ts';
import type { ObjectRef } from './kube-object.ts';

/** One kubectl command (argv without the word kubectl). */
export interface KubectlStep {
  type: 'kubectl';
  argv: string[];
  /** Thought behind the step, for people. */
  why: string;
  /** What the command was derived from; absent where a brain wrote the command itself. */
  change?: Change;
}

/** A declared action, reviewed and allowed beforehand, with its inputs (docs/runbooks.md). */
export interface RunbookStep {
  type: 'runbook';
  action: ActionCall;
  why: string;
}

/** A change proposed to the repository from which the cluster is deployed. */
export interface PullRequestStep {
  type: 'pull-request';
  repository: string;
  title: string;
  why: string;
}

/** What one step does. A pull request is refused by name: this version opens none. */
export type PlanStep = KubectlStep | RunbookStep | PullRequestStep;

/** What one transaction will do. Immutable; `hash` is what an approval is bound to. */
export interface Plan {
  /** Content hash over argv and files as proposed, before any conversion: a plan already undone is recognised by it. */
  hash: string;
  title: string;
  findingId: string;
  /** Ids of all findings that it mends, `findingId` first; absent: that one alone. */
  causes?: string[];
  steps: PlanStep[];
  files: PlanFile[];
  expects: string;
  /** As of its fixes: what has to wait for others to run. */
  yields?: ObjectRef[];
  /** Why a person has to look at it, whatever the autonomy; absent: nothing speaks for that. */
  needsPerson?: string;
  /** A model wrote commands of it: what they write is looked at before they may run unasked. */
  byModel?: true;
}

/** The plan with what its rehearsal says against letting it run unasked. */
export function withPerson(plan: Plan, person = ''): Plan {
  if (!person) return plan;
  return { ...plan, needsPerson: plan.needsPerson ? `${plan.needsPerson}; ${person}` : person };
}

/** What the gateway needs of a step. */
export interface CommandStep {
  argv: string[];
}

/** What the gateway runs in a transaction. */
export type TransactionStep = CommandStep | ActionStep;

/** What the gateway needs of a plan. */
export interface CommandPlan {
  steps: readonly TransactionStep[];
  files: PlanFile[];
}

/** Why a step is not one that this version runs; empty when it is. */
export function unsupportedStep(step: PlanStep): string {
  if (step.type !== 'pull-request') return '';
  return `pull request to ${step.repository}: this version runs kubectl commands and declared actions only`;
}

/** The step as the gateway runs it; null for what it does not run. */
export function gatewayStep(step: PlanStep): TransactionStep | null {
  if (step.type === 'kubectl') return { argv: step.argv };
  return step.type === 'runbook' ? { action: step.action } : null;
}

/** The command line that stands for a step in lists and logs; empty for what has none. */
export function stepArgv(step: PlanStep): string[] {
  const runs = gatewayStep(step);
  return runs ? argvOfStep(runs) : [];
}

/** The same for a step as the gateway runs it. */
export function argvOfStep(step: TransactionStep): string[] {
  return 'action' in step ? actionArgv(step.action) : step.argv;
}

/** The kubectl steps of a plan, in order. */
export function kubectlSteps(plan: Pick<Plan, 'steps'>): KubectlStep[] {
  return plan.steps.filter((step) => step.type === 'kubectl');
}

/** Canonical text of what a plan does; equal texts are equal plans. */
export function planText(steps: PlanStep[], files: PlanFile[]): string {
  const acts = steps.map((step) => (step.type === 'kubectl' ? step.argv : { ...step, why: '' }));
  return JSON.stringify([acts, files.map((file) => [file.name, file.content])]);
}

/** The step that makes a change by its command line; without one, a command alone. */
export function stepFor(argv: string[], change: Change | undefined, why: string): PlanStep {
  if (change?.type === 'action') return { type: 'runbook', action: change.call, why };
  return { type: 'kubectl', argv, why, ...(change ? { change } : {}) };
}

export function planFromFix(finding: Finding, fix: Fix, hash: (text: string) => string): Plan {
  const steps = fix.commands.map((argv, index) => stepFor(argv, fix.changes[index], finding.message));
  const files = fix.files ?? [];
  return {
    hash: hash(planText(steps, files)),
    title: finding.message,
    findingId: finding.id,
    steps,
    files,
    expects: fix.expects,
    ...(fix.yields ? { yields: fix.yields } : {}),
    ...(fix.needsPerson ? { needsPerson: fix.needsPerson } : {}),
  };
}
