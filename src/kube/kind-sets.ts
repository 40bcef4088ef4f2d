/** Kinds that carry, or are, pods. */
export const PODS = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const;

/** Kinds whose template may be changed in place, so that their controller replaces the pods. */
export const ROLLOUT_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

/** Where controllers keep what a workload's template was before, and what tells whether pods of it would run again. */
export const REVISIONS = [
  'ReplicaSet',
  'ControllerRevision',
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'PersistentVolumeClaim',
  'PriorityClass',
  'Node',
  'Event',
] as const;

/** What tells whether something needs a workload that does not run. */
export const NEED = [
  'Service',
  'Ingress',
  'ConfigMap',
  'Event',
  'HorizontalPodAutoscaler',
  'ScaledObject.keda.sh',
  'PersistentVolumeClaim',
] as const;

/** What tells why no node takes a pod. */
export const PLACEMENT = [...PODS, 'Node', 'Namespace', 'PersistentVolumeClaim', 'PersistentVolume', 'Event'] as const;
