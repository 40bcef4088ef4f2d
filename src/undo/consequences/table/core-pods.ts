import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, oneWay, reversible } from '../rows.ts';

const RESTARTED =
  'the container restarts with the other image, and once more by the undo; what it wrote inside is lost';

/** Core group: pods, and what makes them. */
export const CORE_PODS: KindTable = {
  // The few fields that may change are those of ValidatePodUpdate.
  '/Pod': fields(
    immutable('spec.**'),
    itself(RESTARTED, 'spec.containers.*.image'),
    // Run again only with a new sandbox.
    itself('used when its init containers run again', 'spec.initContainers.*.image'),
    oneWay('a deadline of a pod can only be set or lowered', 'spec.activeDeadlineSeconds'),
    oneWay('tolerations of a pod can only be added', 'spec.tolerations.**'),
    oneWay('a scheduling gate once removed cannot be put back', 'spec.schedulingGates.**'),
    oneWay('a pod that waits for its gates can only be narrowed down', 'spec.nodeSelector.**'),
    oneWay('a pod that waits for its gates can only be narrowed down', 'spec.affinity.nodeAffinity.**'),
    oneWay('a grace period below zero can only be set to 1', 'spec.terminationGracePeriodSeconds'),
    oneWay('an ephemeral container can never be removed again', 'spec.ephemeralContainers.**'),
    look('pod-labels', 'controllers, Services, budgets and policies select it by its labels', 'metadata.labels.*'),
    // Read when a ReplicaSet chooses whom to delete.
    reversible('metadata.annotations[controller.kubernetes.io/pod-deletion-cost]'),
    oneWay('a static pod belongs to its node', 'metadata.annotations[kubernetes.io/config.mirror]'),
    lost('the job controller counts by it', 'metadata.annotations[batch.kubernetes.io/*]'),
  ),

  // pkg/controller/replication is the ReplicaSet controller; its selector may change.
  '/ReplicationController': fields(
    look('rollout', 'pods made from now on follow it', 'spec.template.**'),
    look('scale', 'pods come or go', 'spec.replicas'),
    look('selectors', 'pods that no longer match are left alone and made again', 'spec.selector.*'),
    reversible('spec.minReadySeconds'),
  ),
};
