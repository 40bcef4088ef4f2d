import type { Recorded } from '../../catalogue/run/records.ts';
import type { TrialReport } from '../../catalogue/run/report.ts';

/** A report of a trial that failed, but for what is given. */
export function reportOf(given: Partial<Recorded<TrialReport>>): Recorded<TrialReport> {
  return {
    entry: 'container:none',
    kind: 'single',
    family: 'container',
    seed: 1,
    way: 'stratus',
    what: '',
    alone: true,
    verdict: 'unnamed',
    passed: false,
    outcome: 'restored',
    detected: true,
    place: 0,
    cause: 0,
    attempts: 1,
    writes: 0,
    costUsd: 0,
    muRise: null,
    seconds: {},
    undoDifferences: [],
    problems: [],
    findings: [],
    reason: '',
    commit: 'here',
    machine: 'two processors',
    at: '2026-01-01T00:00:00.000Z',
    ...given,
  };
}
