import type { KindTable, Rows } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, reversible, under } from '../rows.ts';

const REPLACED = 'its pods are replaced, once by the change and once by its undo';

/** Deployment controller, copyDeploymentAnnotationsToReplicaSet: copied on, never taken away there. */
const copied: Rows = itself(
  'the deployment controller copies the annotation to its ReplicaSets, where it stays when it is taken away',
  ...under('metadata', 'annotations[*]', 'annotations[helm.sh/*]', 'annotations[meta.helm.sh/*]'),
  ...under('metadata', 'annotations[kubernetes.io/change-cause]', 'annotations[kubernetes.io/description]'),
  'metadata.annotations[kubectl.kubernetes.io/*]',
);

/** Workloads (pkg/controller/{deployment,replicaset,statefulset,daemon}, pkg/apis/apps/validation). */
export const APPS: KindTable = {
  'apps/Deployment': fields(
    look('rollout', REPLACED, 'spec.template.**'),
    look('scale', 'pods come or go', 'spec.replicas'),
    look('history', 'ReplicaSets beyond the limit are deleted', 'spec.revisionHistoryLimit'),
    look(
      'strategy',
      'a rollout under way goes on differently, or starts',
      ...under('spec', 'paused', 'minReadySeconds', 'strategy.type'),
      ...under('spec.strategy.rollingUpdate', 'maxSurge', 'maxUnavailable'),
    ),
    // Only a condition tells of it.
    reversible('spec.progressDeadlineSeconds'),
    immutable('spec.selector.**'),
    copied,
    // Skipped by the copy.
    reversible('metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]'),
    itself(
      'the deployment controller writes its own number again',
      'metadata.annotations[deployment.kubernetes.io/revision]',
    ),
    lost(
      'the deployment controller rolls the template back to that revision',
      'metadata.annotations[deprecated.deployment.rollback.to]',
    ),
  ),
};
