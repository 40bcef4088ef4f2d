import type { ObjectRef } from '../../../domain/kube-object.ts';
import { resolveResource } from '../../../kubectl/resources.ts';
import { didYouMean } from '../../../text/edit-distance.ts';
import { oneLine } from '../../../text/plain-text.ts';

/** A kind that models may read. */
export type ReadableKind = Pick<ObjectRef, 'apiVersion' | 'kind'> & { namespaced: boolean };

const CLUSTER_WIDE = new Set([
  'Node', 'Namespace', 'PersistentVolume', 'StorageClass', 'CSIDriver', 'CSINode', 'IngressClass', 'PriorityClass', 'ClusterRole',
  'ClusterRoleBinding', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'VolumeAttachment', 'RuntimeClass',
]); // prettier-ignore

const BY_VERSION: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'Pod', 'Service', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume', 'ServiceAccount', 'ResourceQuota',
    'LimitRange', 'Node', 'Namespace', 'Event', 'Endpoints', 'ReplicationController',
  ],
  'apps/v1': ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ControllerRevision'],
  'batch/v1': ['Job', 'CronJob'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'policy/v1': ['PodDisruptionBudget'],
  'networking.k8s.io/v1': ['Ingress', 'IngressClass', 'NetworkPolicy'],
  'discovery.k8s.io/v1': ['EndpointSlice'],
  'storage.k8s.io/v1': ['StorageClass', 'CSIDriver', 'CSINode', 'VolumeAttachment'],
  'scheduling.k8s.io/v1': ['PriorityClass'],
  'node.k8s.io/v1': ['RuntimeClass'],
  'rbac.authorization.k8s.io/v1': ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  'admissionregistration.k8s.io/v1': ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  'coordination.k8s.io/v1': ['Lease'],
}; // prettier-ignore

const KINDS = new Map<string, ReadableKind>(
  Object.entries(BY_VERSION).flatMap(([apiVersion, kinds]) =>
    kinds.map((kind) => [kind, { apiVersion, kind, namespaced: !CLUSTER_WIDE.has(kind) }] as const),
  ),
);

/** Their names, for people and models. */
export const READABLE_KINDS: readonly string[] = [...KINDS.keys()];

/**
 * A kind by whatever kubectl calls it: `Service`, `services`, `svc`.
 * @throws Error that names the kinds there are
 */
export function readableKind(word: string): ReadableKind {
  const found = KINDS.get(word) ?? KINDS.get(resolveResource(word.trim())?.kind ?? '');
  if (found) return found;
  const near = didYouMean(
    word.toLowerCase(),
    READABLE_KINDS.map((kind) => kind.toLowerCase()),
  );
  throw new Error(`kind '${oneLine(word, 60)}' cannot be read${near}; kinds: ${READABLE_KINDS.join(', ')}`);
}
