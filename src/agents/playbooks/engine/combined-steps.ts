import type { Change } from '../../../domain/change.ts';
import { changedObject } from '../../../domain/change.ts';
import { refKey } from '../../../domain/kube-object.ts';
import { stepFor } from '../../../domain/plan.ts';
import type { PlanStep } from '../../../domain/plan.ts';
import { argvOf } from './kubectl-commands.ts';

/** A rollback replaces the whole template, so no other change of the same template may stand beside it. */
export function areCoherent(parts: readonly (readonly Change[])[]): boolean {
  const changed = parts.map((changes) => changes.map(templateChange).filter((change) => change !== null));
  return changed.every((own, at) =>
    own.every(
      ({ target, rollback }) =>
        !rollback || changed.every((other, index) => index === at || other.every((change) => change.target !== target)),
    ),
  );
}

function templateChange(change: Change): { target: string; rollback: boolean } | null {
  const object = changedObject(change);
  const touches = ['rollout-undo', 'set-image', 'json-patch', 'merge-patch'].includes(change.type);
  return object && touches ? { target: refKey(object), rollback: change.type === 'rollout-undo' } : null;
}

/** What is done together, and why. */
export interface PlanPart {
  changes: readonly Change[];
  why: string;
}

/**
 * The steps of several parts as one plan, each change once. Deletions of stuck pods and runs of CronJobs come last: they
 * must be made from the finished template.
 */
export function combinedSteps(parts: readonly PlanPart[]): PlanStep[] {
  const steps = new Map<string, PlanStep>();
  for (const { changes, why } of parts) {
    for (const change of changes) {
      const text = JSON.stringify(change);
      if (!steps.has(text)) steps.set(text, stepFor(argvOf(change), change, why));
    }
  }
  const all = [...steps.values()];
  return parts.length < 2 ? all : [...all.filter((step) => !makesPods(step)), ...all.filter(makesPods)];
}

function makesPods(step: PlanStep): boolean {
  return deletesPod(step) || (step.type === 'kubectl' && step.change?.type === 'start-job');
}

export function deletesPod(step: PlanStep): boolean {
  return step.type === 'kubectl' && step.change?.type === 'delete' && step.change.object.kind === 'Pod';
}
