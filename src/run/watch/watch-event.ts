import type { BrainDiagnosis } from '../../domain/brain.ts';
import type { CorrelatedIncident } from '../../domain/signals.ts';
import type { ShownSignals } from '../../domain/signals-now.ts';

/** What a watch tells; `at` in milliseconds since the epoch. */
export type WatchEvent =
  /** `notes`: what else is read and what of it does not answer, one sentence each. */
  | { type: 'started'; at: number; notes: string[] }
  /** `diagnosis`: null where it could not be made; `signals`: absent where no telemetry is read. */
  | {
      type: 'opened';
      at: number;
      incident: CorrelatedIncident;
      diagnosis: BrainDiagnosis | null;
      mu: number;
      signals?: ShownSignals;
    }
  /** More belongs to it than before. */
  | { type: 'grew'; at: number; incident: CorrelatedIncident }
  | { type: 'closed'; at: number; incident: CorrelatedIncident; lastedMs: number }
  /** Nothing can be said: neither that all is well nor that anything is over. Told at each look that fails. */
  | { type: 'unknown'; at: number; reason: string; retryMs: number }
  /** Answers come again. */
  | { type: 'known'; at: number }
  /** The machine has slept, or the process stood still: what happened meanwhile is not known before the next look. */
  | { type: 'slept'; at: number; forMs: number };

/** What a look found that could be judged; `at` in milliseconds since the epoch. */
export interface WatchLook {
  at: number;
  mu: number;
  /** Oldest first. */
  open: readonly CorrelatedIncident[];
}
