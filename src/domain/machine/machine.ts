import { standingAttempts } from '../brain.ts';
import { spend } from '../budget.ts';
import { withPerson } from '../plan.ts';
import type { MachineEvent, MachineEventType } from '../run-event.ts';
import type { Phase, RunState } from '../run-state.ts';
import { missingText } from '../transaction.ts';
import { afterCommit, afterUndo } from './after-transaction.ts';
import { reflectOn, repeated, toPlanning } from './attempts.ts';
import { calmText, isCalm } from './calm-run.ts';
import { denied, finish, giveUp, startUndo } from './ending.ts';
import { freeze, inTime, regain, stop, used, withoutLock } from './interruption.ts';
import { askBudget, refusedBudget, thinkingEnded } from './model-budget.ts';
import { limits, overTime, stopText } from './run-limits.ts';
import type { EventOf, Step } from './step.ts';
import { go } from './step.ts';
import { brainFailed, nextBrain } from './taking-over.ts';

/** Thrown for an event that the phase does not expect: a bug in the interpreter, never silently ignored. */
export class UnexpectedEvent extends Error {
  constructor(phase: Phase, event: MachineEventType) {
    super(`event '${event}' is not expected in phase '${phase}'`);
  }
}

type Handlers = { [T in MachineEventType]?: (state: RunState, event: EventOf<T>) => Step };

const onEffectFailed =
  (next: (state: RunState, reason: string) => Step) =>
  (state: RunState, event: EventOf<'effectFailed'>): Step =>
    next(state, `${event.effect}: ${event.reason}`);

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
      const unproven = [...new Set([...s.unproven, ...(e.unproven ?? [])])];
      return go(next, { phase: 'committing', unproven }, { type: 'commit', tx: s.tx! });
    },
    effectFailed: onEffectFailed(startUndo),
  },
  committing: {
    commitRecorded: (s, e) => afterCommit(s, e.tx),
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

/**
 * The incident's state machine as a pure reducer (paper, control-flow figure; design section 2). Effects are data; the
 * interpreter runs exactly one at a time and answers each with one event, so "what is in flight" is always known.
 *
 * Returns the next state, the one effect to run, and signals. `effect: null` outside `done` means that an effect is still
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
  return inTime(handler(state, event), event.at);
}
