import type { KubeObject } from '../../../domain/kube-object.ts';
import { presentableValue } from '../../../text/redact.ts';
import { isMap } from '../../../json/json-map.ts';

/** Fields that the server or a controller keeps for itself, wherever they stand. */
const DROPPED = new Set([
  'managedFields', 'resourceVersion', 'uid', 'selfLink', 'generation', 'generateName', 'ownerReferences', 'observedGeneration',
  'terminationMessagePath', 'terminationMessagePolicy', 'containerID', 'imageID', 'podIPs', 'hostIP', 'hostIPs', 'qosClass',
  'allocatedResources', 'lastProbeTime', 'lastUpdateTime', 'lastHeartbeatTime', 'collisionCount', 'clusterIPs', 'ipFamilies',
]); // prettier-ignore
/** Of `status` alone: elsewhere these words mean something. */
const DROPPED_STATUS = new Set([
  'startTime', 'started', 'image', 'images', 'volumeMounts', 'resources', 'addresses', 'capacity', 'nodeInfo', 'volumesAttached',
  'volumesInUse', 'daemonEndpoints', 'runtimeHandlers', 'features', 'user',
]); // prettier-ignore

/** What the API server fills in where nothing is written, by field. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  dnsPolicy: ['ClusterFirst'],
  restartPolicy: ['Always'],
  schedulerName: ['default-scheduler'],
  terminationGracePeriodSeconds: [30],
  progressDeadlineSeconds: [600],
  revisionHistoryLimit: [10],
  imagePullPolicy: ['IfNotPresent'],
  protocol: ['TCP'],
  successThreshold: [1],
  failureThreshold: [3],
  timeoutSeconds: [1],
  periodSeconds: [10],
  scheme: ['HTTP'],
  sessionAffinity: ['None'],
  ipFamilyPolicy: ['SingleStack'],
  internalTrafficPolicy: ['Cluster'],
  externalTrafficPolicy: ['Cluster'],
  enableServiceLinks: [true],
  preemptionPolicy: ['PreemptLowerPriority'],
  priority: [0],
  serviceAccount: ['default'],
  serviceAccountName: ['default'],
  defaultMode: [420],
  podManagementPolicy: ['OrderedReady'],
  volumeMode: ['Filesystem'],
  completionMode: ['NonIndexed'],
  concurrencyPolicy: ['Allow'],
  addressType: ['IPv4'],
};

/** Conditions that say nothing while they have this status. */
const FINE: Readonly<Record<string, string>> = {
  Ready: 'True', Initialized: 'True', PodScheduled: 'True',
  Available: 'True', MemoryPressure: 'False', DiskPressure: 'False', PIDPressure: 'False', NetworkUnavailable: 'False',
  ReplicaFailure: 'False', AbleToScale: 'True', ScalingActive: 'True', ScalingLimited: 'False', DisruptionAllowed: 'True',
}; // prettier-ignore

const OWN_ANNOTATIONS =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|deployment\.kubernetes\.io\/|deprecated\.daemonset\.template\.generation|pv\.kubernetes\.io\/bind-completed|pv\.kubernetes\.io\/bound-by-controller|endpoints\.kubernetes\.io\/)/;
const OWN_LABELS = new Set(['pod-template-hash', 'controller-revision-hash', 'pod-template-generation']);
const TOKEN_VOLUME = /^kube-api-access-/;
const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * An object with what tells something about it: without bookkeeping, defaults, conditions that are as they should be, and
 * without values of Secrets and of what is named like a credential. Every text in it is redacted.
 */
export function prunedObject(object: KubeObject): Record<string, unknown> {
  const { apiVersion, kind, metadata, status, ...rest } = presentableValue(withoutSecrets(object));
  const owner = metadata.ownerReferences?.[0];
  const body = pruned({ metadata: prunedMetadata(metadata, kind), ...rest }, false) as Record<string, unknown>;
  const state = pruned(status, true);
  const { generation } = metadata;
  const seen: unknown = status?.observedGeneration;
  if (isMap(state) && seen !== undefined && generation !== undefined && seen !== generation)
    state.observedGeneration = `${String(seen)} of ${generation}`;
  return {
    apiVersion,
    kind,
    ...body,
    ...(owner ? { owner: `${owner.kind}/${owner.name}` } : {}),
    ...(isMap(state) && Object.keys(state).length > 0 ? { status: state } : {}),
  };
}

/** Of a Secret, the names of its entries. */
function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret') return object;
  const { data, stringData, ...rest } = object;
  const keys = [...Object.keys((data as object) ?? {}), ...Object.keys((stringData as object) ?? {})].sort();
  const { annotations, ...metadata } = rest.metadata;
  const names = Object.keys(annotations ?? {}).filter((name) => !OWN_ANNOTATIONS.test(name));
  return {
    ...(rest as KubeObject),
    metadata: { ...metadata, ...(names.length > 0 ? { annotationNames: names } : {}) },
    keys,
  };
}

function prunedMetadata(metadata: KubeObject['metadata'], kind: string): Record<string, unknown> {
  const own = (map: Record<string, string> | undefined, keep: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => keep(key)));
  const { labels, annotations, ...rest } = metadata;
  const shown: Record<string, unknown> = {
    ...rest,
    labels: own(labels, (key) => !OWN_LABELS.has(key)),
    annotations: own(annotations, (key) => !OWN_ANNOTATIONS.test(key)),
  };
  for (const map of ['labels', 'annotations']) if (Object.keys(shown[map] as object).length === 0) delete shown[map];
  if (kind === 'Event') delete shown.labels;
  return shown;
}

function pruned(value: unknown, inStatus: boolean): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !isNoise(item, inStatus)).map((item) => pruned(item, inStatus));
  if (!isMap(value)) return value;
  const shown: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null || item === undefined || DROPPED.has(key) || (inStatus && DROPPED_STATUS.has(key))) continue;
    if (DEFAULTS[key]?.includes(item)) continue;
    if (
      (key === 'securityContext' || key === 'resources' || key === 'lastState' || key === 'loadBalancer') &&
      isEmpty(item)
    )
      continue;
    const child = pruned(item, inStatus);
    if (Array.isArray(child) && child.length === 0 && Array.isArray(item) && item.length > 0) continue;
    shown[key] = child;
  }
  return shown;
}

function isEmpty(value: unknown): boolean {
  return isMap(value) && Object.keys(value).length === 0;
}

/** Elements of lists that are in every object and say nothing about this one. */
function isNoise(item: unknown, inStatus: boolean): boolean {
  if (!isMap(item)) return false;
  if (inStatus && typeof item.type === 'string' && typeof item.status === 'string') {
    if (FINE[item.type] === item.status || item.type === 'ContainersReady' || item.type === 'PodReadyToStartContainers')
      return true;
    return item.type === 'Progressing' && item.status === 'True' && item.reason === 'NewReplicaSetAvailable';
  }
  if (item.mountPath === TOKEN_MOUNT) return true;
  if (typeof item.name === 'string' && TOKEN_VOLUME.test(item.name) && item.projected) return true;
  const { key, operator, effect } = item;
  return (
    operator === 'Exists' &&
    effect === 'NoExecute' &&
    (key === 'node.kubernetes.io/not-ready' || key === 'node.kubernetes.io/unreachable')
  );
}
