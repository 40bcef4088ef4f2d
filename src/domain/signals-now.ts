import type { CallGraph, Localisation, SignalReading } from './signals.ts';

/** What telemetry shows at one moment, for whoever looks for causes. */
export interface SignalsNow {
  /** Milliseconds since the epoch. */
  at: number;
  reading: SignalReading;
  graph: CallGraph;
  suspects: Localisation;
  /** What could not be asked, one sentence each, without a full stop. */
  notes: string[];
}
