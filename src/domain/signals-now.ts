import type { ObjectRef } from './kube-object.ts';
import type { CallGraph, Localisation, Signal, SignalReading, Suspect } from './signals.ts';

/** One span of a trace as a row of its waterfall. */
export interface WaterfallRow {
  /** Untrusted. */
  service: string;
  operation: string;
  /** 0 for what nothing called, as far as is known. */
  depth: number;
  /** From the start of the trace, ms. */
  startMs: number;
  durationMs: number;
  isError: boolean;
}

/** A trace, callers before what they call. */
export interface Waterfall {
  trace: string;
  /** Where a person sees the same, http or https; null where none is known. */
  link: string | null;
  durationMs: number;
  rows: WaterfallRow[];
  /** Spans that are left out. */
  cut: number;
}

/** Why a container of a workload runs out of memory, as the history of what it used tells. */
export interface MemoryVerdict {
  workload: ObjectRef;
  container: string;
  /** `leak`: it fills any limit. `tight-limit`: it always needs more than it has. */
  cause: 'leak' | 'tight-limit' | 'unknown';
  /** What speaks for it, or what is missing: sentences without a full stop. */
  evidence: string[];
  /** Most that was in use in any of its pods, bytes; null where nobody tells. */
  peakBytes: number | null;
}

/** What telemetry shows at one moment, for whoever looks for causes. */
export interface SignalsNow {
  /** Milliseconds since the epoch. */
  at: number;
  reading: SignalReading;
  graph: CallGraph;
  suspects: Localisation;
  /** Of a trace that shows what the first suspect is suspected of; null where there is none. */
  waterfall: Waterfall | null;
  /** Of containers with a signal of too little memory; absent where there is none. */
  memory?: MemoryVerdict[];
  /** What could not be asked, one sentence each, without a full stop. */
  notes: string[];
}

/** The part of it that people are shown, bounded. */
export interface ShownSignals {
  at: number;
  /** Incidents first, then early signs, then forecasts. */
  signals: Signal[];
  suspects: Suspect[];
  waterfall: Waterfall | null;
  /** What could not be judged or asked. */
  unknown: string[];
}

const MOST_SIGNALS = 12;
const MOST_SUSPECTS = 5;
const MOST_UNKNOWN = 10;
const ORDER = { incident: 0, early: 1, forecast: 2 } as const;

export function shownSignals({ at, reading, suspects, waterfall, notes }: SignalsNow): ShownSignals {
  const unknown = [
    ...notes,
    ...reading.unjudged.map(({ reason }) => reason),
    ...(suspects.unknown ? [suspects.unknown] : []),
  ];
  return {
    at,
    signals: [...reading.signals].sort((a, b) => ORDER[a.level] - ORDER[b.level]).slice(0, MOST_SIGNALS),
    suspects: suspects.suspects.slice(0, MOST_SUSPECTS),
    waterfall,
    unknown: [...new Set(unknown)].slice(0, MOST_UNKNOWN),
  };
}
