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
