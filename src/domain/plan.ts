import type { Finding, Fix, PlanFile } from './finding.ts';

/** A step is one kubectl command (argv without the word kubectl). */
export interface PlanStep {
  argv: string[];
  /** Thought behind the step, for people. */
  why: string;
}

/** What one transaction will do. Immutable; `hash` is what an approval is bound to. */
export interface Plan {
  /** Content hash over argv and files as proposed, before any conversion: a plan already undone is recognised by it. */
  hash: string;
  title: string;
  findingId: string;
  steps: PlanStep[];
  files: PlanFile[];
  expects: string;
}

/** Canonical text of what a plan does; equal texts are equal plans. */
export function planText(steps: PlanStep[], files: PlanFile[]): string {
  return JSON.stringify([steps.map((step) => step.argv), files.map((file) => [file.name, file.content])]);
}

export function planFromFix(finding: Finding, fix: Fix, hash: (text: string) => string): Plan {
  const steps = fix.commands.map((argv) => ({ argv, why: finding.message }));
  const files = fix.files ?? [];
  return {
    hash: hash(planText(steps, files)),
    title: finding.message,
    findingId: finding.id,
    steps,
    files,
    expects: fix.expects,
  };
}
