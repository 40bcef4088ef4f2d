import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, BrainEmission } from '../domain/brain.ts';
import { cost, extended, left } from '../domain/budget.ts';
import { messageOf } from '../domain/cluster-error.ts';
import type { Effect, Signal } from '../domain/machine.ts';
import { reduce } from '../domain/machine.ts';
import type { Plan } from '../domain/plan.ts';
import { gatewayStep, stepArgv, unsupportedStep } from '../domain/plan.ts';
import type { LockResult, OpenTransaction, SeverityReading } from '../domain/ports.ts';
import type { AgentName, MachineEvent, NoteEvent, RunEvent, RunOptions, RunResult } from '../domain/run-event.ts';
import { RUN_LOG_SCHEMA } from '../domain/run-event.ts';
import type { RunState } from '../domain/run-state.ts';
import { INITIAL_STATE } from '../domain/run-state.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import { personForReach } from '../domain/reach-guard.ts';
import { judgeCommit, mu } from '../domain/severity.ts';
import type { Severity } from '../domain/severity.ts';
import { shownSignals } from '../domain/signals-now.ts';
import type { CallGraph } from '../domain/signals.ts';
import type { SignalsNow } from '../domain/signals-now.ts';
import type { StepRehearsal } from '../domain/transaction.ts';
import { lossesText } from '../domain/transaction.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Target } from '../domain/target.ts';
import { askBrain } from './ask-brain.ts';
import { convertPlan } from './convert-plan.ts';
import { delicateWrites } from './delicate-writes.ts';
import { withoutOwnLeftovers } from './own-leftovers.ts';
import { rehearsePlan } from './rehearse-plan.ts';
import type { IncidentRunPorts } from './run-ports.ts';
import { shownEvent } from './shown-event.ts';

type EventBody<E = MachineEvent> = E extends MachineEvent ? Omit<E, 'at'> : never;
type NoteBody<E = NoteEvent> = E extends NoteEvent ? Omit<E, 'at'> : never;

/**
 * One incident: interprets the reducer's effects, one at a time, and appends every event to the log, which is the
 * run. User interfaces are clients: they listen, approve, reject and cancel.
 */
export class IncidentRun {
  readonly id: string;
  readonly target: Target;
  readonly #ports: IncidentRunPorts;
  readonly #options: RunOptions;
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #log: RunEvent[] = [];
  #state: RunState = INITIAL_STATE;
  #abort = new AbortController();
  #transaction: OpenTransaction | null = null;
  /** What undone attempts of this run wrote to. */
  #undone: ObjectRef[] = [];
  #startSnapshot: ClusterSnapshot | null = null;
  #latest: SeverityReading | null = null;
  /** What telemetry showed at a reading. */
  #seen: { reading: SeverityReading; now: SignalsNow } | null = null;
  /** When the open transaction first sent a command, and when its last one had ended. */
  #wrote: { first: number; last: number } | null = null;
  /** What of the open transaction somebody else took back before it was judged. */
  #takenBack: string | null = null;
  /** The last undo proved that its roots are as ready as they were (L4). */
  #converged = false;
  /** Evidence is refreshed before planning when the cluster was changed since the last diagnosis. */
  #stale = false;
  /** Early signs were waited for. */
  #hasRipened = false;
  /** Steps of the current plan (by their argv) that nothing undoable can stand in for, and why. */
  #unconvertible = new Map<string[], string>();

  constructor(id: string, target: Target, options: RunOptions, ports: IncidentRunPorts) {
    this.id = id;
    this.target = target;
    this.#options = options;
    this.#ports = ports;
  }

  get state(): RunState {
    return this.#state;
  }

  /** Every event so far, oldest first. */
  events(): readonly RunEvent[] {
    return this.#log;
  }

  onEvent(listener: (event: RunEvent) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Asks the run to stop; an open transaction is undone and verified first. */
  cancel(): void {
    this.#dispatch({ type: 'cancelRequested' });
  }

  /** To be called by the lock's own timer when a renewal failed. */
  lockLost(reason: string): void {
    this.#dispatch({ type: 'lockLost', reason });
  }

  /** Runs to the end. Never rejects: failures are part of the result. */
  async start(): Promise<RunResult> {
    const { clock } = this.#ports;
    const timer = new AbortController();
    void this.#watchDeadline(timer.signal);
    const { id: run, target } = this;
    let effect = this.#dispatch({
      type: 'started',
      run,
      target,
      brains: this.#ports.brains.map(({ name }) => name),
      options: this.#options,
      schema: RUN_LOG_SCHEMA,
    });
    while (effect) {
      const running: Effect = effect;
      this.#abort = new AbortController();
      const answer = await this.#perform(running, this.#abort.signal).catch((error: unknown): EventBody => ({
        type: 'effectFailed',
        effect: running.type,
        reason: messageOf(error),
      }));
      effect = this.#dispatch(answer);
      await this.#flushSignals();
    }
    timer.abort();
    await this.#transaction?.dispose();
    const result = this.#result(clock.now());
    this.#note({ type: 'result', result });
    return result;
  }

  readonly #signals: Signal[] = [];

  /** Applies one event; returns the effect to run next, if the event asks for one. */
  #dispatch(body: EventBody): Effect | null {
    const event = { at: this.#ports.clock.now(), ...body } as MachineEvent;
    const before = this.#state;
    const step = reduce(before, event);
    this.#append(event);
    this.#state = step.state;
    if (step.state.phase !== before.phase || step.state.attempt !== before.attempt) {
      this.#note({ type: 'phase', phase: step.state.phase, attempt: step.state.attempt });
    }
    for (const signal of step.signals) {
      if (signal.type === 'abortInFlight') this.#abort.abort(new Error('stopped'));
      else this.#signals.push(signal);
    }
    return step.effect;
  }

  async #flushSignals(): Promise<void> {
    for (const signal of this.#signals.splice(0)) {
      if (signal.type !== 'releaseLock') continue;
      const { lock } = this.#ports;
      // A lock that cannot be released expires by itself; its mark tells the next writer whether it is dirty.
      await (signal.clean ? lock.release() : lock.mark('dirty')).catch((error: unknown) =>
        this.#note({ type: 'progress', text: `the writer lock could not be released: ${messageOf(error)}` }),
      );
    }
  }

  #append(whole: RunEvent): void {
    const event = shownEvent(whole);
    this.#log.push(event);
    this.#ports.record(event);
    for (const listener of this.#listeners) listener(event);
  }

  #note(body: NoteBody): void {
    this.#append({ at: this.#ports.clock.now(), ...body } as NoteEvent);
  }

  #progress = (text: string): void => this.#note({ type: 'progress', text });

  async #watchDeadline(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const { wallClockMs } = this.#options;
    const end = clock.now() + wallClockMs;
    try {
      await clock.sleep(wallClockMs, signal);
      // A timer may fire a moment before the clock says so, and the clock may have been set back: the machine would let it pass.
      for (let left = end - clock.now(); left > 0; left = end - clock.now()) await clock.sleep(left, signal);
      this.#dispatch({ type: 'tick' });
    } catch {
      // The run ended before its deadline.
    }
  }

  async #perform(effect: Effect, signal: AbortSignal): Promise<EventBody> {
    switch (effect.type) {
      case 'detect':
        return this.#detect(signal);
      case 'diagnose':
        return { type: 'diagnosed', ...(await this.#diagnose(signal, true)) };
      case 'plan':
        return this.#plan(signal);
      case 'rehearse':
        return this.#rehearse(effect.plan, signal);
      case 'askApproval':
        return this.#askApproval(effect, signal);
      case 'acquireLock': {
        const result = await this.#ports.lock.acquire(this.id, signal);
        return result.ok ? { type: 'lockAcquired', level: result.level } : { type: 'lockDenied', ...refusal(result) };
      }
      case 'checkpoint':
        return this.#checkpoint(effect.plan, signal);
      case 'execute':
        return this.#execute(effect.index, signal);
      case 'settle': {
        const result = await this.#ports.settler.settle(this.#open().roots(), signal, this.#progress);
        this.#takenBack = await this.#confirm(signal);
        return { type: 'settled', ...result };
      }
      case 'judge':
        return this.#judge(signal);
      case 'commit': {
        const kept = new Set(this.#open().roots().map(refKey));
        await this.#open().commit();
        // What they have become is meant now.
        this.#undone = this.#undone.filter((ref) => !kept.has(refKey(ref)));
        await this.#closeTransaction('committed');
        return { type: 'commitRecorded', tx: effect.tx };
      }
      case 'undo':
        return this.#undo(effect.tx);
      case 'verify':
        return this.#verify();
      case 'reflect':
        return this.#reflect(effect.attempt, signal);
      case 'askBudget':
        return this.#askBudget(effect.limit, signal);
    }
  }

  /** What is owed to the cluster comes before anything is read: whoever asks would only be refused at the end. */
  async #detect(signal: AbortSignal): Promise<EventBody> {
    const owed = await this.#ports.owed();
    if (owed) return { type: 'lockDenied', ...refusal(owed) };
    // What progresses is forgotten with the next phase: this stays in the log that people read.
    for (const text of this.#ports.notes ?? []) this.#note({ type: 'thought', agent: 'detection', text });
    const reading = await this.#ports.severity.baseline(signal, 0, this.#progress);
    this.#latest = reading;
    this.#startSnapshot = reading.snapshot;
    const { severity, oracles, notes = [] } = reading;
    for (const text of notes) this.#note({ type: 'thought', agent: 'detection', text });
    if (severity.known) {
      for (const item of severity.items) this.#note({ type: 'thought', agent: 'detection', text: item.message });
    }
    return { type: 'detected', severity, oracles };
  }

  async #diagnose(signal: AbortSignal, patient = false): Promise<BrainDiagnosis & { severity?: Severity }> {
    const ask = () => this.#think('diagnosis', signal, (brain, context) => brain.diagnose(context));
    let diagnosis = await ask();
    // What still has time to start may fail in a way that tells more, or come up.
    let later: SeverityReading | null = null;
    if (patient && diagnosis.findings.length === 0 && this.#isIll()) {
      later = await this.#ports.severity.standstill(signal, this.#progress);
      if (later) {
        this.#latest = later;
        diagnosis = await ask();
      }
    }
    for (const { message } of diagnosis.findings) this.#note({ type: 'thought', agent: 'diagnosis', text: message });
    return later ? { ...diagnosis, severity: later.severity } : diagnosis;
  }

  #isIll(): boolean {
    const { severity } = this.#latest!;
    return severity.known && severity.items.length > 0;
  }

  /** One call of the brain at work. */
  async #think<T>(
    agent: AgentName,
    signal: AbortSignal,
    call: (brain: Brain, context: BrainContext) => Promise<T>,
  ): Promise<T> {
    if (!this.#latest) throw new Error('nothing was detected yet');
    const { severity } = this.#latest;
    const snapshot = withoutOwnLeftovers(this.#latest.snapshot, this.#startSnapshot!, this.#undone);
    const { cluster, clock, brains, read } = this.#ports;
    const { budget } = this.#state.options!;
    const signals = await this.#signalsNow(signal);
    const actions = await this.#ports.actions();
    return askBrain({
      brain: brains[this.#state.brain]!,
      context: {
        run: this.id,
        target: this.target,
        snapshot,
        severity,
        evidence: cluster,
        actions,
        ...(signals ? { signals } : {}),
        rehearse: (plan) => this.#tried(plan, signal),
        ...(read ? { read } : {}),
        budget: left(budget, this.#state.spent),
      },
      clock,
      thinkMs: budget.thinkMs,
      signal,
      heard: (emission) => this.#emitted(agent, emission),
      call,
    });
  }

  /** Read once for each reading of severity: who thinks about it again sees the same. */
  async #signalsNow(signal: AbortSignal): Promise<SignalsNow | null> {
    const { signals } = this.#ports;
    const reading = this.#latest!;
    if (!signals) return null;
    if (this.#seen?.reading !== reading) {
      this.#progress('reading metrics and traces');
      const now = await signals(reading.snapshot, reading.severity, signal);
      this.#note({ type: 'signals', shown: shownSignals(now) });
      this.#seen = { reading, now };
    }
    return this.#seen.now;
  }

  async #rehearse(plan: Plan, signal: AbortSignal): Promise<EventBody> {
    const { snapshot, severity } = this.#latest!;
    const rehearsed = await rehearsePlan(this.#ports, plan, this.#unconvertible, snapshot, this.#callGraph, signal);
    const reasons = [
      delicateWrites(plan, rehearsed.steps, snapshot, severity),
      personForReach(rehearsed.radius?.calls, this.#options.maxCallers),
    ].filter((reason) => reason !== null);
    return reasons.length > 0 ? { ...rehearsed, person: reasons.join('; ') } : rehearsed;
  }

  /** As telemetry told it last; null where none is read. */
  get #callGraph(): CallGraph | null {
    return this.#seen?.now.graph ?? null;
  }

  /** For a brain that wants to know what its plan would do. */
  async #tried(proposed: Plan, signal: AbortSignal): Promise<StepRehearsal[]> {
    const { plan, refused } = await convertPlan(proposed, this.#ports.convert);
    const { snapshot } = this.#latest!;
    const { steps } = await rehearsePlan(this.#ports, plan, refused, snapshot, this.#callGraph, signal);
    return steps;
  }

  #emitted(agent: AgentName, emission: BrainEmission): void {
    if (emission.type === 'usage') this.#dispatch({ ...emission, agent });
    else this.#note({ ...emission, agent });
  }

  async #plan(signal: AbortSignal): Promise<EventBody> {
    let { findings, hypotheses } = this.#state;
    if (this.#stale) {
      this.#latest = await this.#ports.severity.baseline(signal, 0, this.#progress);
      ({ findings, hypotheses } = await this.#diagnose(signal));
      this.#stale = false;
    }
    const ask = () =>
      this.#think('mitigation', signal, (brain, context) =>
        brain.plan(context, { findings, hypotheses }, this.#state.attempts),
      );
    let proposal = await ask();
    if (proposal.type === 'exhausted' && (await this.#ripened(signal))) {
      ({ findings, hypotheses } = await this.#diagnose(signal));
      proposal = await ask();
    }
    if (proposal.type !== 'plan') {
      const { reason } = proposal;
      return { type: 'planned', plan: null, reason, ...(proposal.type === 'escalate' ? { escalate: true } : {}) };
    }
    const { plan, refused, converted } = await convertPlan(proposal.plan, this.#ports.convert);
    this.#unconvertible = refused;
    for (const conversion of converted) this.#note({ type: 'converted', ...conversion });
    this.#note({ type: 'thought', agent: 'mitigation', text: `${plan.title}. Expect: ${plan.expects}` });
    return { type: 'planned', plan, reason: '' };
  }

  /** What is pending may be what can be mended: it is waited for once, before a run gives up. */
  async #ripened(signal: AbortSignal): Promise<boolean> {
    if (this.#hasRipened) return false;
    this.#hasRipened = true;
    const later = await this.#ports.severity.ripening(signal, this.#progress);
    if (later) this.#latest = later;
    return later !== null;
  }

  async #askApproval(effect: Extract<Effect, { type: 'askApproval' }>, signal: AbortSignal): Promise<EventBody> {
    const { plan, steps, hash } = effect;
    const answer = await this.#ports.askApproval({ plan, steps, hash }, signal);
    return answer.approve
      ? { type: 'approved', hash: answer.hash, by: answer.by }
      : { type: 'rejected', reason: answer.reason, ...(answer.final ? { final: true } : {}) };
  }

  async #askBudget(limit: string, signal: AbortSignal): Promise<EventBody> {
    const { askBudget } = this.#ports;
    if (!askBudget) return { type: 'budgetRefused', reason: 'nobody can be asked' };
    const agreed = await askBudget(limit, signal);
    const { budget } = this.#state.options!;
    return agreed
      ? { type: 'budgetExtended', budget: extended(budget, this.#options.budget) }
      : { type: 'budgetRefused', reason: 'no more may be spent' };
  }

  /** Opens the journal, then reads the baseline that commit will be judged against. */
  async #checkpoint(plan: Plan, signal: AbortSignal): Promise<EventBody> {
    const { transactions, severity, lock } = this.#ports;
    const transaction = await transactions.begin({
      run: this.id,
      title: plan.title,
      maxWrites: this.#options.maxWrites,
      namespace: this.target.namespace,
    });
    this.#transaction = transaction;
    this.#wrote = null;
    try {
      await lock.mark(`executing ${transaction.id}`);
      const reading = await severity.baseline(signal, 0, this.#progress);
      this.#latest = reading;
      return { type: 'checkpointed', tx: transaction.id, severity: reading.severity };
    } catch (error) {
      // The journal exists, so it must be closed through undo even though nothing was written.
      const reason = messageOf(error);
      return { type: 'checkpointed', tx: transaction.id, severity: { known: false, reason } };
    }
  }

  async #execute(index: number, signal: AbortSignal): Promise<EventBody> {
    const moved = await this.#ports.targetMoved();
    if (moved) return { type: 'stepFailed', index, writes: 0, reason: `the target changed: ${moved}` };
    const plan = this.#state.plan!;
    const step = plan.steps[index]!;
    const runs = gatewayStep(step);
    if (!runs) return { type: 'stepFailed', index, writes: 0, reason: unsupportedStep(step) };
    const { clock } = this.#ports;
    const first = this.#wrote?.first ?? clock.now();
    const result = await this.#open().execute(runs, plan.files, signal);
    const { exitCode, stdout, stderr, writes } = result;
    this.#wrote = { first, last: clock.now() };
    this.#note({ type: 'command', argv: stepArgv(step), exitCode, stdout, stderr, writes });
    return result.ok
      ? { type: 'stepDone', index, writes }
      : { type: 'stepFailed', index, writes, reason: result.problem };
  }

  /** What somebody else took back meanwhile; null when it stays. */
  async #confirm(signal: AbortSignal): Promise<string | null> {
    const { snapshot } = this.#latest!;
    return this.#ports.confirmation.confirm(this.#open().written(), snapshot, signal, this.#progress);
  }

  async #judge(signal: AbortSignal): Promise<EventBody> {
    const { severity: probe, isAffected, cheats } = this.#ports;
    const checkpoint = this.#latest!.snapshot;
    const reading = await probe.baseline(signal, this.#wrote?.last, this.#progress);
    this.#latest = reading;
    const { severity, snapshot } = reading;
    const before = this.#state.baseline!;
    const { yields = [] } = this.#state.plan!;
    const verdict = judgeCommit(
      this.#options.commitRule,
      before,
      severity,
      isAffected(this.#open().roots(), checkpoint, snapshot),
      this.#wrote?.first,
      undefined,
      (object) => yields.some((other) => refKey(other) === refKey(object)),
      this.#state.initial,
    );
    const start = this.#startSnapshot!;
    const losses = await this.#open().unacceptedLosses();
    const cheated = cheats(start, snapshot);
    const against =
      losses.length > 0
        ? lossesText(losses)
        : cheated.length > 0
          ? `the inventory no longer serves: ${cheated.join(', ')}`
          : this.#takenBack;
    return {
      type: 'judged',
      severity,
      verdict: against === null ? verdict : { ...verdict, commit: false, reason: against },
      cheats: cheated,
    };
  }

  async #undo(tx: string): Promise<EventBody> {
    if (this.#transaction?.id !== tx) {
      await this.#transaction?.dispose();
      this.#transaction = await this.#ports.transactions.reopen(tx);
    }
    this.#note({ type: 'thought', agent: 'undo', text: this.#state.undoReason });
    // The mark is for people who ask who holds the lock.
    await this.#ports.lock.mark(`undoing ${tx}`).catch(() => undefined);
    // Cancelling must not interrupt an undo: it is how a cancelled run keeps its promise.
    const result = await this.#open().undo(new AbortController().signal);
    this.#converged = result.outcome === 'undone' && result.proof.levels.L4 === true;
    this.#undone.push(...this.#open().roots());
    return { type: 'undone', tx, result };
  }

  /** Content equality was proved by undo; mu is read again once what hangs below has converged (L4). */
  async #verify(): Promise<EventBody> {
    const signal = new AbortController().signal;
    const { settler, severity } = this.#ports;
    const roots = this.#open().roots();
    await this.#closeTransaction('undone');
    if (!this.#converged) await settler.settle(roots, signal, this.#progress);
    this.#latest = await severity.read(signal);
    return { type: 'verified', severity: this.#latest.severity };
  }

  async #reflect(attempt: AttemptRecord, signal: AbortSignal): Promise<EventBody> {
    const lesson = await this.#think('mitigation', signal, (brain, context) => brain.reflect(context, attempt));
    this.#note({ type: 'thought', agent: 'mitigation', text: lesson });
    return { type: 'reflected', lesson };
  }

  #open(): OpenTransaction {
    if (!this.#transaction) throw new Error('no transaction is open');
    return this.#transaction;
  }

  async #closeTransaction(phase: string): Promise<void> {
    const transaction = this.#open();
    this.#stale = true;
    // The mark is for people who ask who holds the lock.
    await this.#ports.lock.mark(`${phase} ${transaction.id}`).catch(() => undefined);
    this.#transaction = null;
    // What is decided stays so: what is left of its files is in nobody's way.
    await transaction
      .dispose()
      .catch((error: unknown) => this.#progress(`it could not be closed: ${messageOf(error)}`));
  }

  #result(now: number): RunResult {
    const state = this.#state;
    const { initial, current } = state;
    return {
      outcome: state.outcome ?? 'stranded',
      muBefore: initial?.known ? mu(initial) : null,
      muAfter: current?.known ? mu(current) : null,
      attempts: state.attempt,
      writes: state.totalWrites,
      undoWrites: state.undoWrites,
      seconds: Math.round((now - state.startedAt) / 10) / 100,
      costUsd: rounded(cost(state.spent)),
      ...(state.spent.calls > 0 ? { models: { tokens: state.spent.tokens, calls: state.spent.calls } } : {}),
      transactions: state.committed,
      findings: state.findings,
      reason: state.reason,
      ...(state.owed ? { owed: state.owed } : {}),
      ...(state.error ? { error: state.error } : {}),
    };
  }
}

/** To a hundredth of a cent. */
function rounded(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 10_000) / 10_000;
}

function refusal({ holder, reason, owed, own }: Extract<LockResult, { ok: false }>) {
  return { holder, reason, ...(owed ? { owed } : {}), ...(own ? { own } : {}) };
}
