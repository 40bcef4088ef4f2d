import type { Analyzer } from './analyzer.ts';
import { analyzeNodePlacement, NODE_PLACEMENT } from './node-placement.ts';
import { analyzeServiceTargetPorts, SERVICE_TARGET_PORT } from './service-target-port.ts';
import { analyzeScaledToZero, SCALED_TO_ZERO } from './workload-scaled-to-zero.ts';

/** Every rule, deepest cause first. */
export const ANALYZERS: readonly Analyzer[] = [
  { rule: NODE_PLACEMENT, depth: 2, analyze: analyzeNodePlacement },
  { rule: SCALED_TO_ZERO, depth: 3, analyze: analyzeScaledToZero },
  { rule: SERVICE_TARGET_PORT, depth: 4, analyze: analyzeServiceTargetPorts },
];
