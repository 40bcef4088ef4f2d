import { refLabel } from '../domain/kube-object.ts';
import type { Phase } from '../domain/machine.ts';
import type { Outcome, RunEvent, RunResult } from '../domain/run-event.ts';
import type { Severity, SeverityItem } from '../domain/severity.ts';
import { itemId, mu } from '../domain/severity.ts';
import type { RehearsedWrite, StepRehearsal, UndoResult } from '../domain/transaction.ts';
import type { Finding } from '../domain/finding.ts';
import type { Plan } from '../domain/plan.ts';
import type {
  AttemptView,
  CheckView,
  FindingView,
  LogEntry,
  PlanView,
  RunSnapshot,
  SeverityItemView,
  Stage,
  StageState,
  StepView,
  TargetView,
  Tone,
  TransactionView,
  WriteView,
} from '../../webview/protocol.ts';
import { fieldChanges } from './object-text.ts';
import { commandLine, presentable } from './redact.ts';

/** What the view needs beside the events. */
export interface ProjectionContext {
  run: string;
  target: TargetView;
  mode: string;
  /** Hash of the plan that waits for an answer here; null when none does. */
  awaiting: string | null;
  cancelling: boolean;
  /** Transactions of this run that were undone afterwards, from the journal. */
  undone: ReadonlySet<string>;
}

const FORWARD: [string, string, Phase[]][] = [
  ['detect', 'Detect', ['idle', 'detecting']],
  ['diagnose', 'Diagnose', ['diagnosing']],
  ['plan', 'Plan', ['planning']],
  ['approve', 'Approve', ['awaitingApproval']],
  ['apply', 'Apply', ['locking', 'checkpointing', 'executing']],
  ['settle', 'Settle', ['settling']],
  ['judge', 'Judge', ['judging']],
  ['commit', 'Commit', ['committing']],
];
const BACK: [string, string, Phase[]][] = [
  ['undo', 'Undo', ['undoing', 'aborting', 'frozen']],
  ['verify', 'Verify', ['verifying']],
  ['reflect', 'Reflect', ['reflecting']],
];

const SHOWN_CHANGES = 12;
const LOG_LIMIT = 400;

/** The run view as a pure function of the event log. */
export function projectRun(events: readonly RunEvent[], context: ProjectionContext): RunSnapshot {
  const fold = new Fold();
  for (const event of events) fold.apply(event);
  return fold.snapshot(context);
}

class Fold {
  #startedAt = 0;
  #endedAt: number | null = null;
  #maxAttempts = 0;
  #attempt = 0;
  #phase: Phase = 'idle';
  #forward = 0;
  #back = -1;
  #initial: Severity | null = null;
  #current: Severity | null = null;
  #points: RunSnapshot['severity']['points'] = [];
  #oracles: Record<string, CheckView['state']> = {};
  #findings: Finding[] = [];
  #plan: Plan | null = null;
  #hash: string | null = null;
  #rehearsal: StepRehearsal[] = [];
  #stepStates: StepView['state'][] = [];
  #attempts: AttemptView[] = [];
  #transactions: TransactionView[] = [];
  #log: LogEntry[] = [];
  #nextEntry = 1;
  #progress = '';
  #undoReason = '';
  #result: RunResult | null = null;

  apply(event: RunEvent): void {
    const { at } = event;
    switch (event.type) {
      case 'started':
        this.#startedAt = at;
        this.#maxAttempts = event.options.maxAttempts;
        break;
      case 'phase':
        this.#enter(event.phase as Phase);
        this.#attempt = event.attempt;
        break;
      case 'detected':
        this.#initial = event.severity;
        this.#oracles = event.oracles;
        this.#read(at, event.severity, 'start');
        break;
      case 'diagnosed':
        this.#findings = event.findings;
        break;
      case 'planned':
        if (event.plan) this.#newPlan(event.plan);
        else this.#say(at, 'mitigation', 'event', `No plan: ${event.reason}`);
        break;
      case 'rehearsed':
        this.#rehearsal = event.steps;
        this.#hash = event.hash;
        break;
      case 'approved':
        this.#say(at, 'you', 'event', event.by === 'user' ? 'Approved the plan' : 'Approved by setting');
        break;
      case 'rejected':
        this.#say(at, 'you', 'event', `Rejected the plan: ${event.reason}`);
        this.#close('rejected', event.reason);
        break;
      case 'lockDenied':
        this.#say(at, 'stratus', 'problem', `${event.reason} (held by ${event.holder})`);
        break;
      case 'checkpointed':
        this.#transactions.push({ id: event.tx, state: 'open' });
        this.#read(at, event.severity, 'checkpoint');
        break;
      case 'command':
        this.#say(at, 'mitigation', 'command', commandLine(event.argv), output(event.stdout, event.stderr));
        break;
      case 'stepDone':
        this.#stepStates[event.index] = 'done';
        break;
      case 'stepFailed':
        this.#stepStates[event.index] = 'failed';
        this.#undoReason = event.reason;
        this.#say(at, 'mitigation', 'problem', event.reason);
        break;
      case 'settled':
        if (!event.settled) this.#say(at, 'stratus', 'event', `Still moving: ${event.pending.join(', ')}`);
        break;
      case 'judged':
        this.#read(at, event.severity, 'after');
        if (!event.verdict.commit) this.#undoReason = event.verdict.reason;
        this.#say(at, 'detection', 'event', `${event.verdict.commit ? 'Keep' : 'Undo'}: ${event.verdict.reason}`);
        for (const cheat of event.cheats) this.#say(at, 'detection', 'problem', `No longer serves: ${cheat}`);
        break;
      case 'commitRecorded':
        this.#mark(event.tx, 'committed');
        this.#close('committed', 'kept');
        this.#say(at, 'stratus', 'event', 'Committed. It can be undone from the undo stack at any time');
        break;
      case 'undone':
        this.#undone(at, event.tx, event.result);
        break;
      case 'verified':
        this.#read(at, event.severity, 'undone');
        break;
      case 'effectFailed':
        this.#say(at, 'stratus', 'problem', `${event.effect}: ${event.reason}`);
        break;
      case 'cancelRequested':
        this.#say(at, 'you', 'event', 'Asked the run to stop');
        break;
      case 'lockLost':
      case 'contextMoved':
        this.#say(at, 'stratus', 'problem', event.reason);
        break;
      case 'thought':
        // The reason for an undo was said when it was found.
        if (event.agent === 'undo' && event.text === this.#undoReason) break;
        if (event.agent === 'undo') this.#undoReason = event.text;
        this.#say(at, event.agent, 'thought', event.text);
        break;
      case 'converted': {
        const by = event.to.map(commandLine).join(' && ');
        this.#say(at, 'stratus', 'event', `Replaced ${commandLine(event.from)} by ${by}: ${event.reason}`);
        break;
      }
      case 'progress':
        this.#progress = presentable(event.text, 300);
        break;
      case 'result':
        this.#result = event.result;
        this.#endedAt = at;
        break;
      case 'lockAcquired':
      case 'reflected':
      case 'tick':
        break;
    }
  }

  snapshot(context: ProjectionContext): RunSnapshot {
    const stages = this.#stages();
    return {
      run: context.run,
      target: context.target,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      headline: this.#headline(context),
      stages: stages.forward,
      wayBack: stages.back,
      attempt: this.#attempt,
      maxAttempts: this.#maxAttempts,
      mode: context.mode,
      severity: {
        before: known(this.#initial),
        now: known(this.#current),
        points: this.#points,
        items: severityItems(this.#initial, this.#current),
      },
      checks: this.#checks(),
      findings: this.#findings.map((finding) => findingView(finding, this.#plan)),
      plan: this.#planView(context),
      attempts: this.#attempts,
      transactions: this.#transactions.map((transaction) =>
        context.undone.has(transaction.id) ? { ...transaction, state: 'undone' } : transaction,
      ),
      log: this.#log.slice(-LOG_LIMIT),
      result: this.#result && {
        outcome: this.#result.outcome,
        seconds: this.#result.seconds,
        writes: this.#result.writes,
        attempts: this.#result.attempts,
      },
      canCancel: this.#result === null && !context.cancelling,
      cancelling: context.cancelling && this.#result === null,
    };
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#progress = '';
    const forward = FORWARD.findIndex(([, , phases]) => phases.includes(phase));
    const back = BACK.findIndex(([, , phases]) => phases.includes(phase));
    if (forward >= 0) {
      this.#forward = forward;
      this.#back = -1;
    }
    if (back >= 0) this.#back = back;
  }

  #newPlan(plan: Plan): void {
    this.#plan = plan;
    this.#hash = null;
    this.#rehearsal = [];
    this.#stepStates = [];
  }

  #read(at: number, severity: Severity, label: string): void {
    this.#current = severity;
    this.#points.push({ at, mu: known(severity), label });
  }

  #mark(tx: string, state: TransactionView['state']): void {
    this.#transactions = this.#transactions.map((known) => (known.id === tx ? { id: tx, state } : known));
  }

  #close(outcome: AttemptView['outcome'], reason: string): void {
    if (!this.#plan) return;
    const title = presentable(this.#plan.title, 300);
    this.#attempts.push({ attempt: this.#attempt, title, outcome, reason: presentable(reason, 300) });
  }

  #undone(at: number, tx: string, result: UndoResult): void {
    if (result.outcome === 'undone') {
      this.#mark(tx, 'undone');
      const kept = result.proof.foreign.length;
      const foreign = kept > 0 ? `; ${kept} edit(s) by others were kept` : '';
      const residue = result.proof.residue.length > 0 ? `; differs in: ${result.proof.residue.join(', ')}` : '';
      const proof = 'every field we wrote equals the checkpoint';
      this.#say(at, 'undo', 'event', `Undone in ${result.writes} write(s), ${proof}${residue}${foreign}`);
    } else {
      this.#mark(tx, result.outcome === 'diverged' ? 'diverged' : 'open');
      this.#say(at, 'undo', 'problem', `${result.outcome}: ${result.reason}`);
      if (result.outcome === 'diverged') {
        for (const { ref, path } of result.differences.slice(0, 50)) {
          this.#say(at, 'undo', 'problem', `${refLabel(ref)} ${path || '(whole object)'} is not as it was`);
        }
      }
    }
    this.#close('undone', this.#undoReason);
  }

  #say(at: number, who: LogEntry['who'], kind: LogEntry['kind'], text: string, more = ''): void {
    this.#log.push({ id: this.#nextEntry++, at, who, kind, text: presentable(text, 1_000), output: more });
  }

  #stages(): { forward: Stage[]; back: Stage[] } {
    const outcome = this.#result?.outcome;
    const ended = outcome !== undefined;
    const success = outcome === 'resolved' || outcome === 'improved';
    const onWayBack = this.#back >= 0;
    const forward = FORWARD.map(([id, label], index): Stage => {
      let state: StageState = index < this.#forward ? 'done' : index > this.#forward ? 'todo' : 'now';
      if (index === this.#forward && onWayBack) state = 'failed';
      if (ended && index === this.#forward && !onWayBack) state = 'done';
      if (success) state = 'done';
      return { id, label, state };
    });
    const back = BACK.map(([id, label], index): Stage => {
      if (!onWayBack || index > this.#back) return { id, label, state: 'todo' };
      if (index < this.#back) return { id, label, state: 'done' };
      const failed = outcome === 'diverged' || outcome === 'stranded';
      return { id, label, state: !ended ? 'now' : failed ? 'failed' : 'done' };
    });
    return { forward, back };
  }

  #headline(context: ProjectionContext): RunSnapshot['headline'] {
    if (this.#result) return ending(this.#result, this.#attempts, context);
    const title = this.#plan ? presentable(this.#plan.title, 300) : '';
    const steps = this.#plan?.steps.length ?? 0;
    const busy = (text: string, detail: string): RunSnapshot['headline'] => ({
      tone: 'busy',
      title: text,
      detail: this.#progress || detail,
    });
    const back = (text: string): RunSnapshot['headline'] => ({
      tone: 'warn',
      title: text,
      detail: this.#progress || presentable(this.#undoReason, 300),
    });
    switch (this.#phase) {
      case 'idle':
      case 'detecting':
        return busy('Reading the cluster', 'Looking at every object in scope, until two readings agree');
      case 'diagnosing':
        return busy('Looking for the cause', 'Reading only: nothing can be changed in this phase');
      case 'planning':
        return this.#plan && !this.#attempts.some(({ attempt }) => attempt === this.#attempt)
          ? busy('Rehearsing the fix', title)
          : busy('Choosing a fix', 'Smallest change that removes the cause');
      case 'awaitingApproval':
        return context.awaiting
          ? { tone: 'ask', title: 'Waiting for your approval', detail: title }
          : busy('Approval given', title);
      case 'locking':
        return busy('Taking the writer lock', 'One writer per cluster');
      case 'checkpointing':
        return busy('Recording the way back', 'The state before the change is written to the journal first');
      case 'executing':
        return busy(steps > 1 ? `Applying step ${this.#running() + 1} of ${steps}` : 'Applying the change', title);
      case 'settling':
        return busy('Waiting for the cluster to settle', title);
      case 'judging':
        return busy('Judging the result', 'Keep it only if things got better');
      case 'committing':
        return busy('Keeping the change', title);
      case 'undoing':
        return back('Undoing the change');
      case 'verifying':
        return back('Checking that everything is as before');
      case 'reflecting':
        return back('Learning from the attempt');
      case 'aborting':
        return back('Stopping; what was changed is undone first');
      case 'frozen':
        return { tone: 'bad', title: 'Frozen: nothing more is written', detail: presentable(this.#undoReason, 300) };
      case 'done':
        return busy('Finishing', '');
    }
  }

  #running(): number {
    return this.#stepStates.filter((state) => state === 'done').length;
  }

  #planView(context: ProjectionContext): PlanView | null {
    const plan = this.#plan;
    if (!plan) return null;
    const executing = this.#phase === 'executing' ? this.#running() : -1;
    return {
      hash: this.#hash,
      title: presentable(plan.title, 300),
      expects: presentable(plan.expects, 300),
      fate: this.#fate(context),
      awaiting: this.#hash !== null && context.awaiting === this.#hash && this.#phase === 'awaitingApproval',
      steps: plan.steps.map((step, index): StepView => {
        const rehearsal = this.#rehearsal[index];
        return {
          command: commandLine(step.argv),
          why: presentable(step.why, 300),
          ok: rehearsal?.ok ?? true,
          problem: presentable(rehearsal?.problem ?? '', 500),
          partial: rehearsal?.partial ?? false,
          state: this.#stepStates[index] ?? (index === executing ? 'running' : 'proposed'),
          writes: (rehearsal?.writes ?? []).map(writeView),
        };
      }),
    };
  }

  #fate(context: ProjectionContext): PlanView['fate'] {
    const attempt = this.#attempts.find((entry) => entry.attempt === this.#attempt);
    if (!attempt) return this.#stepStates.length > 0 ? 'running' : 'proposed';
    if (attempt.outcome !== 'committed') return attempt.outcome;
    const latest = this.#transactions.at(-1);
    return latest && context.undone.has(latest.id) ? 'undone' : 'kept';
  }

  /** State of each oracle: as at the start, then as far as the latest severity tells. */
  #checks(): CheckView[] {
    const current = this.#current;
    return Object.entries(this.#oracles).map(([name, start]): CheckView => {
      if (start === 'absent' || !current || this.#points.length < 2) return { name, state: start };
      if (!current.known) return { name, state: 'unknown' };
      return { name, state: current.items.some((item) => watches(name, item)) ? 'bad' : 'ok' };
    });
  }
}

/** Which oracle an item comes from, by what it is about. */
function watches(oracle: string, item: SeverityItem): boolean {
  if (/alert/.test(oracle)) return item.source === 'alert';
  if (/request|check/.test(oracle)) return item.source === 'check';
  return item.source === 'object' && (item.object?.kind === 'Node') === /node/.test(oracle);
}

export function writeView(write: RehearsedWrite, index: number): WriteView {
  const changes = fieldChanges(write.before, write.after, write.subresource);
  return {
    index,
    object: presentable(refLabel(write.ref) + (write.subresource ? ` (${write.subresource})` : ''), 300),
    verb: write.before === null ? 'create' : write.after === null ? 'delete' : 'change',
    changes: changes.slice(0, SHOWN_CHANGES),
    moreChanges: Math.max(0, changes.length - SHOWN_CHANGES),
    undo: write.undo.class,
    inverse: presentable(write.undo.inverse, 300),
    residue: write.undo.residue.map((text) => presentable(text, 200)),
  };
}

function findingView(finding: Finding, plan: Plan | null): FindingView {
  return {
    id: finding.id,
    severity: finding.severity,
    object: refLabel(finding.object),
    message: presentable(finding.message, 500),
    chosen: plan?.findingId === finding.id,
    evidence: finding.evidence.slice(0, 20).map((evidence) => ({
      source: evidence.source,
      object: evidence.object ? refLabel(evidence.object) : '',
      field: presentable(evidence.field ?? '', 200),
      text: presentable(evidence.text, 500),
    })),
  };
}

function severityItems(initial: Severity | null, current: Severity | null): SeverityItemView[] {
  const before = initial?.known ? initial.items : [];
  const now = current?.known ? current.items : before;
  const nowIds = new Set(now.map(itemId));
  const beforeIds = new Set(before.map(itemId));
  return [
    ...now.filter((item) => !beforeIds.has(itemId(item))).map((item) => itemView(item, 'new')),
    ...before.map((item) => itemView(item, nowIds.has(itemId(item)) ? 'present' : 'gone')),
  ];
}

function itemView(item: SeverityItem, state: SeverityItemView['state']): SeverityItemView {
  return {
    id: itemId(item),
    source: item.source,
    object: item.object ? refLabel(item.object) : item.what,
    message: presentable(withoutSubject(item), 300),
    state,
  };
}

/** The message without the name that is shown in front of it. */
function withoutSubject({ object, what, message }: SeverityItem): string {
  const subjects = object ? [refLabel(object), `${object.kind} ${object.name}`] : [`check ${what}:`, what];
  const subject = subjects.find((name) => message.startsWith(`${name} `));
  return subject ? message.slice(subject.length + 1) : message;
}

function known(severity: Severity | null): number | null {
  return severity?.known ? mu(severity) : null;
}

function output(stdout: string, stderr: string): string {
  return presentable(
    [stdout, stderr]
      .map((text) => text.trim())
      .filter(Boolean)
      .join('\n'),
    4_000,
  );
}

const ENDINGS: Record<Outcome, [Tone, string]> = {
  resolved: ['good', 'Resolved'],
  healthy: ['good', 'Nothing is wrong here'],
  improved: ['warn', 'Better, but not resolved'],
  restored: ['warn', 'Not resolved. The cluster is as it was'],
  cancelled: ['warn', 'Cancelled. The cluster is as it was'],
  diverged: ['bad', 'Undo could not restore every field'],
  stranded: ['bad', 'Undo is pending: the cluster did not answer'],
  locked: ['warn', 'Someone else is changing this cluster'],
};

function ending(result: RunResult, attempts: AttemptView[], context: ProjectionContext): RunSnapshot['headline'] {
  const last = attempts.at(-1);
  // Why nothing is left to try is told by the attempt that did not hold.
  const because = last && last.outcome !== 'committed' ? `. Last attempt ${last.outcome}: ${last.reason}` : '';
  const detail = presentable((result.error ?? result.reason) + because, 500);
  const all = result.transactions.length > 0 && result.transactions.every((tx) => context.undone.has(tx));
  if (all) {
    const title = 'Undone. The cluster is as it was before this run';
    return { tone: 'warn', title, detail: 'The readings below were taken before the undo' };
  }
  if (result.error && result.outcome === 'restored')
    return { tone: 'bad', title: 'The run could not do its work', detail };
  const [tone, title] = ENDINGS[result.outcome];
  return { tone, title, detail };
}
