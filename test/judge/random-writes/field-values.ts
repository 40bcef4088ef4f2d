/**
 * Values worth writing, by kind, as JSON merge patches (RFC 7386): fields that mean much to a controller, most of them
 * in both directions. `$S` is the suffix of the population.
 */
const image = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'app', image }] } } } });
const replicas = [0, 1, 2, 3].map((count) => ({ spec: { replicas: count } }));
const retention = (whenDeleted: string, whenScaled: string) => ({
  spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } },
});

export const FIELD_VALUES: Readonly<Record<string, readonly object[]>> = {
  ConfigMap: [
    { data: { mode: 'slow' } },
    { data: { size: null, added: 'yes' } },
    { data: { toString: 'a', constructor: 'b' } },
    { immutable: true },
    { binaryData: { blob: 'AAEC' } },
  ],
  Secret: [{ stringData: { password: 'other' } }, { data: { password: null, a: 'Mg==' } }, { immutable: true }],
  Deployment: [
    ...replicas,
    image('shop:2'),
    image('shop:3'),
    { spec: { revisionHistoryLimit: 0 } },
    { spec: { revisionHistoryLimit: 1 } },
    { spec: { paused: true } },
    { spec: { minReadySeconds: 2 } },
    { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } },
    { spec: { template: { spec: { nodeSelector: { nowhere: 'true' } } } } },
  ],
  StatefulSet: [
    ...replicas,
    image('shop:2'),
    retention('Delete', 'Delete'),
    retention('Retain', 'Delete'),
    retention('Delete', 'Retain'),
    { spec: { updateStrategy: { type: 'OnDelete' } } },
    { spec: { replicas: 1, ...retention('Retain', 'Delete').spec } },
  ],
  DaemonSet: [
    image('shop:2'),
    { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } },
    { spec: { template: { spec: { nodeSelector: { nowhere: 'true' } } } } },
    { spec: { minReadySeconds: 1 } },
  ],
  ReplicaSet: [...replicas, { spec: { minReadySeconds: 1 } }],
  ReplicationController: [...replicas, { spec: { minReadySeconds: 1 } }],
  Job: [
    { spec: { ttlSecondsAfterFinished: 0 } },
    { spec: { ttlSecondsAfterFinished: 1000 } },
    { spec: { activeDeadlineSeconds: 1 } },
    { spec: { suspend: true } },
    { spec: { parallelism: 2 } },
    { spec: { backoffLimit: 0 } },
  ],
  CronJob: [
    { spec: { successfulJobsHistoryLimit: 0 } },
    { spec: { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 } },
    { spec: { schedule: '0 4 1 1 *' } },
    { spec: { concurrencyPolicy: 'Forbid' } },
    { spec: { suspend: false } },
  ],
  HorizontalPodAutoscaler: [
    { spec: { minReplicas: 1, maxReplicas: 1 } },
    { spec: { minReplicas: 3, maxReplicas: 4 } },
    { spec: { scaleTargetRef: { name: 'api' } } },
    { spec: { minReplicas: 1, maxReplicas: 1, scaleTargetRef: { kind: 'StatefulSet', name: 'db' } } },
  ],
  Service: [
    { spec: { type: 'NodePort' } },
    { spec: { type: 'ClusterIP' } },
    { spec: { type: 'LoadBalancer' } },
    { spec: { selector: { app: 'other' } } },
    { spec: { selector: null } },
    { spec: { sessionAffinity: 'ClientIP' } },
    { spec: { ports: [{ name: 'http', port: 80, targetPort: 9090 }] } },
    { spec: { type: 'ExternalName', externalName: 'a.example.test', clusterIP: null, clusterIPs: null } },
  ],
  PersistentVolume: [
    { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
    { spec: { persistentVolumeReclaimPolicy: 'Retain' } },
    { spec: { claimRef: null } },
    { spec: { claimRef: { uid: '00000000-dead-4000-8000-000000000000' } } },
    { spec: { storageClassName: 'other-$S' } },
    { spec: { capacity: { storage: '2Gi' } } },
    { spec: { mountOptions: ['ro'] } },
  ],
  PersistentVolumeClaim: [
    { spec: { resources: { requests: { storage: '2Gi' } } } },
    { spec: { volumeAttributesClassName: 'vac-$S' } },
    { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': null } } },
    { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'simulated-1' } } },
    { metadata: { finalizers: null } },
  ],
  Node: [
    { spec: { unschedulable: true } },
    { spec: { taints: [{ key: 'row', value: '$S', effect: 'NoExecute' }] } },
    {
      spec: {
        taints: [
          { key: 'row', value: '$S', effect: 'NoSchedule' },
          { key: 'more', effect: 'PreferNoSchedule' },
        ],
      },
    },
    { metadata: { labels: { 'test-node': null } } },
    { metadata: { labels: { zone: 'b' } } },
    { spec: { providerID: 'none://1' } },
  ],
  Namespace: [
    { metadata: { labels: { team: 'shop' } } },
    { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  ],
  Pod: [
    { metadata: { labels: { app: 'lost' } } },
    { spec: { activeDeadlineSeconds: 1 } },
    { metadata: { annotations: { note: 'x' } } },
  ],
  ServiceAccount: [{ automountServiceAccountToken: false }, { secrets: [{ name: 'none' }] }],
  Role: [
    { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ],
  RoleBinding: [
    { subjects: [] },
    { subjects: [{ kind: 'User', name: 'somebody', apiGroup: 'rbac.authorization.k8s.io' }] },
  ],
  ClusterRole: [{ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }],
  ClusterRoleBinding: [{ subjects: [] }],
  ResourceQuota: [{ spec: { hard: { pods: '3' } } }, { spec: { hard: { pods: null, configmaps: '90' } } }],
  LimitRange: [{ spec: { limits: [{ type: 'Container', default: { cpu: '2' } }] } }],
  PodDisruptionBudget: [{ spec: { minAvailable: 0 } }, { spec: { minAvailable: null, maxUnavailable: 1 } }],
  Ingress: [{ spec: { rules: [{ host: 'other.test' }] } }, { spec: { ingressClassName: 'ic-$S' } }],
  NetworkPolicy: [
    { spec: { policyTypes: ['Ingress', 'Egress'] } },
    { spec: { podSelector: { matchLabels: { app: 'web' } } } },
  ],
  Lease: [{ spec: { holderIdentity: 'me' } }],
  EndpointSlice: [{ endpoints: [] }, { ports: [{ name: 'http', port: 9090 }] }],
  PodTemplate: [{ template: { metadata: { labels: { a: 'b' } } } }],
  ControllerRevision: [{ metadata: { labels: { a: 'b' } } }, { revision: 9 }],
  StorageClass: [{ allowVolumeExpansion: true }, { mountOptions: ['ro'] }],
  CSIDriver: [{ spec: { podInfoOnMount: true } }, { spec: { requiresRepublish: true } }],
  PriorityClass: [{ description: 'x' }, { value: 8 }],
  DeviceClass: [{ spec: { selectors: [{ cel: { expression: 'device.driver == "other.example.test"' } }] } }],
  FlowSchema: [{ spec: { matchingPrecedence: 9001 } }, { spec: { rules: null } }],
  PriorityLevelConfiguration: [{ spec: { limited: { nominalConcurrencyShares: 2 } } }],
  ValidatingAdmissionPolicy: [
    { spec: { failurePolicy: 'Ignore' } },
    { spec: { variables: [{ name: 'a', expression: '1' }] } },
  ],
  ValidatingAdmissionPolicyBinding: [{ spec: { validationActions: ['Audit'] } }],
  Pool: [...[0, 1, 2, 3].map((size) => ({ spec: { size } })), { spec: { note: 'b' } }],
  Ring: [...[0, 1, 2].map((size) => ({ spec: { size } })), { status: { ready: 9 } }, { spec: { note: null } }],
  Note: [
    { spec: { text: 'b' } },
    { spec: { text: null, more: { a: [1, 2, { b: 3 }] } } },
    { status: { phase: 'Broken' } },
    { status: null },
  ],
  Sheet: [{ spec: { text: 'b', size: 3 } }, { status: { phase: 'Broken' } }],
  Realm: [{ spec: { text: 'b' } }, { spec: null }],
};
