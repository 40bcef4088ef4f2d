import { unsupportedStep } from '../../domain/plan.ts';
import { foldFindings } from '../../domain/fold-findings.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import type {
  CheckView,
  PlanView,
  RunSnapshot,
  Stage,
  StageState,
  StepView,
  TargetView,
  TransactionView,
} from '../../../webview/protocol.ts';
import { BACK, FORWARD, known, RunFold } from './run-fold.ts';
import type { HeadlineContext, JournalStatus } from './run-headline.ts';
import { headlineOf, runningStep } from './run-headline.ts';
import { findingView, severityItems, writeView } from './run-views.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { presentable } from '../../text/redact.ts';

/** What the view needs beside the events. */
export interface ProjectionContext extends HeadlineContext {
  run: string;
  target: TargetView;
  mode: string;
  cancelling: boolean;
}

const LOG_LIMIT = 400;

/** The run view as a pure function of the event log. */
export function projectRun(events: readonly RunEvent[], context: ProjectionContext): RunSnapshot {
  const fold = new RunFold();
  for (const event of events) fold.apply(event);
  return snapshotOf(fold, context);
}

function snapshotOf(fold: RunFold, context: ProjectionContext): RunSnapshot {
  const stages = stagesOf(fold, context.past);
  return {
    run: context.run,
    target: context.target,
    startedAt: fold.startedAt,
    endedAt: fold.endedAt ?? (context.past ? fold.lastAt : null),
    headline: headlineOf(fold, context),
    stages: stages.forward,
    wayBack: stages.back,
    attempt: fold.attempt,
    maxAttempts: fold.maxAttempts,
    mode: fold.lockLevel ? `${context.mode}, writer lock ${fold.lockLevel}` : context.mode,
    severity: {
      before: known(fold.initial),
      now: known(fold.current),
      points: fold.points,
      items: severityItems(fold.initial, fold.current, context.target.namespace),
    },
    checks: checksOf(fold),
    findings: foldFindings(fold.findings, fold.hypotheses).map(({ finding, symptoms }) => ({
      ...findingView(finding, fold.plan),
      symptoms: symptoms.map((symptom) => findingView(symptom, fold.plan)),
    })),
    plan: planView(fold, context),
    attempts: fold.attempts,
    transactions: fold.transactions.map(({ id, state }) => ({ id, state: stateOf(context.statuses.get(id)) ?? state })),
    log: fold.log.slice(-LOG_LIMIT),
    result: fold.result && {
      outcome: fold.result.outcome,
      seconds: fold.result.seconds,
      writes: fold.result.writes,
      attempts: fold.result.attempts,
    },
    canCancel: fold.result === null && !context.cancelling && !context.past,
    cancelling: context.cancelling && fold.result === null,
  };
}

function stagesOf(fold: RunFold, past: boolean): { forward: Stage[]; back: Stage[] } {
  const outcome = fold.result?.outcome;
  const ended = outcome !== undefined;
  const success = outcome === 'resolved' || outcome === 'improved';
  const onWayBack = fold.back >= 0;
  const forward = FORWARD.map(([id, label], index): Stage => {
    let state: StageState = index < fold.forward ? 'done' : index > fold.forward ? 'todo' : 'now';
    if (index === fold.forward && onWayBack) state = 'failed';
    // A run that had to end here did not get through this stage.
    if (ended && index === fold.forward && !onWayBack) state = outcome === 'healthy' ? 'done' : 'failed';
    if (success) state = 'done';
    if (past && !ended && state === 'now') state = 'failed';
    return { id, label, state };
  });
  const back = BACK.map(([id, label], index): Stage => {
    if (!onWayBack || index > fold.back) return { id, label, state: 'todo' };
    if (index < fold.back) return { id, label, state: 'done' };
    const failed = outcome === 'diverged' || outcome === 'stranded';
    return { id, label, state: !ended ? (past ? 'failed' : 'now') : failed ? 'failed' : 'done' };
  });
  return { forward, back };
}

function planView(fold: RunFold, context: ProjectionContext): PlanView | null {
  const plan = fold.plan;
  if (!plan) return null;
  const executing = fold.phase === 'executing' ? runningStep(fold) : -1;
  return {
    hash: fold.hash,
    title: presentable(plan.title, 300),
    expects: presentable(plan.expects, 300),
    fate: fateOf(fold, context),
    awaiting: fold.hash !== null && context.awaiting === fold.hash && fold.phase === 'awaitingApproval',
    steps: plan.steps.map((step, index): StepView => {
      const rehearsal = fold.rehearsal[index];
      return {
        command: step.type === 'kubectl' ? commandText(step.argv) : unsupportedStep(step),
        why: presentable(step.why, 300),
        ok: rehearsal?.ok ?? true,
        problem: presentable(rehearsal?.problem ?? '', 500),
        partial: rehearsal?.partial ?? false,
        state: fold.stepStates[index] ?? (index === executing ? 'running' : 'proposed'),
        writes: (rehearsal?.writes ?? []).map(writeView),
      };
    }),
  };
}

function fateOf(fold: RunFold, context: ProjectionContext): PlanView['fate'] {
  const attempt = fold.attempts.find((entry) => entry.attempt === fold.attempt);
  const neverRan = ['planning', 'awaitingApproval', 'locking'].includes(fold.phase);
  const latest = fold.transactions.at(-1);
  const status = latest && context.statuses.get(latest.id);
  if (!attempt && context.past && !fold.result) {
    if (neverRan) return 'failed';
    return status === 'undone' ? 'undone' : status === 'committed' ? 'kept' : 'interrupted';
  }
  if (!attempt) return fold.stepStates.length > 0 ? 'running' : 'proposed';
  if (attempt.outcome !== 'committed') return attempt.outcome;
  return status === 'undone' ? 'undone' : 'kept';
}

/** State of each oracle: as at the start, then as far as the latest severity tells. */
function checksOf(fold: RunFold): CheckView[] {
  const current = fold.current;
  return Object.entries(fold.oracles).map(([name, start]): CheckView => {
    if (start === 'absent' || !current || fold.points.length < 2) return { name, state: start };
    if (!current.known) return { name, state: 'unknown' };
    return { name, state: current.items.some((item) => watches(name, item)) ? 'bad' : 'ok' };
  });
}

/** A transaction that is being worked on is shown as the run's own events tell it. */
function stateOf(status: JournalStatus | undefined): TransactionView['state'] | undefined {
  return status === 'open' || status === 'undoing' ? undefined : status;
}

/** Which oracle an item comes from, by what it is about. */
function watches(oracle: string, item: SeverityItem): boolean {
  if (/alert/.test(oracle)) return item.source === 'alert';
  if (/request|check/.test(oracle)) return item.source === 'check';
  return item.source === 'object' && (item.object?.kind === 'Node') === /node/.test(oracle);
}
