import type { BrainDiagnosis } from '../../domain/brain.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Clock } from '../../domain/clock.ts';
import type { SeverityReading } from '../../domain/ports.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import { isTelemetry, itemId, mu } from '../../domain/severity.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../domain/signal-settings.ts';
import type { CorrelatedIncident, IncidentMember, Signal } from '../../domain/signals.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { graphOfSettings } from '../../signals/graph/settings-graph.ts';
import { correlate } from '../../signals/correlation/correlate.ts';
import { memberOfItem, memberOfSignal } from '../../signals/correlation/members.ts';
import { Topology } from '../../signals/correlation/topology.ts';
import type { WatchEvent } from './watch-event.ts';

/** What a watch needs from the world below it. It never writes. */
export interface WatchPorts {
  /** One reading of severity. @throws ClusterError as SeverityReader.read */
  read(signal: AbortSignal): Promise<SeverityReading>;
  /** Null where neither metrics nor traces are read. */
  signals: ((reading: SeverityReading, signal: AbortSignal) => Promise<SignalsNow>) | null;
  /** What the playbooks say of it. */
  diagnose(reading: SeverityReading, signals: SignalsNow | null, signal: AbortSignal): Promise<BrainDiagnosis>;
  clock: Clock;
  tell(event: WatchEvent): void;
}

export interface WatchOptions {
  /** Between two looks, ms. Sources are scraped and evaluated in such steps, too. */
  intervalMs: number;
}

export const DEFAULT_WATCH: WatchOptions = { intervalMs: 15_000 };

/** Signals are judged over minutes; asking for hours of samples at each look would cost more than it tells. */
const SIGNALS_EVERY_MS = 60_000;
/** What is seen once may be a rollout; alerts and signals have waited by themselves. */
const SIGHTINGS = 2;
/** What is not seen so often is over. */
const MISSES = 2;
const LONGEST_BACK_OFF_MS = 5 * 60_000;
/** A look that comes so much too late says that the machine slept. */
const SLEPT_FACTOR = 4;

/** Looks at a scope now and then, and tells what opens and what is over. */
export class IncidentWatch {
  readonly #ports: WatchPorts;
  readonly #options: WatchOptions;
  #open: CorrelatedIncident[] = [];
  readonly #sightings = new Map<string, number>();
  readonly #firstSeen = new Map<string, number>();
  readonly #misses = new Map<string, number>();
  #signals: { now: SignalsNow; readAt: number } | null = null;
  #failures = 0;

  constructor(ports: WatchPorts, options: WatchOptions = DEFAULT_WATCH) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Incidents that are open now, oldest first. */
  get open(): readonly CorrelatedIncident[] {
    return this.#open;
  }

  /** Watches until the signal fires. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    while (!signal.aborted) {
      const before = clock.now();
      await this.look(signal);
      try {
        await clock.sleep(this.#pause(), signal);
      } catch {
        // Stopped.
        return;
      }
      if (clock.now() - before > this.#pause() * SLEPT_FACTOR) this.#forgetSightings();
    }
  }

  /** One look. */
  async look(signal: AbortSignal): Promise<void> {
    try {
      const reading = await this.#ports.read(signal);
      if (!reading.severity.known) return this.#unknown(reading.severity.reason);
      const signals = await this.#signalsOf(reading, reading.severity.items, signal);
      await this.#told(reading, reading.severity.items, signals, signal);
    } catch (error) {
      if (!signal.aborted) this.#unknown(messageOf(error));
    }
  }

  async #told(
    reading: SeverityReading,
    items: readonly SeverityItem[],
    signals: SignalsNow | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { tell, clock } = this.#ports;
    const at = clock.now();
    if (this.#failures > 0) tell({ type: 'known', at });
    this.#failures = 0;
    const present = this.#membersOf(items, signals, at);
    const lasting = present.filter(
      ({ source, id }) => isTelemetry({ source }) || (this.#sightings.get(id) ?? 0) >= SIGHTINGS,
    );
    this.#close(new Set(present.map(({ id }) => id)), at);
    const view = new ClusterView(reading.snapshot);
    const before = new Map(this.#open.map((incident) => [incident.fingerprint, incident.count]));
    this.#open = correlate({
      members: lasting,
      open: this.#open,
      topology: new Topology(view, signals?.graph ?? graphOfSettings(view)),
      settings: DEFAULT_SIGNAL_SETTINGS.correlation,
      suspects: signals?.suspects.suspects ?? [],
    });
    const fresh = this.#open.filter(({ fingerprint }) => !before.has(fingerprint));
    const diagnosis = fresh.length > 0 ? await this.#diagnosed(reading, signals, signal) : null;
    for (const incident of this.#open) {
      const count = before.get(incident.fingerprint);
      if (count === undefined) tell({ type: 'opened', at, incident, diagnosis, mu: mu(reading.severity) });
      else if (incident.count > count) tell({ type: 'grew', at, incident });
    }
  }

  async #diagnosed(reading: SeverityReading, signals: SignalsNow | null, signal: AbortSignal) {
    try {
      return await this.#ports.diagnose(reading, signals, signal);
    } catch {
      // An incident is told of whether or not somebody knows its cause.
      return null;
    }
  }

  #membersOf(items: readonly SeverityItem[], signals: SignalsNow | null, now: number): IncidentMember[] {
    const found = [
      ...items.map((item) => memberOfItem(item, this.#sinceOf(itemId(item), now))),
      ...(signals?.reading.signals ?? []).filter((one) => isOfItsOwn(one, items)).map(memberOfSignal),
    ];
    const ids = new Set(found.map(({ id }) => id));
    for (const id of this.#sightings.keys()) if (!ids.has(id)) this.#sightings.delete(id);
    for (const id of this.#firstSeen.keys()) if (!ids.has(id)) this.#firstSeen.delete(id);
    for (const id of ids) this.#sightings.set(id, (this.#sightings.get(id) ?? 0) + 1);
    return found;
  }

  /** What does not tell since when it is so has been since it was first seen. */
  #sinceOf(id: string, now: number): number {
    const first = this.#firstSeen.get(id) ?? now;
    this.#firstSeen.set(id, first);
    return first;
  }

  #close(present: ReadonlySet<string>, at: number): void {
    this.#open = this.#open.filter((incident) => {
      const { fingerprint, since } = incident;
      if (incident.members.some(({ id }) => present.has(id))) {
        this.#misses.delete(fingerprint);
        return true;
      }
      const misses = (this.#misses.get(fingerprint) ?? 0) + 1;
      this.#misses.set(fingerprint, misses);
      if (misses < MISSES) return true;
      this.#misses.delete(fingerprint);
      this.#ports.tell({ type: 'closed', at, incident, lastedMs: at - since });
      return false;
    });
  }

  async #signalsOf(
    reading: SeverityReading,
    items: readonly SeverityItem[],
    signal: AbortSignal,
  ): Promise<SignalsNow | null> {
    const { signals, clock } = this.#ports;
    if (!signals) return null;
    const now = clock.monotonic();
    const known = new Set(this.#open.flatMap(({ members }) => members.map(({ id }) => id)));
    // Somebody new is in trouble: where it begins is worth a look at once.
    const isNews = items.some((item) => !known.has(itemId(item)) && this.#sightings.get(itemId(item)) !== undefined);
    if (!this.#signals || isNews || now - this.#signals.readAt >= SIGNALS_EVERY_MS)
      this.#signals = { now: await signals(reading, signal), readAt: now };
    return this.#signals.now;
  }

  #unknown(reason: string): void {
    this.#failures++;
    this.#forgetSightings();
    this.#ports.tell({ type: 'unknown', at: this.#ports.clock.now(), reason, retryMs: this.#pause() });
  }

  #forgetSightings(): void {
    this.#sightings.clear();
    this.#misses.clear();
  }

  #pause(): number {
    return Math.min(LONGEST_BACK_OFF_MS, this.#options.intervalMs * 2 ** Math.min(this.#failures, 10));
  }
}

/** An incident that severity does not tell of already. */
function isOfItsOwn({ kind, level, object }: Signal, items: readonly SeverityItem[]): boolean {
  const isTold = (item: SeverityItem): boolean =>
    item.source === 'signal' && item.what === kind && item.object !== null && refKey(item.object) === refKey(object!);
  return level === 'incident' && !(object !== null && items.some(isTold));
}
