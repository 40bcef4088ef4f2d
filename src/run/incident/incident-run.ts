import { messageOf } from '../../domain/cluster-error.ts';
import type { Effect, Signal } from '../../domain/machine/step.ts';
import { reduce } from '../../domain/machine/machine.ts';
import type { LockResult } from '../../domain/ports.ts';
import type { EventBody, MachineEvent, RunEvent, RunOptions, RunResult } from '../../domain/run-event.ts';
import { RUN_LOG_SCHEMA } from '../../domain/run-event.ts';
import type { RunState } from '../../domain/run-state.ts';
import { INITIAL_STATE } from '../../domain/run-state.ts';
import type { Target } from '../../domain/target.ts';
import { askApproval, askBudget } from './ask-people.ts';
import type { RunContext } from './run-context.ts';
import { RunEvents } from './run-events.ts';
import type { IncidentRunPorts } from './run-ports.ts';
import { RunReadings } from './run-readings.ts';
import { resultOf } from './run-result.ts';
import { RunThinking } from './run-thinking.ts';
import { RunTransaction } from './run-transaction.ts';

/**
 * One incident: interprets the reducer's effects, one at a time, and appends every event to the log, which is the
 * run. User interfaces are clients: they listen, approve, reject and cancel.
 */
export class IncidentRun {
  readonly id: string;
  readonly target: Target;
  readonly #context: RunContext;
  readonly #thinking: RunThinking;
  readonly #transaction: RunTransaction;
  readonly #signals: Signal[] = [];
  #state: RunState = INITIAL_STATE;
  #abort = new AbortController();

  constructor(id: string, target: Target, options: RunOptions, ports: IncidentRunPorts) {
    this.id = id;
    this.target = target;
    const events = new RunEvents(ports.clock, (event) => ports.record(event));
    this.#context = {
      run: id,
      target,
      options,
      ports,
      events,
      readings: new RunReadings(ports, events),
      state: () => this.#state,
      used: (usage) => void this.#dispatch(usage),
    };
    this.#thinking = new RunThinking(this.#context);
    this.#transaction = new RunTransaction(this.#context);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Every event so far, oldest first. */
  events(): readonly RunEvent[] {
    return this.#context.events.all();
  }

  onEvent(listener: (event: RunEvent) => void): { dispose(): void } {
    return this.#context.events.onEvent(listener);
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
    const { run, target, options, ports, events } = this.#context;
    const timer = new AbortController();
    void this.#watchDeadline(timer.signal);
    let effect = this.#dispatch({
      type: 'started',
      run,
      target,
      brains: ports.brains.map(({ name }) => name),
      options,
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
    await this.#transaction.dispose();
    const result = resultOf(this.#state, ports.clock.now());
    events.note({ type: 'result', result });
    return result;
  }

  /** Applies one event; returns the effect to run next, if the event asks for one. */
  #dispatch(body: EventBody): Effect | null {
    const { ports, events } = this.#context;
    const event = { at: ports.clock.now(), ...body } as MachineEvent;
    const before = this.#state;
    const step = reduce(before, event);
    events.append(event);
    this.#state = step.state;
    if (step.state.phase !== before.phase || step.state.attempt !== before.attempt) {
      events.note({ type: 'phase', phase: step.state.phase, attempt: step.state.attempt });
    }
    for (const signal of step.signals) {
      if (signal.type === 'abortInFlight') this.#abort.abort(new Error('stopped'));
      else this.#signals.push(signal);
    }
    return step.effect;
  }

  async #flushSignals(): Promise<void> {
    const { ports, events } = this.#context;
    for (const signal of this.#signals.splice(0)) {
      if (signal.type !== 'releaseLock') continue;
      const { lock } = ports;
      // A lock that cannot be released expires by itself; its mark tells the next writer whether it is dirty.
      await (signal.clean ? lock.release() : lock.mark('dirty')).catch((error: unknown) =>
        events.progress(`the writer lock could not be released: ${messageOf(error)}`),
      );
    }
  }

  async #watchDeadline(signal: AbortSignal): Promise<void> {
    const { ports, options } = this.#context;
    const { clock } = ports;
    const end = clock.now() + options.wallClockMs;
    try {
      await clock.sleep(options.wallClockMs, signal);
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
        return this.#thinking.diagnose(signal, true);
      case 'plan':
        return this.#thinking.plan(signal);
      case 'rehearse':
        return this.#thinking.rehearse(effect.plan, signal);
      case 'askApproval':
        return askApproval(this.#context, effect, signal);
      case 'acquireLock': {
        const result = await this.#context.ports.lock.acquire(this.id, signal);
        return result.ok ? { type: 'lockAcquired', level: result.level } : { type: 'lockDenied', ...refusal(result) };
      }
      case 'checkpoint':
        return this.#transaction.checkpoint(effect.plan, signal);
      case 'execute':
        return this.#transaction.execute(effect.index, signal);
      case 'settle':
        return this.#transaction.settle(signal);
      case 'judge':
        return this.#transaction.judge(signal);
      case 'commit':
        return this.#transaction.commit(effect.tx);
      case 'undo':
        return this.#transaction.undo(effect.tx);
      case 'verify':
        return this.#transaction.verify();
      case 'reflect':
        return this.#thinking.reflect(effect.attempt, signal);
      case 'askBudget':
        return askBudget(this.#context, effect.limit, signal);
    }
  }

  /** What is owed to the cluster comes before anything is read: whoever asks would only be refused at the end. */
  async #detect(signal: AbortSignal): Promise<EventBody> {
    const { ports, events, readings } = this.#context;
    const owed = await ports.owed();
    if (owed) return { type: 'lockDenied', ...refusal(owed) };
    // What progresses is forgotten with the next phase: this stays in the log that people read.
    const detected = (text: string) => events.note({ type: 'thought', agent: 'detection', text });
    for (const text of ports.notes ?? []) detected(text);
    const { severity, oracles, notes = [] } = await readings.baseline(signal, 0);
    for (const text of notes) detected(text);
    for (const { message } of severity.known ? severity.items : []) detected(message);
    return { type: 'detected', severity, oracles };
  }
}

function refusal({ holder, reason, owed, own }: Extract<LockResult, { ok: false }>) {
  return { holder, reason, ...(owed ? { owed } : {}), ...(own ? { own } : {}) };
}
