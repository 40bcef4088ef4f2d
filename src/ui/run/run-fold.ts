import type { BlastRadius } from '../../domain/blast-radius.ts';
import type { Phase } from '../../domain/run-state.ts';
import type { LockLevel } from '../../domain/ports.ts';
import type { RunEvent, RunResult } from '../../domain/run-event.ts';
import type { Severity } from '../../domain/severity.ts';
import { mu } from '../../domain/severity.ts';
import type { StepRehearsal, UndoResult } from '../../domain/transaction.ts';
import type { Hypothesis } from '../../domain/brain.ts';
import type { Finding } from '../../domain/finding.ts';
import { handOverText } from '../../domain/machine/hand-over.ts';
import type { Plan } from '../../domain/plan.ts';
import { withPerson } from '../../domain/plan.ts';
import type { TransactionView } from '../../../webview/protocol/ending-view.ts';
import type { StepView } from '../../../webview/protocol/plan-view.ts';
import type { AttemptView, LogEntry, RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { CheckView } from '../../../webview/protocol/severity-view.ts';
import { editorWords } from '../editor/editor-words.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { presentable } from '../../text/redact.ts';
import type { JournalNotes } from './aftermath.ts';
import { approvalText, outputText, undoLines } from './log-words.ts';
import { ModelFold } from './model-fold.ts';
import { BACK, FORWARD } from './run-stages.ts';
import { TelemetryFold } from './telemetry-fold.ts';

/** A plan with what became of it. */
export interface PlanFold {
  plan: Plan;
  attempt: number;
  /** What an approval is bound to; null until the rehearsal ended. */
  hash: string | null;
  rehearsal: StepRehearsal[];
  /** Null until the rehearsal ended. */
  radius: BlastRadius | null;
  /** Of each step, where there are several. */
  stepRadii: BlastRadius[];
  stepStates: StepView['state'][];
  /** The transaction that ran it; null when it never ran. */
  tx: string | null;
  /** Null while that is open. */
  outcome: AttemptView['outcome'] | null;
  reason: string;
}

/** What the events of a run add up to; `apply` takes them in their order. */
export class RunFold {
  startedAt = 0;
  /** Time of the latest event. */
  lastAt = 0;
  endedAt: number | null = null;
  maxAttempts = 0;
  attempt = 0;
  phase: Phase = 'idle';
  forward = 0;
  back = -1;
  initial: Severity | null = null;
  current: Severity | null = null;
  points: (RunSnapshot['severity']['points'][number] & { attempt: number })[] = [];
  oracles: Record<string, CheckView['state']> = {};
  findings: Finding[] = [];
  hypotheses: Hypothesis[] = [];
  /** All plans, in their order. */
  readonly plans: PlanFold[] = [];
  transactions: Omit<TransactionView, 'title'>[] = [];
  log: LogEntry[] = [];
  #nextEntry = 1;
  /** How the writer lock was held last; null before the first time. */
  lockLevel: LockLevel | null = null;
  progress = '';
  undoReason = '';
  /** Unfinished transaction of one's own that came first. */
  owed: string | null = null;
  /** Another window or terminal of one's own was at work. */
  ownWriter = false;
  result: RunResult | null = null;
  /** Agents that ask models, and what that takes. */
  readonly models = new ModelFold();
  readonly telemetry = new TelemetryFold();

  /** The latest plan. */
  get plan(): PlanFold | null {
    return this.plans.at(-1) ?? null;
  }

  /** Transactions that the run has not undone itself. */
  get left(): string[] {
    return this.transactions.filter(({ state }) => state !== 'undone').map(({ id }) => id);
  }

  apply(event: RunEvent): void {
    const { at } = event;
    this.lastAt = at;
    this.#tell(event);
    this.telemetry.apply(event);
    const handOver = this.models.apply(event);
    if (handOver) this.#say(at, 'stratus', handOver.exhausted ? 'event' : 'problem', handOverText(handOver));
  }

  #tell(event: RunEvent): void {
    const { at } = event;
    switch (event.type) {
      case 'started':
        this.startedAt = at;
        this.maxAttempts = event.options.maxAttempts;
        break;
      case 'phase':
        this.#enter(event.phase as Phase);
        this.attempt = event.attempt;
        if (this.plan?.outcome === null) this.plan.attempt = event.attempt;
        break;
      case 'detected':
        this.initial = event.severity;
        this.oracles = event.oracles;
        this.#read(at, event.severity, 'start');
        break;
      case 'diagnosed':
        if (event.severity) this.#read(at, event.severity, 'start');
        this.findings = event.findings;
        this.hypotheses = event.hypotheses;
        break;
      case 'planned':
        if (event.plan) this.#newPlan(event.plan);
        else this.#say(at, 'mitigation', 'event', `No plan: ${event.reason}`);
        break;
      case 'rehearsed':
        this.#rehearsed(event);
        break;
      case 'approved':
        this.#say(at, 'you', 'event', approvalText(event.by));
        break;
      case 'rejected':
        this.#say(at, 'you', 'event', `Rejected the plan: ${event.reason}`);
        this.#close(this.plan, 'rejected', event.reason);
        break;
      case 'lockDenied':
        this.owed = event.owed ?? null;
        this.ownWriter = event.own ?? false;
        this.#say(at, 'stratus', 'problem', this.owed ? event.reason : `${event.reason} (held by ${event.holder})`);
        break;
      case 'checkpointed':
        this.transactions.push({ id: event.tx, state: 'open' });
        if (this.plan) this.plan.tx = event.tx;
        this.#read(at, event.severity, 'before');
        break;
      case 'command':
        this.#say(at, 'mitigation', 'command', commandText(event.argv), outputText(event.stdout, event.stderr));
        break;
      case 'stepDone':
        this.#step(event.index, 'done');
        break;
      case 'stepFailed':
        this.#step(event.index, 'failed');
        this.undoReason = event.reason;
        this.#say(at, 'mitigation', 'problem', event.reason);
        break;
      case 'settled':
        if (!event.settled) this.#say(at, 'stratus', 'event', `Still moving: ${event.pending.join(', ')}`);
        break;
      case 'judged':
        this.#read(at, event.severity, 'after');
        if (!event.verdict.commit) this.undoReason = event.verdict.reason;
        this.#say(
          at,
          'detection',
          'event',
          `${event.verdict.commit ? 'Kept' : 'Undone'}, because ${event.verdict.reason}`,
        );
        for (const cheat of event.cheats) this.#say(at, 'detection', 'problem', `No longer serves: ${cheat}`);
        break;
      case 'commitRecorded':
        this.#mark(event.tx, 'committed');
        this.#close(this.#planOf(event.tx), 'committed', 'kept');
        this.#say(at, 'stratus', 'event', 'Kept. It can be undone from the undo stack at any time');
        break;
      case 'undone':
        this.#undone(at, event.tx, event.result);
        break;
      case 'verified':
        this.#read(at, event.severity, 'undone');
        break;
      case 'effectFailed':
        this.#say(at, 'stratus', 'problem', event.reason);
        break;
      case 'cancelRequested':
        this.#say(at, 'you', 'event', 'Asked the run to stop');
        break;
      case 'lockLost':
      case 'contextMoved':
        this.#say(at, 'stratus', 'problem', event.reason);
        break;
      case 'thought':
        // Shown where it is thought; here once it is whole.
        if (event.partial) break;
        // The reason for an undo was said when it was found.
        if (event.agent === 'undo' && event.text === this.undoReason) break;
        if (event.agent === 'undo') this.undoReason = event.text;
        this.#say(at, event.agent, 'thought', event.text);
        break;
      case 'converted': {
        const by = event.to.map(commandText).join(' && ');
        this.#say(at, 'stratus', 'event', `Replaced ${commandText(event.from)} by ${by}: ${event.reason}`);
        break;
      }
      case 'progress':
        this.progress = presentable(event.text, 300);
        break;
      case 'result':
        this.result = event.result;
        this.endedAt = at;
        break;
      case 'lockAcquired':
        this.lockLevel = event.level;
        break;
      case 'budgetExtended':
        this.#say(at, 'you', 'event', 'Let the model spend as much again');
        break;
      case 'budgetRefused':
        this.#say(at, 'stratus', 'event', `The budget of the model is spent: ${event.reason}`);
        break;
      case 'signals':
      case 'toolCall':
      case 'usage':
      case 'reflected':
      case 'tick':
        break;
    }
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.progress = '';
    const forward = FORWARD.findIndex(([, , phases]) => phases.includes(phase));
    const back = BACK.findIndex(([, , phases]) => phases.includes(phase));
    if (forward >= 0) {
      this.forward = forward;
      this.back = -1;
    }
    if (back >= 0) this.back = back;
  }

  #newPlan(plan: Plan): void {
    const { attempt } = this;
    this.plans.push({
      plan,
      attempt,
      hash: null,
      rehearsal: [],
      radius: null,
      stepRadii: [],
      stepStates: [],
      tx: null,
      outcome: null,
      reason: '',
    });
  }

  #rehearsed({ steps, hash, radius, stepRadii, person }: Extract<RunEvent, { type: 'rehearsed' }>): void {
    if (!this.plan) return;
    this.plan.plan = withPerson(this.plan.plan, person);
    this.plan.rehearsal = steps;
    this.plan.hash = hash;
    this.plan.radius = radius ?? null;
    this.plan.stepRadii = stepRadii ?? [];
    const refused = steps.find(({ ok, partial }) => !ok && !partial);
    if (refused) this.#close(this.plan, 'failed', refused.problem);
  }

  #step(index: number, state: StepView['state']): void {
    if (this.plan) this.plan.stepStates[index] = state;
  }

  #planOf(tx: string): PlanFold | null {
    return this.plans.find((plan) => plan.tx === tx) ?? null;
  }

  #read(at: number, severity: Severity, label: string): void {
    this.current = severity;
    this.points.push({ at, mu: known(severity), label, attempt: this.attempt });
  }

  #mark(tx: string, state: TransactionView['state']): void {
    this.transactions = this.transactions.map((known) => (known.id === tx ? { id: tx, state } : known));
  }

  #close(plan: PlanFold | null, outcome: AttemptView['outcome'], reason: string): void {
    if (!plan) return;
    plan.outcome = outcome;
    plan.reason = presentable(editorWords(reason), 300);
  }

  #undone(at: number, tx: string, result: UndoResult): void {
    this.#sayUndo(at, result);
    const done = result.outcome === 'undone';
    this.#mark(tx, done ? 'undone' : result.outcome === 'diverged' ? 'diverged' : 'open');
    this.#close(this.#planOf(tx), done ? 'undone' : 'unfinished', this.undoReason);
  }

  /** Undos that came after the end of the run, from wherever: they are no events of it, but belong to its story. */
  takeBack(notes: JournalNotes): void {
    const mine = this.owed ? [...this.left, this.owed] : this.left;
    const later = mine.flatMap((id) => {
      const note = notes.get(id);
      return note?.undo && note.at !== null && note.status !== 'committed' ? [{ ...note, at: note.at }] : [];
    });
    for (const { at, undo } of later.sort((a, b) => a.at - b.at)) if (undo) this.#sayUndo(at, undo);
  }

  #sayUndo(at: number, result: UndoResult): void {
    for (const { problem, text } of undoLines(result)) this.#say(at, 'undo', problem ? 'problem' : 'event', text);
  }

  #say(at: number, who: LogEntry['who'], kind: LogEntry['kind'], text: string, more = ''): void {
    const words = kind === 'command' ? text : editorWords(text);
    this.log.push({ id: this.#nextEntry++, at, who, kind, text: presentable(words, 1_000), output: more });
  }
}

/** Severity as the number that is shown; null when it could not be read. */
export function known(severity: Severity | null): number | null {
  return severity?.known ? mu(severity) : null;
}
