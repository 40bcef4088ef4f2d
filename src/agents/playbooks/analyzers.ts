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
    unfixed: 'what ails a node is mended on the node or by whoever runs it',
    analyze: analyzeNodeConditions,
  },
  {
    rule: CLAIM_STORAGE_CLASS,
    layer: 'infrastructure',
    kinds: [...PODS, 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'CSIDriver', 'CSINode', 'Event'],
    explains: 'Pods that wait for a claim which no provisioner serves: its StorageClass is missing or unusable.',
    unfixed: 'no StorageClass of this cluster is known to serve this claim without losing what it holds',
    analyze: analyzeClaimStorageClasses,
  },
  {
    rule: MISSING_CLAIM,
    layer: 'configuration',
    kinds: [...PODS, ...REVISIONS, ...NEED],
    explains: 'Pods that cannot be placed because a volume names a claim that does not exist.',
    unfixed: 'no claim of this namespace is known to hold what the volume was meant to hold',
    analyze: analyzeMissingClaims,
  },
  {
    rule: MISSING_CONFIG,
    layer: 'configuration',
    kinds: [...PODS, ...REVISIONS, ...NEED, 'Secret', 'Node'],
    explains: 'Containers that cannot start because a ConfigMap or Secret, or a key of one, is missing.',
    unfixed: 'nothing in the cluster tells what the missing configuration should contain',
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
    unfixed: 'who refuses the pods is right by its own rules; which side should give way is a decision',
    analyze: analyzeRefusedPods,
  },
  {
    rule: NODE_PLACEMENT,
    layer: 'template',
    kinds: [...PODS, ...REVISIONS, ...NEED, 'Node', 'Secret'],
    explains: 'Pods that no node takes: selectors, affinity, taints or requests of the template fit none.',
    unfixed: 'no single change of the template is known to make the pods fit a node',
    analyze: analyzeNodePlacement,
  },
  {
    rule: IMAGE_PULL,
    layer: 'template',
    kinds: [...PODS, ...REVISIONS, 'Event', 'Secret', 'ServiceAccount', 'Node', 'ConfigMap'],
    explains: 'Containers that cannot start because their image cannot be pulled.',
    unfixed: 'no image that is known to run is like the one that cannot be pulled',
    analyze: analyzeImagePulls,
  },
  {
    rule: SCALED_TO_ZERO,
    layer: 'replicas',
    kinds: [...PODS, ...REVISIONS, ...NEED],
    explains: 'Services without endpoints, and whoever calls them, because a workload behind them was scaled to 0.',
    unfixed: 'nothing tells how many replicas there should be',
    analyze: analyzeScaledToZero,
  },
  {
    rule: SERVICE_SELECTOR,
    layer: 'network',
    kinds: [...PODS, ...REVISIONS, 'Service', 'ConfigMap'],
    explains: 'Requests that reach no pod because the selector of a Service matches none that could serve them.',
    unfixed: 'several workloads could be meant, or none that serves',
    analyze: analyzeServiceSelectors,
  },
  {
    rule: SERVICE_TARGET_PORT,
    layer: 'network',
    kinds: [...PODS, ...REVISIONS, 'Service'],
    explains: 'Requests that are refused because a Service leads to a port on which its pods do not listen.',
    unfixed: 'the containers do not tell on which port they listen',
    analyze: analyzeServiceTargetPorts,
  },
  {
    rule: INGRESS_BACKEND,
    layer: 'network',
    kinds: [...PODS, 'Ingress', 'Service'],
    explains: 'Routes that answer with an error because their Service, or its port, does not exist.',
    unfixed: 'no Service, or port of it, is known to be the one that the route should lead to',
    analyze: analyzeIngressBackends,
  },
  {
    rule: CONTAINER_CRASH,
    layer: 'symptom',
    kinds: [...PODS, ...REVISIONS, 'ConfigMap', 'Secret', 'Node'],
    explains: 'What a container said before it ended, again and again.',
    unfixed:
      'no earlier revision is known to have worked, and what the container says names no setting that could be changed back',
    analyze: analyzeContainerCrashes,
  },
  {
    rule: POD_UNREADY,
    layer: 'symptom',
    kinds: [...PODS, ...REVISIONS, 'Event'],
    explains: 'Pods that run but do not pass their readiness probe.',
    unfixed: 'no earlier revision is known to have worked, and a failing probe does not say why it fails',
    analyze: analyzeUnreadyPods,
  },
];

/** Kinds that rules look at. */
export const RULE_KINDS: readonly string[] = [...new Set(ANALYZERS.flatMap(({ kinds }) => kinds))];
