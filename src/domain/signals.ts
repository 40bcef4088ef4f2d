import type { Unit } from '../text/amount.ts';
import type { ObjectRef } from './kube-object.ts';
import type { Sample } from './telemetry.ts';

/** What telemetry shows of one object. The first five are incident types with thresholds. */
export type SignalKind =
  | 'oom'
  | 'latency'
  | 'errors'
  | 'disk'
  | 'certificate'
  | 'anomaly'
  | 'memory'
  | 'quota'
  | 'autoscaler'
  | 'logs'
  | 'alert';

/**
 * `incident`: the condition has held for as long as it has to. `early`: it holds, but not for long enough, or it is a hint
 * only. `forecast`: it will hold if things go on like this.
 */
export type SignalLevel = 'incident' | 'early' | 'forecast';

/** What is usual, in the signal's unit. */
export interface Usual {
  center: number;
  /** One standard deviation, or what stands for it where a robust one was taken. */
  deviation: number;
  /** Samples that it rests on. */
  count: number;
  /** Over which time, in words that follow a number: `over the last hour`. */
  over: string;
}

export interface Signal {
  kind: SignalKind;
  level: SignalLevel;
  /** Null where the labels name no object that is known. */
  object: ObjectRef | null;
  /** Other objects that the labels name. */
  others: ObjectRef[];
  /** Of the series; untrusted. */
  labels: Readonly<Record<string, string>>;
  /** When the condition began to hold, milliseconds since the epoch. */
  since: number;
  /** Of an early sign: when it will be an incident if its condition goes on, milliseconds since the epoch; absent for a mere hint. */
  firesAt?: number;
  /** When it is over by itself at the latest, milliseconds since the epoch; absent: it stays as long as its condition holds. */
  endsAt?: number;
  /** One sentence with what was compared, without a full stop. */
  message: string;
  /** The value now, what is usual and where the line is; `unit` is that of all three. */
  value: number;
  usual: Usual | null;
  threshold: number | null;
  unit: Unit;
  /** PromQL that shows it; null where no query does. */
  query: string | null;
  /** Where people see the series, http or https; absent where none is known. */
  link?: string;
  chart: ChartData | null;
}

/** Something that could not be judged: never taken for health. */
export interface Unjudged {
  kind: SignalKind;
  object: ObjectRef | null;
  /** One sentence without a full stop. */
  reason: string;
  /** It could be judged all the time before: what vanished is no smaller matter than what is wrong. */
  lost?: true;
}

export interface SignalReading {
  signals: Signal[];
  unjudged: Unjudged[];
  /** What nobody exports, so that it is not looked at; one sentence each, without a full stop. */
  absent: string[];
  /** Series that name something of the scope; absent: none. */
  series?: number;
  /** Incident types that nothing tells of here, so that they are not watched; absent: none. */
  blind?: SignalKind[];
}

/** A chart as plain data: what draws it knows no telemetry. */
export interface ChartData {
  title: string;
  unit: Unit;
  /** The first is what it is about. Samples oldest first, thinned to what a chart can show. */
  lines: { label: string; samples: Sample[] }[];
  threshold: { value: number; label: string } | null;
  /** Where values usually lie. */
  band: { low: number; high: number; label: string } | null;
  marks: ChartMark[];
}

/** A moment that the chart marks. */
export interface ChartMark {
  kind: 'change' | 'alert' | 'fix';
  /** Milliseconds since the epoch. */
  at: number;
  label: string;
}

/** Where knowledge of an edge comes from, best first. */
export type EdgeSource = 'service-graph' | 'span-metrics' | 'spans' | 'settings';

export interface CallGraphNode {
  /** Unique in the graph: the object's identity, or the name that telemetry uses. */
  id: string;
  /** For people; untrusted. */
  name: string;
  /** Workload, else Service or Ingress; null for what lies outside the snapshot or cannot be told. */
  object: ObjectRef | null;
}

/** Calls from one to the other, as the caller sees them. Numbers are null where the source does not tell. */
export interface CallGraphEdge {
  /** Ids of nodes. */
  from: string;
  to: string;
  kind: 'call' | 'message';
  /** Calls that were seen. */
  calls: number | null;
  perSecond: number | null;
  /** 0..1. */
  errorRatio: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
  sources: EdgeSource[];
}

/** Who calls whom. May hold circles; never an edge to itself. */
export interface CallGraph {
  nodes: CallGraphNode[];
  edges: CallGraphEdge[];
}

/** A node that others reach, or that reaches others, and over how many calls. */
export interface Reached {
  node: CallGraphNode;
  hops: number;
  /** The one next to it on the way; null where it is reached directly. */
  via: CallGraphNode | null;
}

/** Who suffers if these objects fail (callers), and who gets other load from them (callees). */
export interface CallReach {
  upstream: Reached[];
  downstream: Reached[];
}

/** Where traces say that the trouble begins. */
export interface Suspect {
  node: CallGraphNode;
  /** The one pod of several that it comes from; null where it comes from more than one or cannot be told. */
  pod: ObjectRef | null;
  symptom: 'errors' | 'latency';
  /** 0..1: part of what is worse than usual that begins here. */
  score: number;
  /** 0..1: part of the samples drawn from the traces in which it comes first. */
  confidence: number;
  /** How many times more than in usual traces; null where there are none to compare with. */
  lift: number | null;
  /** One sentence without a full stop. */
  message: string;
  /** Ids of traces that show it, worst first. */
  traces: string[];
}

/** Suspects best first. `unknown`: why nobody can be named; null where somebody is, or nothing is worse than usual. */
export interface Localisation {
  suspects: Suspect[];
  unknown: string | null;
}

/** One thing that belongs to an incident. */
export interface IncidentMember {
  source: 'alert' | 'signal' | 'object' | 'check';
  /** The same for the same thing whenever it is told of. */
  id: string;
  /** What it is about; empty where that cannot be told. */
  objects: ObjectRef[];
  labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  since: number;
  message: string;
}

export interface CorrelatedIncident {
  /** The same for as long as the incident is open, and again if the same root is found later. */
  fingerprint: string;
  title: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where it probably begins, and why, in words; null where none of its members names an object. */
  root: { object: ObjectRef; reason: string } | null;
  /** Oldest first. Of a storm some only. */
  members: IncidentMember[];
  /** Members in all. */
  count: number;
  /** More began within a minute than a person can read: told of as one. */
  isStorm: boolean;
  /** It was open already. */
  isKnown: boolean;
  /** Fingerprints of incidents that were open and turned out to be this one. */
  absorbed: string[];
}
