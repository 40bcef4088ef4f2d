import type { ObjectRef } from './kube-object.ts';
import type { KernelEvent } from './kernel-metrics.ts';
import type { CallGraph, IncidentMember, Localisation, Signal, SignalReading, Suspect, Usual } from './signals.ts';

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

/** What programs write to their logs, as one template with how often. Never a severity of its own. */
export interface LogTemplateSeen {
  /** Redacted, bounded, on one line; `<*>`, `<num>`, `<id>` … stand for what differs. Untrusted. */
  text: string;
  /** Whose logs say it; null where that cannot be told, or where it is several. */
  object: ObjectRef | null;
  /** How often since {@link LogsSeen.from}; of a log that was cut, at least so often. */
  count: number;
  /** How often in the time before; null where that is not known. */
  before: number | null;
  /** First and last time since, milliseconds since the epoch. */
  first: number;
  last: number;
  /** Said since, and certainly never in the time before. */
  isNew: boolean;
  /** It speaks of trouble. */
  isTrouble: boolean;
}

/** Logs of the scope around the beginning of an incident. */
export interface LogsSeen {
  /** As people are told: `VictoriaLogs in logging`, `logs of the kubelet`. */
  source: string;
  /** Where the time since begins and ends, and the one before it begins; milliseconds since the epoch. */
  from: number;
  to: number;
  beforeFrom: number;
  /** New ones first, trouble first among them. */
  templates: LogTemplateSeen[];
  /** Templates that are left out. */
  more: number;
  /** Where people read the same, http or https; null where none is known. */
  link: string | null;
  /** Why nothing, or not all, can be called new: one sentence without a full stop; null where it can. */
  unknown: string | null;
}

/** What kernels count of one node or program, against what is usual there. Never a severity of its own. */
export interface KernelEvidence {
  event: KernelEvent;
  /** Null where its labels name nothing that is known. */
  object: ObjectRef | null;
  /** The counter. */
  metric: string;
  /** Events a second on average since what is usual ended. */
  perSecond: number;
  usual: Usual | null;
  /** One sentence without a full stop. */
  message: string;
}

/** One thing of an incident. */
export interface ShownMember extends Pick<IncidentMember, 'source' | 'objects' | 'message'> {
  /** Milliseconds since the epoch; null where nobody tells when it began. */
  since: number | null;
  /** Why it belongs to the others: one phrase. */
  why: string;
}

/** Things that belong together, and why. */
export interface ShownIncident {
  title: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where it probably begins; null where none of its members names an object. */
  root: { object: ObjectRef; reason: string } | null;
  /** Oldest first, bounded; `count` is how many there are. */
  members: ShownMember[];
  count: number;
  isStorm: boolean;
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
  /** Absent where none are read. */
  logs?: LogsSeen;
  kernel?: KernelEvidence[];
  /** Alerts, signals and unhealthy objects that belong together, oldest first. */
  incidents?: ShownIncident[];
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
  /** These are absent where there is nothing of the kind, and in older logs. */
  logs?: LogsSeen;
  kernel?: KernelEvidence[];
  incidents?: ShownIncident[];
  /** What could not be judged or asked. */
  unknown: string[];
}

const MOST_SIGNALS = 12;
const MOST_SUSPECTS = 5;
const MOST_UNKNOWN = 10;
const MOST_TEMPLATES = 8;
const MOST_KERNEL = 6;
const MOST_INCIDENTS = 3;
const ORDER = { incident: 0, early: 1, forecast: 2 } as const;

export function shownSignals(now: SignalsNow): ShownSignals {
  const { at, reading, suspects, waterfall, logs, kernel = [], incidents = [], notes } = now;
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
    ...(logs ? { logs: shownLogs(logs) } : {}),
    ...(kernel.length > 0 ? { kernel: kernel.slice(0, MOST_KERNEL) } : {}),
    ...(incidents.length > 0 ? { incidents: incidents.slice(0, MOST_INCIDENTS) } : {}),
    unknown: [...new Set(unknown)].slice(0, MOST_UNKNOWN),
  };
}

function shownLogs(logs: LogsSeen): LogsSeen {
  const { templates, more } = logs;
  const left = Math.max(0, templates.length - MOST_TEMPLATES);
  return { ...logs, templates: templates.slice(0, MOST_TEMPLATES), more: more + left };
}
