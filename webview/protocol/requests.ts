import type { Look } from './finding-view.ts';
import type { RunSnapshot } from './run-snapshot.ts';

/**
 * What the run view and its host say to each other. The host owns all state and sends complete snapshots, because a
 * hidden page misses messages; the page asks by request. Nothing in here may carry a Secret's value.
 */

/** Answer to a request that may be refused: `problem` is empty when it was accepted. */
export interface Reply {
  problem: string;
}

/** Requests of the page: name -> [parameters, result]. */
export interface Requests {
  ready: [Record<string, never>, { snapshot: RunSnapshot | null }];
  /** Whether the host is there. */
  alive: [Record<string, never>, Reply];
  approve: [{ run: string; hash: string }, Reply];
  reject: [{ run: string; hash: string; reason: string }, Reply];
  cancel: [{ run: string }, Reply];
  openDiff: [{ run: string; hash: string; step: number; write: number }, Reply];
  /** The same target once more, as a new run. */
  again: [{ run: string }, Reply];
  undo: [{ run: string; transaction: string }, Reply];
  /** Compares what an undo could not restore, or shows what was written. */
  inspect: [{ run: string; transaction: string }, Reply];
  /** Closes an unfinished transaction as it stands. */
  keep: [{ run: string; transaction: string }, Reply];
  /** Ends watching what the run kept. */
  stopKeptWatch: [{ run: string }, Reply];
  /** Whether what the run kept, and what got worse since, is taken back: `undo` or `keep`. */
  answerKeptWatch: [{ run: string; answer: string }, Reply];
  showUndoStack: [Record<string, never>, Reply];
  /** Opens what a finding (`evidence` -1) or one evidence of it speaks of. */
  look: [{ run: string; finding: string; evidence: number; look: Look }, Reply];
  /** Opens what an item of severity is about. */
  lookAt: [{ run: string; item: string; look: Look }, Reply];
  /** Opens what the answer of a tool speaks of. @see ToolCallView */
  lookAtTool: [{ run: string; call: number; evidence: number; look: Look }, Reply];
  /** Opens where the trace (`signal` -1), the logs (-2) or the series of a signal come from. */
  openSource: [{ run: string; signal: number }, Reply];
  /** Looks for telemetry in the cluster of the run. */
  findTelemetry: [{ run: string }, Reply];
  /** Opens what was asked of models, and what they answered. */
  showModelRequests: [{ run: string }, Reply];
  /** Copies a finding with its evidence as text. */
  copyFinding: [{ run: string; finding: string }, Reply];
  copySummary: [{ run: string }, Reply];
  /** Copies the command of a step as one would type it; `hash` is empty for a plan that has none yet. */
  copyCommand: [{ run: string; hash: string; step: number }, Reply];
  /** A read-only terminal on the run's target. */
  terminal: [{ run: string }, Reply];
  /** Looks for incidents where a failing check points. */
  goTo: [{ run: string; namespace: string }, Reply];
  /** Sets up a request check for the run's namespace. */
  addCheck: [{ run: string }, Reply];
}

export type RequestName = keyof Requests;
export type Params<N extends RequestName> = Requests[N][0];
export type Result<N extends RequestName> = Requests[N][1];

export type ToHost = { [N in RequestName]: { type: 'request'; id: number; name: N; params: Params<N> } }[RequestName];

export type ToPage =
  | { type: 'snapshot'; snapshot: RunSnapshot }
  | { type: 'reply'; id: number; result: Result<RequestName> }
  /** The host could not serve a request; one line for people. */
  | { type: 'failure'; id: number; problem: string };

/** What survives a reload of the window, for the host to find the run again: never anything about the cluster. */
export interface PageState {
  run: string;
}

const REQUEST_NAMES: Record<RequestName, true> = {
  ready: true,
  alive: true,
  approve: true,
  reject: true,
  cancel: true,
  openDiff: true,
  again: true,
  undo: true,
  inspect: true,
  keep: true,
  stopKeptWatch: true,
  answerKeptWatch: true,
  showUndoStack: true,
  look: true,
  lookAt: true,
  lookAtTool: true,
  openSource: true,
  findTelemetry: true,
  showModelRequests: true,
  copyFinding: true,
  copySummary: true,
  copyCommand: true,
  terminal: true,
  goTo: true,
  addCheck: true,
};

/** Messages come from a page and are checked like any other input. */
export function isToHost(message: unknown): message is ToHost {
  if (typeof message !== 'object' || message === null) return false;
  const { type, id, name, params } = message as Record<string, unknown>;
  return (
    type === 'request' &&
    typeof id === 'number' &&
    typeof name === 'string' &&
    Object.hasOwn(REQUEST_NAMES, name) &&
    typeof params === 'object' &&
    params !== null &&
    Object.values(params).every((value) => typeof value === 'string' || typeof value === 'number')
  );
}
