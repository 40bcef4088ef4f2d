import type { AttemptRecord, Brain, BrainContext, BrainEmission } from '../../domain/brain.ts';
import { left } from '../../domain/budget.ts';
import type { Plan } from '../../domain/plan.ts';
import type { SeverityReading } from '../../domain/ports.ts';
import { personForReach } from '../../domain/reach-guard.ts';
import type { AgentName, EventBody, MachineEvent } from '../../domain/run-event.ts';
import type { StepRehearsal } from '../../domain/transaction.ts';
import { askBrain } from './ask-brain.ts';
import { convertPlan } from './convert-plan.ts';
import { delicateWrites } from './delicate-writes.ts';
import { rehearsePlan } from './rehearse-plan.ts';
import type { RunContext } from './run-context.ts';

type Answer<T extends MachineEvent['type']> = EventBody<Extract<MachineEvent, { type: T }>>;

/** Diagnosing, planning, rehearsing and reflecting: what the brain at work is asked, and what becomes of its answers. */
export class RunThinking {
  readonly #context: RunContext;
  /** Early signs were waited for. */
  #hasRipened = false;
  /** Steps of the current plan (by their argv) that nothing undoable can stand in for, and why. */
  #unconvertible = new Map<string[], string>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** @param patient where no cause is found for what is wrong, what still has time to start is waited for first */
  async diagnose(signal: AbortSignal, patient: boolean): Promise<Answer<'diagnosed'>> {
    const { readings, events } = this.#context;
    const ask = () => this.#think('diagnosis', signal, (brain, context) => brain.diagnose(context));
    let diagnosis = await ask();
    // What still has time to start may fail in a way that tells more, or come up.
    let later: SeverityReading | null = null;
    if (patient && diagnosis.findings.length === 0 && readings.isIll) {
      later = await readings.standstill(signal);
      if (later) diagnosis = await ask();
    }
    for (const { message } of diagnosis.findings) events.note({ type: 'thought', agent: 'diagnosis', text: message });
    return { type: 'diagnosed', ...diagnosis, ...(later ? { severity: later.severity } : {}) };
  }

  /** A plan for the latest diagnosis, which is made anew where the cluster was written to since; its commands are converted. */
  async plan(signal: AbortSignal): Promise<Answer<'planned'>> {
    const { readings, events, ports } = this.#context;
    let { findings, hypotheses } = this.#context.state();
    if (readings.isStale) {
      await readings.baseline(signal, 0);
      ({ findings, hypotheses } = await this.diagnose(signal, false));
      readings.isStale = false;
    }
    const ask = () =>
      this.#think('mitigation', signal, (brain, context) =>
        brain.plan(context, { findings, hypotheses }, this.#context.state().attempts),
      );
    let proposal = await ask();
    if (proposal.type === 'exhausted' && (await this.#ripened(signal))) {
      ({ findings, hypotheses } = await this.diagnose(signal, false));
      proposal = await ask();
    }
    if (proposal.type !== 'plan') {
      const { reason } = proposal;
      return { type: 'planned', plan: null, reason, ...(proposal.type === 'escalate' ? { escalate: true } : {}) };
    }
    const { plan, refused, converted } = await convertPlan(proposal.plan, ports.convert);
    this.#unconvertible = refused;
    for (const conversion of converted) events.note({ type: 'converted', ...conversion });
    events.note({ type: 'thought', agent: 'mitigation', text: `${plan.title}. Expect: ${plan.expects}` });
    return { type: 'planned', plan, reason: '' };
  }

  /** What the plan that was proposed last would do, and why a person has to look at it. */
  async rehearse(plan: Plan, signal: AbortSignal): Promise<Answer<'rehearsed'>> {
    const { ports, readings, options } = this.#context;
    const { snapshot, severity } = readings.latest;
    const rehearsed = await rehearsePlan(ports, plan, this.#unconvertible, snapshot, readings.callGraph, signal);
    const reasons = [
      delicateWrites(plan, rehearsed.steps, snapshot, severity),
      personForReach(rehearsed.radius?.calls, options.maxCallers),
    ].filter((reason) => reason !== null);
    return reasons.length > 0 ? { ...rehearsed, person: reasons.join('; ') } : rehearsed;
  }

  /** What the brain learns from an attempt that failed. */
  async reflect(attempt: AttemptRecord, signal: AbortSignal): Promise<Answer<'reflected'>> {
    const lesson = await this.#think('mitigation', signal, (brain, context) => brain.reflect(context, attempt));
    this.#context.events.note({ type: 'thought', agent: 'mitigation', text: lesson });
    return { type: 'reflected', lesson };
  }

  /** One call of the brain at work. */
  async #think<T>(
    agent: AgentName,
    signal: AbortSignal,
    call: (brain: Brain, context: BrainContext) => Promise<T>,
  ): Promise<T> {
    const { run, target, ports, readings } = this.#context;
    const { cluster, clock, brains, read } = ports;
    const { severity } = readings.latest;
    const snapshot = readings.evidence;
    const { budget } = this.#context.state().options!;
    const signals = await readings.signals(signal);
    const actions = await ports.actions();
    const { brain, spent } = this.#context.state();
    return askBrain({
      brain: brains[brain]!,
      context: {
        run,
        target,
        snapshot,
        severity,
        evidence: cluster,
        actions,
        ...(signals ? { signals } : {}),
        rehearse: (plan) => this.#tried(plan, signal),
        ...(read ? { read } : {}),
        budget: left(budget, spent),
      },
      clock,
      thinkMs: budget.thinkMs,
      signal,
      heard: (emission) => this.#heard(agent, emission),
      call,
    });
  }

  #heard(agent: AgentName, emission: BrainEmission): void {
    if (emission.type === 'usage') this.#context.used({ ...emission, agent });
    else this.#context.events.note({ ...emission, agent });
  }

  /** For a brain that wants to know what its plan would do. */
  async #tried(proposed: Plan, signal: AbortSignal): Promise<StepRehearsal[]> {
    const { ports, readings } = this.#context;
    const { plan, refused } = await convertPlan(proposed, ports.convert);
    const { snapshot } = readings.latest;
    const { steps } = await rehearsePlan(ports, plan, refused, snapshot, readings.callGraph, signal);
    return steps;
  }

  /** What is pending may be what can be mended: it is waited for once, before a run gives up. */
  async #ripened(signal: AbortSignal): Promise<boolean> {
    if (this.#hasRipened) return false;
    this.#hasRipened = true;
    return (await this.#context.readings.ripening(signal)) !== null;
  }
}
