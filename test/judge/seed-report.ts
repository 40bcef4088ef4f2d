/** What the judge found for one seed; one JSON line of its report. */
export interface SeedReport {
  seed: number;
  passed: boolean;
  fault: string;
  variant: string;
  description: string;
  members: number;
  killed: boolean;
  /** Each thing that is not as promised, one sentence. */
  failures: string[];
  /** Objects that the mitigation changed. */
  changes: string[];
  result: { outcome: unknown; muBefore: unknown; muAfter: unknown; attempts: unknown; writes: unknown } | null;
  /** Seconds by phase. */
  seconds: Record<string, number>;
  /** Where the product's journal was kept for inspection. */
  stratusHome?: string;
}
