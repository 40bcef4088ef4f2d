import type { Span, TraceQuery } from '../../domain/telemetry.ts';

/** One of the two HTTP interfaces of Jaeger. Each throws SourceProblem. */
export interface JaegerRoutes {
  services(signal: AbortSignal): Promise<{ value: string[]; at: number }>;
  /** Traces that have a span of the service; `at`: when it answered, on our clock. */
  search(query: TraceQuery & { service: string }, signal: AbortSignal): Promise<FoundSpans>;
}

export interface FoundSpans {
  /** On our clock, in no order. */
  value: { spans: Span[]; unusable: number };
  at: number;
}
