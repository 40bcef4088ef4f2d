import type { ChartView } from './chart-view.ts';

/** Something that telemetry shows of one object. */
export interface SignalView {
  level: 'incident' | 'early' | 'forecast';
  /** How it stands, in words. */
  standing: string;
  object: string;
  message: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where its series can be opened (a host); empty where nowhere. */
  source: string;
  chart: ChartView | null;
}

/** Where traces say that the trouble begins. */
export interface SuspectView {
  object: string;
  /** The one pod of several that it comes from; empty otherwise. */
  pod: string;
  message: string;
  /** How sure that is, in words. */
  sure: string;
}

/** One trace as a waterfall. */
export interface TraceView {
  id: string;
  duration: string;
  /** Where it can be opened (a host); empty where nowhere. */
  source: string;
  /** Calls that are left out. */
  cut: number;
  rows: {
    service: string;
    operation: string;
    /** 0 for what nothing called. */
    depth: number;
    /** Start and length in thousandths of the trace. */
    from: number;
    length: number;
    duration: string;
    error: boolean;
  }[];
}

/** Things that belong together. */
export interface TogetherView {
  /** `4 things belong together`. */
  what: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where it begins; empty where that is not known. */
  root: string;
  reason: string;
  /** Oldest first. `since`: null where nobody tells. */
  members: { source: 'alert' | 'signal' | 'object' | 'check'; message: string; since: number | null; why: string }[];
  /** Members that are left out. */
  more: number;
}

/** What programs write since something began. */
export interface LogsView {
  /** Who was asked. */
  source: string;
  /** Where it can be opened (a host); empty where nowhere. */
  host: string;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  rows: {
    /** `new`: never said before. `trouble`: it speaks of trouble. */
    mark: 'new' | 'trouble' | 'said';
    /** Whose logs say it; empty where several do, or nobody can tell. */
    object: string;
    text: string;
    /** How often, and how often before, in words. */
    said: string;
    first: number;
    last: number;
  }[];
  /** Kinds of lines that are left out. */
  more: number;
  /** Why it cannot be told what is new; empty where it can. */
  unknown: string;
}

export interface TelemetryView {
  /** When it was read, milliseconds since the epoch. */
  at: number;
  signals: SignalView[];
  suspects: SuspectView[];
  trace: TraceView | null;
  together: TogetherView[];
  logs: LogsView | null;
  /** What kernels count that is not as usual, a sentence each. */
  kernel: string[];
  /** What could not be judged or asked, a sentence each. */
  unknown: string[];
}
