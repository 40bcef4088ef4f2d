import { cost } from '../../domain/budget.ts';
import type { RunResult } from '../../domain/run-event.ts';
import type { RunState } from '../../domain/run-state.ts';
import { mu } from '../../domain/severity.ts';

/** What a run that has ended tells. @param endedAt milliseconds since the epoch */
export function resultOf(state: RunState, endedAt: number): RunResult {
  const { initial, current, spent } = state;
  return {
    outcome: state.outcome ?? 'stranded',
    muBefore: initial?.known ? mu(initial) : null,
    muAfter: current?.known ? mu(current) : null,
    attempts: state.attempt,
    writes: state.totalWrites,
    undoWrites: state.undoWrites,
    seconds: Math.round((endedAt - state.startedAt) / 10) / 100,
    costUsd: rounded(cost(spent)),
    ...(spent.calls > 0 ? { models: { tokens: spent.tokens, calls: spent.calls } } : {}),
    transactions: state.committed,
    findings: state.findings,
    reason: state.reason,
    ...(state.owed ? { owed: state.owed } : {}),
    ...(state.error ? { error: state.error } : {}),
  };
}

/** To a hundredth of a cent. */
function rounded(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 10_000) / 10_000;
}
