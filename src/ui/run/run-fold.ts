import type { Principal } from '../../domain/autonomy.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Phase } from '../../domain/run-state.ts';
import type { LockLevel } from '../../domain/ports.ts';
import type { RunEvent, RunResult } from '../../domain/run-event.ts';
import type { Severity } from '../../domain/severity.ts';
import { mu } from '../../domain/severity.ts';
import type { StepRehearsal, UndoResult } from '../../domain/transaction.ts';
import { missingText } from '../../domain/transaction.ts';
import type { Hypothesis } from '../../domain/brain.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import type {
  AttemptView,
  CheckView,
  LogEntry,
  RunSnapshot,
  StepView,
  TransactionView,
} from '../../../webview/protocol.ts';
import { editorWords } from '../editor/editor-words.ts';
import { commandText } from '../../kubectl/command-text.ts';
import { counted } from '../../text/plain-text.ts';
import { presentable } from '../../text/redact.ts';

/** Stages of the view: id, label and the phases of the machine that belong to it. */
export const FORWARD: [string, string, Phase[]][] = [
  ['detect', 'Detect', ['idle', 'detecting']],
  ['diagnose', 'Diagnose', ['diagnosing']],
  ['plan', 'Plan', ['planning']],
  ['approve', 'Approve', ['awaitingApproval']],
  ['apply', 'Apply', ['locking', 'checkpointing', 'executing']],
  ['settle', 'Settle', ['settling']],
  ['judge', 'Judge', ['judging']],
  ['commit', 'Keep', ['committing']],
];
export const BACK: [string, string, Phase[]][] = [
  ['undo', 'Undo', ['undoing', 'aborting', 'frozen']],
  ['verify', 'Verify', ['verifying']],
  ['reflect', 'Learn', ['reflecting']],
];

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
  points: RunSnapshot['severity']['points'] = [];
  oracles: Record<string, CheckView['state']> = {};
  findings: Finding[] = [];
  hypotheses: Hypothesis[] = [];
  plan: Plan | null = null;
  hash: string | null = null;
  rehearsal: StepRehearsal[] = [];
  stepStates: StepView['state'][] = [];
  attempts: AttemptView[] = [];
  transactions: TransactionView[] = [];
  log: LogEntry[] = [];
  #nextEntry = 1;
  /** How the writer lock was held last; null before the first time. */
  lockLevel: LockLevel | null = null;
  progress = '';
  undoReason = '';
  result: RunResult | null = null;

  apply(event: RunEvent): void {
    const { at } = event;
    this.lastAt = at;
    switch (event.type) {
      case 'started':
        this.startedAt = at;
        this.maxAttempts = event.options.maxAttempts;
        break;
      case 'phase':
        this.#enter(event.phase as Phase);
        this.attempt = event.attempt;
        break;
      case 'detected':
        this.initial = event.severity;
        this.oracles = event.oracles;
        this.#read(at, event.severity, 'start');
        break;
      case 'diagnosed':
        this.findings = event.findings;
        this.hypotheses = event.hypotheses;
        break;
      case 'planned':
        if (event.plan) this.#newPlan(event.plan);
        else this.#say(at, 'mitigation', 'event', `No plan: ${event.reason}`);
        break;
      case 'rehearsed':
        this.rehearsal = event.steps;
        this.hash = event.hash;
        break;
      case 'approved':
        this.#say(at, 'you', 'event', approvalText(event.by));
        break;
      case 'rejected':
        this.#say(at, 'you', 'event', `Rejected the plan: ${event.reason}`);
        this.#close('rejected', event.reason);
        break;
      case 'lockDenied':
        this.#say(at, 'stratus', 'problem', `${event.reason} (held by ${event.holder})`);
        break;
      case 'checkpointed':
        this.transactions.push({ id: event.tx, state: 'open' });
        this.#read(at, event.severity, 'before');
        break;
      case 'command':
        this.#say(at, 'mitigation', 'command', commandText(event.argv), output(event.stdout, event.stderr));
        break;
      case 'stepDone':
        this.stepStates[event.index] = 'done';
        break;
      case 'stepFailed':
        this.stepStates[event.index] = 'failed';
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
        this.#close('committed', 'kept');
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
        if (event.partial) {
          this.progress = presentable(event.text, 300);
          break;
        }
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
      case 'toolCall':
        this.#say(at, event.agent, 'event', `${event.tool}(${event.args}): ${event.digest}`);
        break;
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
    this.plan = plan;
    this.hash = null;
    this.rehearsal = [];
    this.stepStates = [];
  }

  #read(at: number, severity: Severity, label: string): void {
    this.current = severity;
    this.points.push({ at, mu: known(severity), label });
  }

  #mark(tx: string, state: TransactionView['state']): void {
    this.transactions = this.transactions.map((known) => (known.id === tx ? { id: tx, state } : known));
  }

  #close(outcome: AttemptView['outcome'], reason: string): void {
    if (!this.plan) return;
    const title = presentable(this.plan.title, 300);
    this.attempts.push({ attempt: this.attempt, title, outcome, reason: presentable(editorWords(reason), 300) });
  }

  #undone(at: number, tx: string, result: UndoResult): void {
    if (result.outcome === 'undone') {
      this.#mark(tx, 'undone');
      const kept = result.proof.foreign.length;
      const foreign = kept > 0 ? `; ${counted(kept, 'edit')} by others kept` : '';
      const residue = result.proof.residue.length > 0 ? `; still different: ${result.proof.residue.join(', ')}` : '';
      const proof = 'every field that was written is as before';
      this.#say(at, 'undo', 'event', `Undone with ${counted(result.writes, 'write')}, ${proof}${residue}${foreign}`);
      const missing = missingText(result.proof);
      if (missing) this.#say(at, 'undo', 'problem', missing);
    } else {
      this.#mark(tx, result.outcome === 'diverged' ? 'diverged' : 'open');
      this.#say(
        at,
        'undo',
        'problem',
        `${result.outcome === 'diverged' ? 'Not all could be restored' : 'The undo is not finished'}: ${result.reason}`,
      );
      if (result.outcome === 'diverged') {
        for (const { ref, path } of result.differences.slice(0, 50)) {
          this.#say(at, 'undo', 'problem', `${refLabel(ref)} ${path || '(whole object)'} is not as it was`);
        }
      }
    }
    this.#close('undone', this.undoReason);
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

function approvalText({ via, id }: Principal): string {
  return via === 'policy' ? `Approved by policy: ${id}` : `Approved the plan (${id}, ${via})`;
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
