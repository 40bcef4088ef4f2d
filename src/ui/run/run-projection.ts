import type { BlastRadius } from '../../domain/blast-radius.ts';
import { blastRadiusText } from '../../domain/blast-radius.ts';
import { stepArgv, unsupportedStep } from '../../domain/plan.ts';
import { foldFindings } from '../../domain/fold-findings.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import type { OwedView } from '../../../webview/protocol/ending-view.ts';
import type { PlanView, StepView } from '../../../webview/protocol/plan-view.ts';
import type { AttemptView, RunSnapshot, TargetView } from '../../../webview/protocol/run-snapshot.ts';
import type { CheckView } from '../../../webview/protocol/severity-view.ts';
import type { JournalNote } from './aftermath.ts';
import { aftermathOf, outcomeNow, stateNow } from './aftermath.ts';
import type { PlanFold } from './run-fold.ts';
import { known, RunFold } from './run-fold.ts';
import type { HeadlineContext } from './run-headline.ts';
import { headlineOf, isOver, runningStep } from './run-headline.ts';
import { agentViews, beliefsIn, modelsView } from './model-views.ts';
import { stagesOf } from './run-stages.ts';
import { telemetryView } from './telemetry-views.ts';
import { actionView, findingView, severityItems, writeView } from './run-views.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { presentable } from '../../text/redact.ts';

/** What the view needs beside the events. */
export interface ProjectionContext extends HeadlineContext {
  run: string;
  target: TargetView;
  mode: string;
  cancelling: boolean;
  /** That another writer holds the lock, before the run has asked for it. */
  lockNote: string;
}

const LOG_LIMIT = 400;

/** The run view as a pure function of the event log. */
export function projectRun(events: readonly RunEvent[], context: ProjectionContext): RunSnapshot {
  const fold = new RunFold();
  for (const event of events) fold.apply(event);
  return snapshotOf(fold, context);
}

function snapshotOf(fold: RunFold, context: ProjectionContext): RunSnapshot {
  const { result } = fold;
  const over = isOver(fold, context);
  const aftermath = over ? aftermathOf(fold.left, context.notes) : 'stands';
  if (over) fold.takeBack(context.notes);
  const stages = stagesOf(fold, over, aftermath);
  const stale = aftermath !== 'stands';
  const applied = fold.plans.filter((entry) => entry !== fold.plan && entry.tx !== null);
  const later = fold.left.reduce((sum, id) => sum + undoWritesOf(context.notes.get(id)), 0);
  const undoWrites = result?.undoWrites ?? 0;
  return {
    run: context.run,
    target: context.target,
    startedAt: fold.startedAt,
    endedAt: fold.endedAt ?? (over ? fold.lastAt : null),
    headline: headlineOf(fold, context, aftermath),
    stages: stages.forward,
    wayBack: stages.back,
    attempt: fold.attempt,
    maxAttempts: fold.maxAttempts,
    mode: fold.lockLevel ? `${context.mode}, writer lock ${fold.lockLevel}` : context.mode,
    severity: {
      before: known(fold.initial),
      now: stale ? null : known(fold.current),
      points: pointsOf(fold),
      items: severityItems(fold.initial, fold.current, context.target.namespace, stale),
      marks: fold.telemetry.marks.map(({ kind, at, label }) => ({ kind, at, label: presentable(label, 120) })),
      stale,
    },
    checks: checksOf(fold, stale),
    findings: foldFindings(fold.findings, fold.hypotheses).map(({ finding, symptoms }) => ({
      ...findingView(finding, fold.plan?.plan ?? null),
      symptoms: symptoms.map((symptom) => findingView(symptom, fold.plan?.plan ?? null)),
      beliefs: beliefsIn(finding, fold.hypotheses),
    })),
    plan: fold.plan && planView(fold.plan, fold, context),
    earlier: applied.map((entry) => planView(entry, fold, context)),
    attempts: attemptsOf(fold, context),
    agents: agentViews(fold.models),
    models: modelsView(fold.models),
    telemetry: telemetryView(fold.telemetry),
    transactions: fold.transactions.map(({ id, state }) => ({
      id,
      title: presentable(fold.plans.find(({ tx }) => tx === id)?.plan.title ?? '', 300),
      state: stateNow(state, context.notes.get(id)?.status),
    })),
    log: fold.log.slice(-LOG_LIMIT),
    result: result && {
      outcome: result.outcome,
      seconds: result.seconds,
      writes: result.writes - undoWrites,
      undoWrites: undoWrites + later,
      attempts: result.attempts,
    },
    lockNote: over || fold.lockLevel ? '' : context.lockNote,
    owed: owedView(fold, context),
    kept: context.kept,
    again: over ? againText(fold) : '',
    canCancel: result === null && !context.cancelling && !context.past,
    cancelling: context.cancelling && result === null,
  };
}

/** Readings of several attempts are told apart by their numbers. */
function pointsOf({ points }: RunFold): RunSnapshot['severity']['points'] {
  const several = points.some(({ attempt }) => attempt > 1);
  return points.map(({ at, mu, label, attempt }, index) => ({
    at,
    mu,
    label: several && index > 0 ? `${label} ${attempt}` : label,
  }));
}

function undoWritesOf(note: JournalNote | undefined): number {
  return note?.undo && note.status !== 'committed' ? note.undo.writes : 0;
}

function againText({ result }: RunFold): string {
  return result?.outcome === 'locked' || result?.error ? 'Retry' : 'Run again';
}

function owedView({ owed }: RunFold, { notes }: ProjectionContext): OwedView | null {
  if (!owed) return null;
  const note = notes.get(owed);
  const settled = note?.status === 'committed' || note?.status === 'undone';
  const state = settled ? 'settled' : note?.status === 'diverged' ? 'diverged' : 'interrupted';
  return { transaction: owed, title: presentable(note?.title ?? '', 300), objects: note?.objects ?? [], state };
}

function attemptsOf(fold: RunFold, { notes }: ProjectionContext): AttemptView[] {
  return fold.plans.flatMap(({ attempt, plan, outcome, reason, tx }): AttemptView[] => {
    if (!outcome) return [];
    const now = outcomeNow(outcome, tx === null ? undefined : notes.get(tx)?.status);
    const title = presentable(plan.title, 300);
    if (now === outcome) return [{ attempt, title, outcome, reason }];
    const later = {
      undone: 'taken back later',
      unfinished: 'its undo is not complete',
      committed: 'kept as it stands',
    };
    return [{ attempt, title, outcome: now, reason: later[now as keyof typeof later] }];
  });
}

function planView(entry: PlanFold, fold: RunFold, context: ProjectionContext): PlanView {
  const { plan, hash } = entry;
  const current = entry === fold.plan;
  const executing = current && fold.phase === 'executing' ? runningStep(fold) : -1;
  const fate = fateOf(entry, fold, context);
  return {
    hash,
    attempt: entry.attempt,
    title: presentable(plan.title, 300),
    expects: presentable(plan.expects, 300),
    needsPerson: presentable(plan.needsPerson ?? '', 500),
    reach: [
      ...(entry.radius ? blastRadiusText(entry.radius) : []),
      ...entry.rehearsal.flatMap(({ action }) => action?.reaches ?? []),
    ].map((text) => presentable(text, 500)),
    fate,
    awaiting: current && hash !== null && context.awaiting === hash && fold.phase === 'awaitingApproval',
    steps: plan.steps.map((step, index): StepView => {
      const rehearsal = entry.rehearsal[index];
      const ran = entry.stepStates[index] ?? (index === executing ? 'running' : 'proposed');
      return {
        command: unsupportedStep(step) || commandText(stepArgv(step)),
        why: presentable(step.why, 300),
        ok: rehearsal?.ok ?? true,
        problem: presentable(rehearsal?.problem ?? '', 500),
        partial: rehearsal?.partial ?? false,
        reach: reachText(entry.stepRadii[index]),
        // What was taken back is not done.
        state: ran === 'done' && fate === 'undone' ? 'undone' : ran,
        writes: [
          ...(rehearsal?.writes ?? []).map(writeView),
          ...(step.type === 'runbook' && rehearsal?.action ? [actionView(step.action, rehearsal.action, 0)] : []),
        ],
      };
    }),
  };
}

function reachText(radius: BlastRadius | undefined): string[] {
  return (radius ? blastRadiusText(radius) : []).map((text) => presentable(text, 500));
}

function fateOf({ outcome, tx }: PlanFold, fold: RunFold, context: ProjectionContext): PlanView['fate'] {
  const status = tx === null ? undefined : context.notes.get(tx)?.status;
  if (outcome) {
    const now = outcomeNow(outcome, status);
    return now === 'committed' ? 'kept' : now;
  }
  const over = isOver(fold, context);
  if (tx === null) return over ? 'failed' : 'proposed';
  if (!over) return 'running';
  return status === 'undone' ? 'undone' : status === 'committed' ? 'kept' : 'interrupted';
}

/** State of each oracle: as at the start, then as far as the latest severity tells. */
function checksOf(fold: RunFold, stale: boolean): CheckView[] {
  const current = fold.current;
  return Object.entries(fold.oracles).map(([name, start]): CheckView => {
    if (start === 'absent') return { name, state: start };
    if (stale) return { name, state: 'unread' };
    if (!current || fold.points.length < 2) return { name, state: start };
    if (!current.known) return { name, state: 'unknown' };
    return { name, state: current.items.some((item) => watches(name, item)) ? 'bad' : 'ok' };
  });
}

/** How an objective that is not met is told; other checks are requests. */
const OBJECTIVE = /^SLO /;

/** Which oracle an item comes from, by what it is about. */
function watches(oracle: string, item: SeverityItem): boolean {
  if (/alert/.test(oracle)) return item.source === 'alert';
  if (/signal/.test(oracle)) return item.source === 'signal';
  if (/objective/.test(oracle)) return item.source === 'check' && OBJECTIVE.test(item.message);
  if (/request|check/.test(oracle)) return item.source === 'check' && !OBJECTIVE.test(item.message);
  return item.source === 'object' && (item.object?.kind === 'Node') === /node/.test(oracle);
}
