import type { BrainDiagnosis } from '../../domain/brain.ts';
import type { CorrelatedIncident } from '../../domain/signals.ts';
import type { ShownSignals } from '../../domain/signals-now.ts';
import type { NotesChange } from './watch-notes.ts';

/** What a watch tells; `at` in milliseconds since the epoch. */
export type WatchEvent =
  /** `notes`: what else is read and what of it does not answer, one sentence each. */
  | { type: 'started'; at: number; notes: string[] }
  /** What is not watched, and what is to be reckoned with, at the first look and whenever it changes. */
  | ({ type: 'noted'; at: number } & NotesChange)
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
  /**
   * It cannot be said that all is well, nor that anything is over. Told at each look that fails. `isPart`: what did answer was
   * looked at, and what it calls wrong was told.
   */
  | { type: 'unknown'; at: number; reason: string; retryMs: number; isPart?: true }
  /** Answers come again. */
  | { type: 'known'; at: number }
  /** The machine has slept, or the process stood still: what happened meanwhile is not known before the next look. */
  | { type: 'slept'; at: number; forMs: number };

/** What a look found, as far as it could be judged; `at` in milliseconds since the epoch. */
export interface WatchLook {
  at: number;
  /** Null where a part did not answer. */
  mu: number | null;
  /** Oldest first. */
  open: readonly CorrelatedIncident[];
}
