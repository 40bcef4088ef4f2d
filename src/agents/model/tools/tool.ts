import type * as z from 'zod';
import type { AttemptRecord, BrainDiagnosis, EvidenceReads } from '../../../domain/brain.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Severity } from '../../../domain/severity.ts';
import type { SignalsNow } from '../../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../../domain/snapshot.ts';
import type { Target } from '../../../domain/target.ts';
import type { EvidenceDesk } from '../evidence/evidence-desk.ts';

/** What tools read. Nothing in it can write. */
export interface ToolDesk {
  target: Target;
  snapshot: ClusterSnapshot;
  severity: Severity;
  reads: EvidenceReads;
  /** What the playbooks say; null where they were not asked. */
  playbook: BrainDiagnosis | null;
  attempts: readonly AttemptRecord[];
  evidence: EvidenceDesk;
  clock: Clock;
  signal: AbortSignal;
  /** What telemetry shows; absent where none is read. */
  signals?: SignalsNow;
  /** What a monitoring system says, in words; absent where none is connected. Untrusted. */
  metrics?(question: MetricQuestion, signal: AbortSignal): Promise<string>;
  /** The same of a tracing system. */
  traces?(question: TraceQuestion, signal: AbortSignal): Promise<string>;
  /** What of the run can still be undone, last first, one line each; absent where nobody can tell. */
  undoStack?(): Promise<readonly string[]>;
}

export interface MetricQuestion {
  /** Workload, Service or node. */
  name: string;
  namespace: string;
  metric: 'cpu' | 'memory' | 'requests' | 'errors' | 'latency' | 'restarts';
  minutes: number;
}

export interface TraceQuestion {
  service: string;
  namespace: string;
  minutes: number;
}

/**
 * A read-only tool (paper, Appendix D). Its answer is text for a model: bounded, redacted, with the evidence ids of what it
 * shows; it is fenced as data by whoever hands it on.
 */
export interface Tool<Args = unknown> {
  readonly name: string;
  /** For the model, one or two sentences. */
  readonly description: string;
  readonly schema: z.ZodType<Args>;
  /** @throws Error whose message tells the model what to ask instead */
  run(args: Args, desk: ToolDesk): Promise<string>;
}
