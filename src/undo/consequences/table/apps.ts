import type { KindTable, Rows } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, reversible, under } from '../rows.ts';
import { ANNOTATIONS_READ_BY_PEOPLE } from './metadata.ts';

const REPLACED = 'its pods are replaced, once by the change and once by its undo';
const ROLLOUT = 'a rollout under way goes on differently, or starts';
const HISTORY = 'history beyond the limit is deleted';
const COUNT = 'pods come or go';
const ORDER = 'the order of the history changes: another revision may be taken for the newest, or pruned';

/** Who is selected by these labels is adopted, released and counted by them. */
const selected = (what: string): Rows => look('selectors', what, 'metadata.labels.*');

/** Deployment controller, copyDeploymentAnnotationsToReplicaSet: copied on, never taken away there. */
export const COPIED =
  'the deployment controller copies the annotation to its ReplicaSet, where it stays when it is taken away';
const copied: Rows = look('copies', COPIED, ...under('metadata', 'annotations[*]', ...ANNOTATIONS_READ_BY_PEOPLE));

/** Workloads (pkg/controller/{deployment,replicaset,statefulset,daemon}, pkg/apis/apps/validation). */
export const APPS: KindTable = {
  'apps/Deployment': fields(
    look('rollout', REPLACED, 'spec.template.**'),
    look('scale', COUNT, 'spec.replicas'),
    look('history', HISTORY, 'spec.revisionHistoryLimit'),
    look('strategy', ROLLOUT, ...under('spec', 'paused', 'minReadySeconds', 'strategy.type')),
    look('strategy', ROLLOUT, ...under('spec.strategy.rollingUpdate', 'maxSurge', 'maxUnavailable')),
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
    // pkg/controller/deployment/rollback.go still obeys the annotation of extensions/v1beta1.
    lost(
      'the deployment controller rolls the template back to that revision',
      'metadata.annotations[deprecated.deployment.rollback.to]',
    ),
  ),

  'apps/ReplicaSet': fields(
    // A template that differs is no longer the Deployment's own: it makes another ReplicaSet.
    look('rollout', 'pods made from now on follow it; a Deployment that owns it makes another', 'spec.template.**'),
    look('scale', COUNT, 'spec.replicas'),
    // Only counts as available later; a Deployment that owns it writes its own number again.
    reversible('spec.minReadySeconds'),
    immutable('spec.selector.**'),
    selected('a Deployment adopts or releases it, which makes another'),
    lost(ORDER, 'metadata.annotations[deployment.kubernetes.io/*]'),
    itself(
      'the deployment controller writes its own number again',
      'metadata.annotations[deployment.kubernetes.io/desired-replicas]',
      'metadata.annotations[deployment.kubernetes.io/max-replicas]',
    ),
  ),

  'apps/StatefulSet': fields(
    look('rollout', REPLACED, 'spec.template.**'),
    look('scale', 'pods come or go, with claims of their own', 'spec.replicas', 'spec.ordinals.start'),
    look('history', HISTORY, 'spec.revisionHistoryLimit'),
    look('strategy', ROLLOUT, ...under('spec', 'minReadySeconds', 'updateStrategy.type')),
    look('strategy', ROLLOUT, ...under('spec.updateStrategy.rollingUpdate', 'partition', 'maxUnavailable')),
    look(
      'retention',
      'claims gain or lose the owner with which they are deleted',
      ...under('spec.persistentVolumeClaimRetentionPolicy', 'whenDeleted', 'whenScaled'),
    ),
    immutable('spec.selector.**', 'spec.volumeClaimTemplates.**', 'spec.serviceName', 'spec.podManagementPolicy'),
  ),

  'apps/DaemonSet': fields(
    look('rollout', REPLACED, 'spec.template.**'),
    look('history', HISTORY, 'spec.revisionHistoryLimit'),
    look('strategy', ROLLOUT, ...under('spec', 'minReadySeconds', 'updateStrategy.type')),
    look('strategy', ROLLOUT, ...under('spec.updateStrategy.rollingUpdate', 'maxSurge', 'maxUnavailable')),
    immutable('spec.selector.**'),
    // Counts with the template (pkg/apis/apps/v1/conversion.go), never written by people.
    lost(ORDER, 'metadata.annotations[deprecated.daemonset.template.generation]'),
  ),

  'apps/ControllerRevision': fields(
    immutable('data.**'),
    lost(ORDER, 'revision'),
    selected('its StatefulSet or DaemonSet adopts or releases it, and may prune or make another'),
  ),
};
