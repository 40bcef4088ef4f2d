import type { AttemptRecord } from './brain.ts';
import { standingAttempts } from './brain.ts';
import { exceeded, spend } from './budget.ts';
import type { Finding } from './finding.ts';
import type { Plan } from './plan.ts';
import { withPerson } from './plan.ts';
import type { MachineEvent, MachineEventType, Outcome, RunOptions } from './run-event.ts';
import type { Phase, RunState, StopReason } from './run-state.ts';
import type { Severity, SeverityItem } from './severity.ts';
import { itemId, itemNames } from './severity.ts';
import type { StepRehearsal } from './transaction.ts';
import { missingText } from './transaction.ts';

/**
 * The incident's state machine as a pure reducer (paper, control-flow figure; design section 2). Effects are data;
 * the interpreter runs exactly one at a time and answers each with one event, so "what is in flight" is always known.
 */
export type Effect =
  | { type: 'detect' }
  | { type: 'diagnose' }
  | { type: 'plan' }
  | { type: 'rehearse'; plan: Plan }
  | { type: 'askApproval'; plan: Plan; steps: StepRehearsal[]; hash: string }
  | { type: 'acquireLock' }
  | { type: 'checkpoint'; plan: Plan }
  | { type: 'execute'; index: number }
  | { type: 'settle' }
  | { type: 'judge' }
  | { type: 'commit'; tx: string }
  | { type: 'undo'; tx: string }
  | { type: 'verify' }
  | { type: 'reflect'; attempt: AttemptRecord }
  /** `limit`: which limit of models is reached, in words. */
  | { type: 'askBudget'; limit: string };

/** Instructions that need no answer. */
export type Signal =
  /** Abort the effect in flight; it still answers with its event. */
  { type: 'abortInFlight' } | { type: 'releaseLock'; clean: boolean };

export interface Step {
  state: RunState;
  effect: Effect | null;
  signals: Signal[];
}

/** Thrown for an event that the phase does not expect: a bug in the interpreter, never silently ignored. */
export class UnexpectedEvent extends Error {
  constructor(phase: Phase, event: MachineEventType) {
    super(`event '${event}' is not expected in phase '${phase}'`);
  }
}

type EventOf<T extends MachineEventType> = Extract<MachineEvent, { type: T }>;
type Handlers = { [T in MachineEventType]?: (state: RunState, event: EventOf<T>) => Step };

/** How often in a row a plan that was tried before is answered by a reflection. */
const MAX_REPEATS = 3;

const go = (state: RunState, change: Partial<RunState>, effect: Effect | null, signals: Signal[] = []): Step => ({
  state: { ...state, ...change },
  effect,
  signals,
});

function limits(state: RunState): RunOptions {
  if (!state.options) throw new Error('run not started');
  return state.options;
}

/** Ends the run; the outcome follows from what is left standing in the cluster. */
function finish(state: RunState, outcome: Outcome, reason: string, error: string | null = null): Step {
  const signals: Signal[] = state.locked
    ? [{ type: 'releaseLock', clean: outcome !== 'diverged' && outcome !== 'stranded' }]
    : [];
  return go(state, { phase: 'done', outcome, reason, error, locked: false, plan: null }, null, signals);
}

/** No further attempt will be made and no transaction is open. */
function giveUp(state: RunState, reason: string, error: string | null = null): Step {
  if (limits(state).allOrNothing && state.committed.length > 0 && !state.unwinding) return unwind(state, reason);
  if (state.committed.length > 0) return finish(state, 'improved', reason, error);
  if (state.stop === 'cancel') return finish(state, 'cancelled', reason, error);
  return finish(state, 'restored', reason, error);
}

/** All-or-nothing: takes back what was committed, newest first; the lock was given back after each commit. */
function unwind(state: RunState, reason: string): Step {
  const [tx, ...undoQueue] = [...state.committed].reverse();
  const change: Partial<RunState> = { tx, undoQueue, undoReason: reason, plan: null, unwinding: true };
  const next = { ...state, ...change };
  return state.locked ? startUndo(next, reason) : go(next, { phase: 'frozen' }, { type: 'acquireLock' });
}

function startUndo(state: RunState, reason: string): Step {
  if (!state.tx) return giveUp(state, reason);
  return go(state, { phase: 'undoing', undoReason: reason }, { type: 'undo', tx: state.tx });
}

function toPlanning(state: RunState): Step {
  const { maxAttempts } = limits(state);
  if (state.stop) return giveUp(state, stopText(state));
  if (overBudget(state)) return askBudget(state);
  if (state.attempt >= maxAttempts) return giveUp(state, `no attempt left (${maxAttempts} made)`);
  return go(state, { phase: 'planning', plan: null, rehearsal: [], approvalHash: null }, { type: 'plan' });
}

function stopText(state: RunState): string {
  if (state.stop === 'budget') return overBudget(state) ?? 'the budget of this run is spent';
  return state.stop === 'cancel' ? 'cancelled by the user' : 'the time limit of this run was reached';
}

/** Null also where a person has refused more and a brain works that needs none. */
function overBudget(state: RunState): string | null {
  if (state.capped) return null;
  const limit = exceeded(limits(state).budget, state.spent);
  return limit && `the budget of this run is spent: ${limit}`;
}

/** Nothing is open: whether models may spend more is a person's decision. */
function askBudget(state: RunState): Step {
  const limit = overBudget(state) ?? 'the budget of this run is spent';
  return go(state, { phase: 'askingBudget', plan: null }, { type: 'askBudget', limit });
}

/** Brains that cost nothing may go on where models may not. */
function refusedBudget(state: RunState): Step {
  const next = nextBrain({ ...state, stop: null, capped: true });
  return next ?? giveUp({ ...state, stop: 'budget' }, stopText({ ...state, stop: 'budget' }));
}

/** What a brain said, or that it was interrupted because its budget is spent. */
function thinkingEnded(state: RunState): Step {
  return state.stop === 'budget' && !state.tx ? askBudget(state) : giveUp(state, stopText(state));
}

/** Another brain takes over with a diagnosis of its own; null when there is none. */
function nextBrain(state: RunState): Step | null {
  if (state.brain + 1 >= state.brains.length || state.stop) return null;
  const change: Partial<RunState> = { phase: 'diagnosing', brain: state.brain + 1, plan: null, repeats: 0 };
  return go(state, change, { type: 'diagnose' });
}

/** One that was to take over from another and cannot is no failure of the run: what the first could do was done. */
function brainFailed(state: RunState, reason: string): Step {
  return nextBrain(state) ?? giveUp(state, reason, state.brain > 0 ? null : reason);
}

/** A plan that was tried before teaches, but is not run again; a brain that insists gives way. */
function repeated(state: RunState, plan: Plan, earlier: AttemptRecord): Step {
  const repeats = state.repeats + 1;
  if (repeats > MAX_REPEATS) {
    const reason = `the same plan was proposed ${repeats} times in a row although it had been tried`;
    return nextBrain(state) ?? giveUp(state, reason);
  }
  const reason = `attempt ${earlier.attempt} did the same and was ${earlier.outcome}: ${earlier.reason}`;
  return reflectOn({ ...state, plan, repeats }, 'repeated', reason);
}

function reflectOn(state: RunState, outcome: AttemptRecord['outcome'], reason: string): Step {
  const attempt: AttemptRecord = { attempt: state.attempt, plan: state.plan!, outcome, reason, lesson: '' };
  const change: Partial<RunState> = { phase: 'reflecting', attempts: [...state.attempts, attempt] };
  return go(state, change, { type: 'reflect', attempt });
}

/** The lock is given back between transactions so that others can work while nothing is open. */
function closed(state: RunState, change: Partial<RunState>): { state: RunState; signals: Signal[] } {
  const signals: Signal[] = state.locked ? [{ type: 'releaseLock', clean: true }] : [];
  return { state: { ...state, ...change, tx: null, baseline: null, locked: false }, signals };
}

const onEffectFailed =
  (next: (state: RunState, reason: string) => Step) =>
  (state: RunState, event: EventOf<'effectFailed'>): Step =>
    next(state, `${event.effect}: ${event.reason}`);

/** Nothing was begun: another writer is at work, or an own undo has to be finished first. */
function denied(state: RunState, event: EventOf<'lockDenied'>): Step {
  const { reason, holder, owed = null } = event;
  const next = { ...state, owed };
  if (state.committed.length > 0) return giveUp(next, reason);
  return finish(next, 'locked', owed ? reason : `${reason} (held by ${holder})`);
}

/** The run began with nothing that an oracle calls unhealthy, so that there is nothing which a fix could be seen to help. */
const isCalm = ({ initial }: RunState): boolean => initial !== null && initial.known && initial.items.length === 0;

/** What nobody measures and somebody should look at. */
function calmText(findings: readonly Finding[]): string {
  const [first, ...more] = findings.filter(({ severity }) => severity !== 'info');
  if (!first) return 'nothing is wrong in scope';
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  return `nothing is measured as wrong in scope, but someone should look: ${first.message}${others}`;
}

const PHASES: Record<Phase, Handlers> = {
  idle: {
    started: (s, e) =>
      go(s, { phase: 'detecting', options: e.options, startedAt: e.at, brains: e.brains }, { type: 'detect' }),
  },
  detecting: {
    detected: (s, e) => {
      const change = { initial: e.severity, current: e.severity };
      if (!e.severity.known) {
        const reason = `the cluster's health is unknown: ${e.severity.reason}`;
        return finish({ ...s, ...change }, 'restored', reason, reason);
      }
      // Also where nothing is measured as wrong: what breaks without showing there is at least told.
      return go(s, { ...change, phase: 'diagnosing' }, { type: 'diagnose' });
    },
    lockDenied: denied,
    effectFailed: onEffectFailed((s, reason) => finish(s, 'restored', reason, reason)),
  },
  diagnosing: {
    diagnosed: (s, e) => {
      const { findings, hypotheses, severity: later = s.current } = e;
      const next = { ...s, findings, hypotheses, current: later };
      if (isCalm(s)) return finish(next, 'healthy', calmText(findings));
      const isWell = later?.known && later.items.length === 0;
      return isWell ? finish(next, 'healthy', 'all was ready within the time that it has to start') : toPlanning(next);
    },
    effectFailed: onEffectFailed((s, reason) =>
      isCalm(s)
        ? finish(s, 'healthy', `nothing is measured as wrong in scope, and not diagnosed (${reason})`)
        : brainFailed(s, reason),
    ),
  },
  planning: {
    planned: (s, e) => {
      if (!e.plan) return (e.escalate ? null : nextBrain(s)) ?? giveUp(s, e.reason);
      const known = standingAttempts(s.attempts).find(
        ({ plan, outcome }) => plan.hash === e.plan!.hash && outcome !== 'committed' && outcome !== 'repeated',
      );
      if (known) return repeated(s, e.plan, known);
      return go(s, { plan: e.plan, attempt: s.attempt + 1, repeats: 0 }, { type: 'rehearse', plan: e.plan });
    },
    rehearsed: (s, e) => {
      const failed = e.steps.find((step) => !step.ok && !step.partial);
      if (failed) return reflectOn({ ...s, rehearsal: e.steps }, 'failed', `rehearsal: ${failed.problem}`);
      const plan = withPerson(s.plan!, e.person);
      return go(
        s,
        { phase: 'awaitingApproval', plan, rehearsal: e.steps, approvalHash: e.hash },
        { type: 'askApproval', plan, steps: e.steps, hash: e.hash },
      );
    },
    effectFailed: (s, e) => {
      const reason = `${e.effect}: ${e.reason}`;
      return e.effect === 'plan' ? brainFailed(s, reason) : giveUp(s, reason, reason);
    },
  },
  awaitingApproval: {
    approved: (s, e) => {
      // Bound to what was shown: a plan that changed meanwhile needs a new look.
      if (e.hash !== s.approvalHash) return reflectOn(s, 'rejected', 'the approval was for another plan');
      return go(s, { phase: 'locking' }, { type: 'acquireLock' });
    },
    // Where nobody can be asked, the next plan for the same cause would be refused as well.
    rejected: (s, e) => (e.final ? (nextBrain(s) ?? giveUp(s, e.reason)) : reflectOn(s, 'rejected', e.reason)),
    effectFailed: onEffectFailed((s, reason) => giveUp(s, reason, reason)),
  },
  locking: {
    lockAcquired: (s) => go(s, { phase: 'checkpointing', locked: true }, { type: 'checkpoint', plan: s.plan! }),
    lockDenied: denied,
    effectFailed: onEffectFailed((s, reason) => giveUp(s, reason, reason)),
  },
  checkpointing: {
    checkpointed: (s, e) => {
      const change: Partial<RunState> = {
        tx: e.tx,
        baseline: e.severity,
        current: e.severity,
        txWrites: 0,
        stepIndex: 0,
      };
      if (!e.severity.known) return startUndo({ ...s, ...change }, `checkpoint: ${e.severity.reason}`);
      return go(s, { ...change, phase: 'executing' }, { type: 'execute', index: 0 });
    },
    effectFailed: onEffectFailed((s, reason) => giveUp(s, reason, reason)),
  },
  executing: {
    stepDone: (s, e) => {
      const txWrites = s.txWrites + e.writes;
      const next = { ...s, txWrites, totalWrites: s.totalWrites + e.writes, stepIndex: e.index + 1 };
      const { maxWrites } = limits(s);
      if (txWrites > maxWrites) return startUndo(next, `more than ${maxWrites} writes in one transaction`);
      if (e.index + 1 < s.plan!.steps.length) return go(next, {}, { type: 'execute', index: e.index + 1 });
      return go(next, { phase: 'settling' }, { type: 'settle' });
    },
    stepFailed: (s, e) =>
      startUndo({ ...s, txWrites: s.txWrites + e.writes, totalWrites: s.totalWrites + e.writes }, e.reason),
    effectFailed: onEffectFailed(startUndo),
  },
  settling: {
    settled: (s) => go(s, { phase: 'judging' }, { type: 'judge' }),
    effectFailed: onEffectFailed(startUndo),
  },
  judging: {
    judged: (s, e) => {
      const next = { ...s, current: e.severity };
      if (!e.verdict.commit) return startUndo(next, e.verdict.reason);
      // I8 once more, independent of whoever computed the verdict.
      if (!e.severity.known) return startUndo(next, e.severity.reason);
      if (e.cheats.length > 0) return startUndo(next, `the inventory no longer serves: ${e.cheats.join(', ')}`);
      return go(next, { phase: 'committing' }, { type: 'commit', tx: s.tx! });
    },
    effectFailed: onEffectFailed(startUndo),
  },
  committing: {
    commitRecorded: (s, e) => {
      const attempt: AttemptRecord = {
        attempt: s.attempt,
        plan: s.plan!,
        outcome: 'committed',
        reason: 'committed',
        lesson: '',
      };
      const { state, signals } = closed(s, {
        committed: [...s.committed, e.tx],
        attempts: [...s.attempts, attempt],
      });
      if (stillThere(state).length === 0) {
        const done = nothingStillThere(state);
        return { ...done, signals: [...signals, ...done.signals] };
      }
      const next = toPlanning(state);
      return { ...next, signals: [...signals, ...next.signals] };
    },
    // The commit record is not durable: the transaction is still open, so it is undone.
    effectFailed: onEffectFailed(startUndo),
  },
  undoing: {
    undone: (s, e) => {
      const { writes } = e.result;
      const committed = e.result.outcome === 'undone' ? s.committed.filter((tx) => tx !== e.tx) : s.committed;
      const missing = e.result.outcome === 'undone' ? missingText(e.result.proof) : '';
      const losses = missing || s.losses;
      const next = { ...s, totalWrites: s.totalWrites + writes, undoWrites: s.undoWrites + writes, committed, losses };
      if (e.result.outcome === 'diverged') return finish(next, 'diverged', e.result.reason);
      if (e.result.outcome === 'stranded') return finish(next, 'stranded', e.result.reason);
      const [tx, ...rest] = s.undoQueue;
      if (tx) return go(next, { tx, undoQueue: rest }, { type: 'undo', tx });
      return go(next, { phase: 'verifying' }, { type: 'verify' });
    },
    effectFailed: onEffectFailed((s, reason) => finish(s, 'stranded', reason)),
  },
  verifying: {
    verified: (s, e) => afterUndo({ ...s, current: e.severity }),
    // The content was already proved equal by undo; only the reading of mu is missing.
    effectFailed: onEffectFailed((s) => afterUndo({ ...s, current: null })),
  },
  reflecting: {
    reflected: (s, e) => {
      const last = s.attempts.at(-1)!;
      return toPlanning({ ...s, plan: null, attempts: [...s.attempts.slice(0, -1), { ...last, lesson: e.lesson }] });
    },
    effectFailed: onEffectFailed((s) => toPlanning({ ...s, plan: null })),
  },
  askingBudget: {
    budgetExtended: (s, e) => {
      const options = { ...limits(s), budget: e.budget };
      // What was thought before it was interrupted is not there: the brain begins again with what it remembers.
      return go(s, { phase: 'diagnosing', options, stop: null }, { type: 'diagnose' });
    },
    budgetRefused: refusedBudget,
    effectFailed: refusedBudget,
  },
  // One effect is still in flight; its answer decides what has to be cleaned up.
  aborting: {
    detected: (s) => giveUp(s, stopText(s)),
    diagnosed: thinkingEnded,
    planned: thinkingEnded,
    budgetExtended: (s) => giveUp(s, stopText(s)),
    budgetRefused: (s) => giveUp(s, stopText(s)),
    rehearsed: (s) => giveUp(s, stopText(s)),
    approved: (s) => giveUp(s, stopText(s)),
    rejected: (s) => giveUp(s, stopText(s)),
    lockAcquired: (s) => giveUp({ ...s, locked: true }, stopText(s)),
    lockDenied: (s) => giveUp(s, stopText(s)),
    checkpointed: (s, e) => startUndo({ ...s, tx: e.tx, baseline: e.severity }, stopText(s)),
    stepDone: (s, e) => startUndo({ ...s, totalWrites: s.totalWrites + e.writes }, stopText(s)),
    stepFailed: (s, e) => startUndo({ ...s, totalWrites: s.totalWrites + e.writes }, stopText(s)),
    settled: (s) => startUndo(s, stopText(s)),
    judged: (s) => startUndo(s, stopText(s)),
    reflected: thinkingEnded,
    effectFailed: (s) => (s.stop === 'budget' && !s.tx ? askBudget(s) : startUndo(s, stopText(s))),
  },
  frozen: {
    checkpointed: (s, e) => regain({ ...s, tx: e.tx, baseline: e.severity }),
    stepDone: (s, e) => regain({ ...s, totalWrites: s.totalWrites + e.writes }),
    stepFailed: (s, e) => regain({ ...s, totalWrites: s.totalWrites + e.writes }),
    settled: (s) => regain(s),
    judged: (s) => regain(s),
    lockAcquired: (s) => startUndo({ ...s, locked: true }, s.undoReason),
    lockDenied: (s, e) => withoutLock(s, `${e.reason} (held by ${e.holder})`),
    effectFailed: (s, e) => (e.effect === 'acquireLock' ? withoutLock(s, e.reason) : regain(s)),
  },
  done: {},
};

/** The undo must not write without the lock. What was committed is consistent; what is open has to be recovered. */
function withoutLock(state: RunState, reason: string): Step {
  const text = `${state.undoReason}; ${reason}`;
  return state.unwinding
    ? finish({ ...state, tx: null }, 'improved', `${text}; what was committed stays`)
    : finish(state, 'stranded', `${text}: stratus recover`);
}

function regain(state: RunState): Step {
  return go(state, { locked: false }, { type: 'acquireLock' });
}

/** What was wrong at the start is over; what others brought about since is none of this run's, and no health either. */
function nothingStillThere(state: RunState): Step {
  const itemsOf = (severity: Severity | null) => (severity?.known ? severity.items : []);
  const again = `healthy again: ${itemNames(itemsOf(state.initial))}`;
  const others = itemsOf(state.current);
  if (others.length === 0) return finish(state, 'resolved', again);
  return finish(state, 'improved', `${again}; wrong now, and not at the start: ${itemNames(others)}`);
}

/** Items of the start that are still there. */
function stillThere(state: RunState): SeverityItem[] {
  if (!state.initial?.known || !state.current?.known)
    throw new Error('asked for remaining items of an unknown severity');
  const now = new Set(state.current.items.map(itemId));
  return state.initial.items.filter((item) => now.has(itemId(item)));
}

function afterUndo(state: RunState): Step {
  const { state: next, signals } = closed(state, {});
  // Nothing is owed, and no undo could bring them back: the lock is free, and the run says what is missing.
  if (next.losses) return { ...finish(next, 'diverged', `undone, but not all is as before: ${next.losses}`), signals };
  const step = next.plan && !next.stop ? reflectOn(next, 'undone', next.undoReason) : giveUp(next, next.undoReason);
  return { ...step, signals: [...signals, ...step.signals] };
}

/** Phases in which a stop request has to wait: what is under way must end by itself. */
const UNINTERRUPTIBLE: readonly Phase[] = ['committing', 'undoing', 'verifying', 'aborting', 'frozen'];
/** Phases in which a brain may be at work. */
const THINKING: readonly Phase[] = ['diagnosing', 'planning', 'reflecting'];
/** Phases in which a transaction is open and writes may happen. */
const WRITING: readonly Phase[] = ['checkpointing', 'executing', 'settling', 'judging'];

function stop(state: RunState, reason: StopReason): Step {
  if (state.stop || state.phase === 'done' || state.phase === 'idle') return go(state, {}, null);
  if (UNINTERRUPTIBLE.includes(state.phase)) return go(state, { stop: reason }, null);
  return go(state, { stop: reason, phase: 'aborting', undoReason: stopText({ ...state, stop: reason }) }, null, [
    { type: 'abortInFlight' },
  ]);
}

/** Brains are interrupted when the budget is spent; what is being written is finished first. */
function used(state: RunState): Step {
  return THINKING.includes(state.phase) && overBudget(state) ? stop(state, 'budget') : go(state, {}, null);
}

function freeze(state: RunState, reason: string): Step {
  if (!WRITING.includes(state.phase)) return go(state, {}, null);
  return go(state, { phase: 'frozen', undoReason: reason }, null, [{ type: 'abortInFlight' }]);
}

/**
 * The next state, the one effect to run, and signals. `effect: null` outside `done` means that an effect is still
 * in flight (stop or freeze asked it to end).
 * @throws UnexpectedEvent when the phase does not expect the event.
 */
export function reduce(state: RunState, event: MachineEvent): Step {
  switch (event.type) {
    case 'cancelRequested':
      return stop(state, 'cancel');
    case 'usage':
      return used({ ...state, spent: spend(state.spent, event) });
    case 'tick':
      return overTime(state, event.at) ? stop(state, 'wall-clock') : go(state, {}, null);
    case 'lockLost':
      return freeze(state, `the writer lock was lost: ${event.reason}`);
    case 'contextMoved':
      return freeze(state, `the target changed: ${event.reason}`);
  }
  const handler = PHASES[state.phase][event.type] as ((s: RunState, e: MachineEvent) => Step) | undefined;
  if (!handler) throw new UnexpectedEvent(state.phase, event.type);
  const step = handler(state, event);
  // A cap is an event like any other: an effect that ends after the deadline starts nothing new.
  const starting = step.effect && !UNINTERRUPTIBLE.includes(step.state.phase) && !step.state.stop;
  if (starting && overTime(step.state, event.at)) return outOfTime(step);
  return step;
}

function overTime(state: RunState, at: number): boolean {
  return state.options !== null && at - state.startedAt >= state.options.wallClockMs;
}

function outOfTime(step: Step): Step {
  const stopped = { ...step.state, stop: 'wall-clock' as const };
  const next = stopped.tx ? startUndo(stopped, stopText(stopped)) : giveUp(stopped, stopText(stopped));
  return { ...next, signals: [...step.signals, ...next.signals] };
}
