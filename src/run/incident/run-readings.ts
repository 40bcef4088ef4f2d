import type { Reach } from '../../kube/name-change.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { SeverityReading } from '../../domain/ports.ts';
import type { CallGraph } from '../../domain/signals.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import { shownSignals } from '../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { withoutOwnLeftovers } from './own-leftovers.ts';
import type { RunEvents } from './run-events.ts';
import type { IncidentRunPorts } from './run-ports.ts';

/** What a run has read of the cluster, at its start and last, beside what it knows of its own writes there. */
export class RunReadings {
  /** Something was written since evidence was gathered for a plan: it is gathered anew before the next one. */
  isStale = false;
  readonly #ports: Pick<IncidentRunPorts, 'severity' | 'signals'>;
  readonly #events: RunEvents;
  #start: ClusterSnapshot | null = null;
  #latest: SeverityReading | null = null;
  /** What telemetry showed at a reading. */
  #seen: { reading: SeverityReading; now: SignalsNow } | null = null;
  /** What undone attempts wrote to. */
  #undone: ObjectRef[] = [];

  constructor(ports: Pick<IncidentRunPorts, 'severity' | 'signals'>, events: RunEvents) {
    this.#ports = ports;
    this.#events = events;
  }

  /** @throws Error before anything was read */
  get latest(): SeverityReading {
    if (!this.#latest) throw new Error('nothing was detected yet');
    return this.#latest;
  }

  /** How the cluster was when the run began. @throws Error before anything was read */
  get start(): ClusterSnapshot {
    if (!this.#start) throw new Error('nothing was detected yet');
    return this.#start;
  }

  /** The latest snapshot, in which a brain sees no former state but those that the run found. */
  get evidence(): ClusterSnapshot {
    return withoutOwnLeftovers(this.latest.snapshot, this.start, this.#undone);
  }

  /** Something is known to be wrong. */
  get isIll(): boolean {
    const { severity } = this.latest;
    return severity.known && severity.items.length > 0;
  }

  /** Who calls whom as telemetry told it last; null where none is read. */
  get callGraph(): CallGraph | null {
    return this.#seen?.now.graph ?? null;
  }

  /**
   * Two equal readings in a row.
   * @param after moment of which every oracle has to speak at least, ms since the epoch
   * @param reach how long what was written then may take to reach everybody
   */
  async baseline(signal: AbortSignal, after?: number, reach: Reach | null = null): Promise<SeverityReading> {
    const reading = await this.#ports.severity.baseline(signal, after, this.#events.progress, reach);
    this.#start ??= reading.snapshot;
    return (this.#latest = reading);
  }

  /** One reading. */
  async now(signal: AbortSignal): Promise<SeverityReading> {
    return (this.#latest = await this.#ports.severity.read(signal));
  }

  /** Waits for what still has time to start; null where nothing has, and the latest reading stands. */
  async standstill(signal: AbortSignal): Promise<SeverityReading | null> {
    return this.#later(await this.#ports.severity.standstill(signal, this.#events.progress));
  }

  /** Waits for what early signs become; null where there are none, and the latest reading stands. */
  async ripening(signal: AbortSignal): Promise<SeverityReading | null> {
    return this.#later(await this.#ports.severity.ripening(signal, this.#events.progress));
  }

  /** What telemetry shows, read once for each reading: who thinks about it again sees the same. Null where none is read. */
  async signals(signal: AbortSignal): Promise<SignalsNow | null> {
    const { signals } = this.#ports;
    const reading = this.latest;
    if (!signals) return null;
    if (this.#seen?.reading !== reading) {
      this.#events.progress('reading metrics and traces');
      const now = await signals(reading.snapshot, reading.severity, signal);
      this.#events.note({ type: 'signals', shown: shownSignals(now) });
      this.#seen = { reading, now };
    }
    return this.#seen.now;
  }

  /** The run undid what it wrote to `roots`. */
  undone(roots: readonly ObjectRef[]): void {
    this.#undone.push(...roots);
  }

  /** The run keeps what it wrote to `roots`: what they have become is meant now. */
  kept(roots: readonly ObjectRef[]): void {
    const kept = new Set(roots.map(refKey));
    this.#undone = this.#undone.filter((ref) => !kept.has(refKey(ref)));
  }

  #later(reading: SeverityReading | null): SeverityReading | null {
    if (reading) this.#latest = reading;
    return reading;
  }
}
