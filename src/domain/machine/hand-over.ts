import { reduce } from './machine.ts';
import type { MachineEvent, RunEvent } from '../run-event.ts';
import type { RunState } from '../run-state.ts';
import { INITIAL_STATE } from '../run-state.ts';

/** One brain of a run gave way to the next. */
export interface HandOver {
  at: number;
  from: string;
  to: string;
  /** It knew no more; otherwise it failed, did not answer in time, or insisted on a plan that had been tried. */
  exhausted: boolean;
  /** One sentence, as far as the event says it. */
  reason: string;
}

const NOTES: ReadonlySet<RunEvent['type']> = new Set([
  'phase',
  'thought',
  'toolCall',
  'command',
  'converted',
  'progress',
  'result',
]);

/** Follows which brain thinks, by the same table that the run goes by; `apply` takes the events in their order. */
export class HandOverWatch {
  #state: RunState | null = INITIAL_STATE;

  /** @returns the hand-over that this event brought about; null for all others, and for a log with gaps */
  apply(event: RunEvent): HandOver | null {
    const before = this.#state;
    if (before === null || NOTES.has(event.type)) return null;
    try {
      this.#state = reduce(before, event as MachineEvent).state;
    } catch {
      // A log that was cut, or of another version: what is not known is not told.
      this.#state = null;
      return null;
    }
    const { brain, brains } = this.#state;
    if (brain === before.brain) return null;
    return { at: event.at, from: brains[before.brain]!, to: brains[brain]!, ...why(event) };
  }
}

function why(event: RunEvent): Pick<HandOver, 'exhausted' | 'reason'> {
  if (event.type === 'effectFailed') return { exhausted: false, reason: event.reason };
  if (event.type === 'budgetRefused') return { exhausted: false, reason: 'its budget is spent' };
  if (event.type === 'rejected') return { exhausted: false, reason: event.reason };
  if (event.type === 'planned' && event.plan)
    return { exhausted: false, reason: 'it insisted on a plan that had been tried' };
  return { exhausted: true, reason: event.type === 'planned' ? event.reason : '' };
}

/** How brains are called among people. */
export function brainText(name: string): string {
  return name === 'playbook' ? 'the playbooks' : name === 'model' ? 'the model' : name;
}

/** `The playbooks take over from the model: …`. */
export function handOverText({ from, to, exhausted, reason }: HandOver): string {
  const taker = brainText(to);
  const verb = to === 'playbook' ? 'take' : 'takes';
  const what = `${taker.slice(0, 1).toUpperCase()}${taker.slice(1)} ${verb} over from ${brainText(from)}`;
  if (reason === '') return what;
  return exhausted
    ? `${what}, ${from === 'playbook' ? 'who know' : 'which knows'} no more: ${reason}`
    : `${what}: ${reason}`;
}
