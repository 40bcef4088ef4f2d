import type { Analyzer } from './analyzer.ts';
import { analyzeClaimStorageClasses, CLAIM_STORAGE_CLASS } from './claim-storage-class.ts';
import { analyzeContainerCrashes, analyzeUnreadyPods, CONTAINER_CRASH, POD_UNREADY } from './container-failure.ts';
import { analyzeImagePulls, IMAGE_PULL } from './image-pull.ts';
import { analyzeIngressBackends, INGRESS_BACKEND } from './ingress-backend.ts';
import { analyzeMissingClaims, MISSING_CLAIM } from './missing-claim.ts';
import { analyzeMissingConfig, MISSING_CONFIG } from './missing-config.ts';
import { analyzeNodeConditions, NODE_CONDITION } from './node-condition.ts';
import { analyzeNodePlacement, NODE_PLACEMENT } from './node-placement.ts';
import { analyzeRefusedPods, POD_CREATION_REFUSED } from './pod-creation-refused.ts';
import { analyzeServiceSelectors, SERVICE_SELECTOR } from './service-selector.ts';
import { analyzeServiceTargetPorts, SERVICE_TARGET_PORT } from './service-target-port.ts';
import { analyzeScaledToZero, SCALED_TO_ZERO } from './workload-scaled-to-zero.ts';

/** Every rule, deepest cause first. */
export const ANALYZERS: readonly Analyzer[] = [
  { rule: NODE_CONDITION, depth: 0, analyze: analyzeNodeConditions },
  { rule: CLAIM_STORAGE_CLASS, depth: 0, analyze: analyzeClaimStorageClasses },
  { rule: MISSING_CLAIM, depth: 1, analyze: analyzeMissingClaims },
  { rule: MISSING_CONFIG, depth: 1, analyze: analyzeMissingConfig },
  { rule: POD_CREATION_REFUSED, depth: 1, analyze: analyzeRefusedPods },
  { rule: NODE_PLACEMENT, depth: 2, analyze: analyzeNodePlacement },
  { rule: IMAGE_PULL, depth: 2, analyze: analyzeImagePulls },
  { rule: SCALED_TO_ZERO, depth: 3, analyze: analyzeScaledToZero },
  { rule: SERVICE_SELECTOR, depth: 4, analyze: analyzeServiceSelectors },
  { rule: SERVICE_TARGET_PORT, depth: 4, analyze: analyzeServiceTargetPorts },
  { rule: INGRESS_BACKEND, depth: 4, analyze: analyzeIngressBackends },
  { rule: CONTAINER_CRASH, depth: 5, analyze: analyzeContainerCrashes },
  { rule: POD_UNREADY, depth: 5, analyze: analyzeUnreadyPods },
];
