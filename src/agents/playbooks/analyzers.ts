import type { Analyzer } from './engine/analyzer.ts';
import { analyzeClaimStorageClasses, CLAIM_STORAGE_CLASS } from './rules/storage/claim-storage-class.ts';
import {
  analyzeContainerCrashes,
  analyzeUnreadyPods,
  CONTAINER_CRASH,
  POD_UNREADY,
} from './rules/rollout/container-failure.ts';
import { analyzeImagePulls, IMAGE_PULL } from './rules/image/image-pull.ts';
import { analyzeIngressBackends, INGRESS_BACKEND } from './rules/network/ingress-backend.ts';
import { analyzeMissingClaims, MISSING_CLAIM } from './rules/storage/missing-claim.ts';
import { analyzeMissingConfig, MISSING_CONFIG } from './rules/config/missing-config.ts';
import { analyzeNodeConditions, NODE_CONDITION } from './rules/scheduling/node-condition.ts';
import { analyzeNodePlacement, NODE_PLACEMENT } from './rules/scheduling/node-placement.ts';
import { analyzeRefusedPods, POD_CREATION_REFUSED } from './rules/rollout/pod-creation-refused.ts';
import { analyzeServiceSelectors, SERVICE_SELECTOR } from './rules/network/service-selector.ts';
import { analyzeServiceTargetPorts, SERVICE_TARGET_PORT } from './rules/network/service-target-port.ts';
import { analyzeScaledToZero, SCALED_TO_ZERO } from './rules/scale/workload-scaled-to-zero.ts';

const PODS = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'];
const REVISIONS = ['ReplicaSet', 'ControllerRevision'];
/** Whether something needs a workload that does not run. */
const NEED = [
  'Service',
  'ConfigMap',
  'Event',
  'HorizontalPodAutoscaler',
  'ScaledObject.keda.sh',
  'PersistentVolumeClaim',
];

/** Every rule, deepest cause first. */
export const ANALYZERS: readonly Analyzer[] = [
  {
    rule: NODE_CONDITION,
    layer: 'infrastructure',
    kinds: ['Node'],
    explains: 'Pods that are evicted, or not placed, because their node is not ready or under pressure.',
    analyze: analyzeNodeConditions,
  },
  {
    rule: CLAIM_STORAGE_CLASS,
    layer: 'infrastructure',
    kinds: [...PODS, 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'CSIDriver', 'CSINode', 'Event'],
    explains: 'Pods that wait for a claim which no provisioner serves: its StorageClass is missing or unusable.',
    analyze: analyzeClaimStorageClasses,
  },
  {
    rule: MISSING_CLAIM,
    layer: 'configuration',
    kinds: [...PODS, ...REVISIONS, ...NEED],
    explains: 'Pods that cannot be placed because a volume names a claim that does not exist.',
    analyze: analyzeMissingClaims,
  },
  {
    rule: MISSING_CONFIG,
    layer: 'configuration',
    kinds: [...PODS, ...REVISIONS, ...NEED, 'Secret', 'Node'],
    explains: 'Containers that cannot start because a ConfigMap or Secret, or a key of one, is missing.',
    analyze: analyzeMissingConfig,
  },
  {
    rule: POD_CREATION_REFUSED,
    layer: 'configuration',
    kinds: [
      ...PODS,
      ...REVISIONS,
      'ResourceQuota',
      'LimitRange',
      'ServiceAccount',
      'Event',
      'Node',
      'ConfigMap',
      'Secret',
    ],
    explains: 'Workloads with fewer pods than they ask for because the API server refuses them (quota, admission).',
    analyze: analyzeRefusedPods,
  },
  {
    rule: NODE_PLACEMENT,
    layer: 'template',
    kinds: [...PODS, ...REVISIONS, ...NEED, 'Node', 'Secret'],
    explains: 'Pods that no node takes: selectors, affinity, taints or requests of the template fit none.',
    analyze: analyzeNodePlacement,
  },
  {
    rule: IMAGE_PULL,
    layer: 'template',
    kinds: [...PODS, ...REVISIONS, 'Event', 'Secret', 'ServiceAccount', 'Node', 'ConfigMap'],
    explains: 'Containers that cannot start because their image cannot be pulled.',
    analyze: analyzeImagePulls,
  },
  {
    rule: SCALED_TO_ZERO,
    layer: 'replicas',
    kinds: [...PODS, ...REVISIONS, ...NEED],
    explains: 'Services without endpoints, and whoever calls them, because a workload behind them was scaled to 0.',
    analyze: analyzeScaledToZero,
  },
  {
    rule: SERVICE_SELECTOR,
    layer: 'network',
    kinds: [...PODS, ...REVISIONS, 'Service', 'ConfigMap'],
    explains: 'Requests that reach no pod because the selector of a Service matches none that could serve them.',
    analyze: analyzeServiceSelectors,
  },
  {
    rule: SERVICE_TARGET_PORT,
    layer: 'network',
    kinds: [...PODS, ...REVISIONS, 'Service'],
    explains: 'Requests that are refused because a Service leads to a port on which its pods do not listen.',
    analyze: analyzeServiceTargetPorts,
  },
  {
    rule: INGRESS_BACKEND,
    layer: 'network',
    kinds: [...PODS, 'Ingress', 'Service'],
    explains: 'Routes that answer with an error because their Service, or its port, does not exist.',
    analyze: analyzeIngressBackends,
  },
  {
    rule: CONTAINER_CRASH,
    layer: 'symptom',
    kinds: [...PODS, ...REVISIONS, 'ConfigMap', 'Secret', 'Node'],
    explains: 'What a container said before it ended, again and again.',
    analyze: analyzeContainerCrashes,
  },
  {
    rule: POD_UNREADY,
    layer: 'symptom',
    kinds: [...PODS, ...REVISIONS, 'Event'],
    explains: 'Pods that run but do not pass their readiness probe.',
    analyze: analyzeUnreadyPods,
  },
];

/** Kinds that rules look at. */
export const RULE_KINDS: readonly string[] = [...new Set(ANALYZERS.flatMap(({ kinds }) => kinds))];
