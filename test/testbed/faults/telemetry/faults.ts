import type { Fault } from '../fault.ts';
import { certificateNearExpiry } from './certificate-near-expiry.ts';
import { diskFilling } from './disk-filling.ts';
import { hpaAtMaximum, tightLimit } from './limits.ts';
import { oneBadReplica } from './one-bad-replica.ts';
import { errorRatio, memoryLeak, slowDependency } from './releases.ts';
import { retryStorm, saturatedPool, wrongAnswer } from './settings.ts';

/** Faults of the observed shop (observed.ts) that no object and no probe of a pod shows. */
export const TELEMETRY_FAULTS: readonly Fault[] = [
  slowDependency,
  errorRatio,
  memoryLeak,
  tightLimit,
  diskFilling,
  certificateNearExpiry,
  oneBadReplica,
  retryStorm,
  saturatedPool,
  wrongAnswer,
  hpaAtMaximum,
];
