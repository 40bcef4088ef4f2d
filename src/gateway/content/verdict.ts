export type Verdict =
  | { action: 'pass' }
  /** A write that must go through forecast, journal or dry-run. */
  | { action: 'write' }
  | { action: 'refuse'; rule: string; reason: string };

export const PASS: Verdict = { action: 'pass' };
export const WRITE: Verdict = { action: 'write' };
export const refuse = (rule: string, reason: string): Verdict => ({ action: 'refuse', rule, reason });
