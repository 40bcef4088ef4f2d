import type { OracleTiming } from './ports.ts';

/**
 * What a source of telemetry says. Everything in it is untrusted text, already bounded and without control characters
 * (I12). `unknown` is never taken for health, an empty list in `ok` is: only a source that certainly looked says `ok`.
 */
export type Answer<T> =
  /**
   * `asOf`: of which moment it speaks, milliseconds since the epoch on our clock. `cut`: why there is more than what is
   * here (a cap, a part of the source that did not answer). `note`: what else is to be known of it, such as a clock that
   * goes wrong or series that hold no number. Both are one sentence without a full stop. `names`: of what is not here.
   */
  | { state: 'ok'; value: T; asOf: number; cut?: string; note?: string; names?: MissingNames }
  /** Asked and not answered, or not to be understood: one sentence that says what to do, without a full stop. */
  | { state: 'unknown'; reason: string }
  /** Not configured, or not there. */
  | { state: 'absent'; reason: string };

/** Names of alerts that an answer does not tell of, whether or not they fire. */
export interface MissingNames {
  /** Of those that `cut` speaks of, the same whatever its words are; absent: they have none. */
  missing?: readonly string[];
  /** Of those that have no data to speak by, as happens without anything being wrong. */
  mute?: readonly string[];
  /** Alerts of several clusters, of which nobody knows which is the target's, and why not: one sentence without a full stop. */
  doubtful?: { alerts: readonly Alert[]; reason: string };
}

/** Among names of what is missing: it may be anything. */
export const ANYTHING = '*';

export interface Alert {
  /** Label `alertname`. */
  name: string;
  /** `pending`: the condition holds, but not for as long as the rule wants. */
  state: 'firing' | 'pending';
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  startsAt: number;
  /** Of a pending alert: when it fires if its condition goes on, milliseconds since the epoch; absent where nobody tells. */
  firesAt?: number;
  /** It was told of as firing, goes on, and is silenced or inhibited by now. */
  hidden?: true;
  /** The same for the same labels, whoever tells of it. */
  fingerprint: string;
  /** Where to read on, http or https. */
  link?: string;
}

/** Alerts that neither a silence nor another alert hides, and those that fired here before they were hidden. */
export interface AlertSource {
  /** As people are told: `Alertmanager in monitoring`. */
  readonly name: string;
  readonly timing: OracleTiming;
  alerts(signal: AbortSignal): Promise<Answer<Alert[]>>;
  /** What an alert that it told of last looks at; where it can tell that. */
  series?(alert: Alert, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>>;
}

export interface Sample {
  /** Milliseconds since the epoch. */
  at: number;
  /** Finite. */
  value: number;
}

export interface Series {
  labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  samples: Sample[];
}

/** Milliseconds since the epoch; `stepMs` between samples. */
export interface TimeWindow {
  from: number;
  to: number;
  stepMs: number;
}

/** PromQL (https://prometheus.io/docs/prometheus/latest/querying/api/). */
export interface MetricSource {
  readonly name: string;
  /** A sample is that old at most where all is well, in ms: scrape interval and what a query looks back. */
  readonly lagMs: number;
  /** For queries that people wrote: asked as they are, of all that the server holds. Absent: there is no difference. */
  readonly asWritten?: MetricSource;
  /** One sample a series. @param at milliseconds since the epoch; absent: now */
  instant(query: string, signal: AbortSignal, at?: number): Promise<Answer<Series[]>>;
  /** A window that asks for more points than a server gives is asked for with a larger step. */
  range(query: string, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>>;
  /** A page where a person sees the same, http or https; null where none is known. */
  link(query: string, window: TimeWindow): string | null;
}

export type SpanKind = 'client' | 'server' | 'producer' | 'consumer' | 'internal';

export interface Span {
  trace: string;
  id: string;
  /** Null: the trace begins here, as far as is known. Parents never go round in a circle; some may be missing. */
  parent: string | null;
  service: string;
  operation: string;
  kind: SpanKind;
  /** Milliseconds since the epoch, with fractions. */
  startsAt: number;
  durationMs: number;
  isError: boolean;
  /** Of the span and of its resource; the span's own win. */
  attributes: Readonly<Record<string, string>>;
}

export interface TraceQuery {
  service?: string;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Traces, not spans. */
  limit: number;
  errorsOnly?: boolean;
  minDurationMs?: number;
}

export interface TraceSource {
  readonly name: string;
  /** A span is found this long after it ended, in ms. */
  readonly lagMs: number;
  services(signal: AbortSignal): Promise<Answer<string[]>>;
  /** Spans of each trace in the order of their start; a trace may lack some. */
  search(query: TraceQuery, signal: AbortSignal): Promise<Answer<Span[][]>>;
  /** A page where a person sees the trace, http or https; null where none is known. */
  link(trace: string): string | null;
}

export interface LogQuery {
  namespace: string;
  pod?: string;
  container?: string;
  /** Lines that hold this text, upper and lower case alike. */
  text?: string;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Newest lines win. */
  limit: number;
}

export interface LogLine {
  /** Milliseconds since the epoch. */
  at: number;
  text: string;
  pod?: string;
  container?: string;
}

export interface LogSource {
  readonly name: string;
  readonly lagMs: number;
  /** Oldest first. */
  search(query: LogQuery, signal: AbortSignal): Promise<Answer<LogLine[]>>;
  link(query: LogQuery): string | null;
}

/** What is there to ask; null: nothing of the kind. */
export interface TelemetrySources {
  alerts: AlertSource | null;
  metrics: MetricSource | null;
  traces: TraceSource | null;
  logs: LogSource | null;
}
