import { kindKey } from './consequences/lookup.ts';
import type { InverseStep } from './inverse.ts';

/** What a pod is given when it is made (admission) or starts (kubelet), and then keeps. */
const GIVEN = new Set([
  '/ConfigMap', '/Secret', '/ServiceAccount', '/LimitRange', 'scheduling.k8s.io/PriorityClass', 'node.k8s.io/RuntimeClass',
]); // prettier-ignore
const MAKES_PODS = new Set([
  '/Pod', '/ReplicationController', 'apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job',
  'batch/CronJob', 'autoscaling/HorizontalPodAutoscaler',
]); // prettier-ignore
/** After these something is there as before that was not. */
const BRINGS_BACK: ReadonlySet<InverseStep['action']> = new Set([
  'restore',
  'recreate',
  'replace',
  'pause',
  'companion',
]);

/**
 * The steps of an undo so that what pods are given is back before what makes pods: a template that is put back makes its
 * pods at once, and with what the transaction had put there they would run on, although every object is as before.
 * @param steps in their order; what is no inverse write is not crossed
 */
export function givenFirst<Other extends { seq: number }>(
  steps: readonly (InverseStep | Other)[],
): (InverseStep | Other)[] {
  const ordered: (InverseStep | Other)[] = [];
  /** Before which step what is given goes; null while no pods are made. */
  let before: number | null = null;
  for (const step of steps) {
    if ('seq' in step) before = null;
    const is = (kinds: ReadonlySet<string>) =>
      !('seq' in step) && BRINGS_BACK.has(step.action) && kinds.has(kindKey(step.ref.apiVersion, step.ref.kind));
    if (before !== null && is(GIVEN)) {
      ordered.splice(before++, 0, step);
      continue;
    }
    if (is(MAKES_PODS)) before ??= ordered.length;
    ordered.push(step);
  }
  return ordered;
}
