import type { EventBody, MachineEvent, RunOptions } from '../../domain/run-event.ts';
import type { RunState } from '../../domain/run-state.ts';
import type { Target } from '../../domain/target.ts';
import type { RunEvents } from './run-events.ts';
import type { IncidentRunPorts } from './run-ports.ts';
import type { RunReadings } from './run-readings.ts';

/** What the parts of one run share. */
export interface RunContext {
  /** Id of the run. */
  readonly run: string;
  readonly target: Target;
  readonly options: RunOptions;
  readonly ports: IncidentRunPorts;
  readonly events: RunEvents;
  readonly readings: RunReadings;
  /** As the reducer has it now. */
  state(): RunState;
  /** A call of a model has ended: the reducer may interrupt the effect in flight for it. */
  used(usage: EventBody<Extract<MachineEvent, { type: 'usage' }>>): void;
}
